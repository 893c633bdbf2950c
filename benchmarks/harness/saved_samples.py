"""Samples of a run as content-addressed files in a folder blobs/ beside its JSON."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from benchmarks.harness.samples import Launch
from toolkit.atomic import write_atomically
from toolkit.hashing import sha256_bytes

BLOBS = "blobs"
# Columns of a file: the round (-1 before the first one), and the 6 stamps in nanoseconds.
COLUMNS = ("round", "start_ns", "decode_ns", "pre_ns", "infer_ns", "post_ns", "encode_ns")


def save_samples(launch: Launch, folder: Path) -> str:
    """Writes all samples of a launch, those of the warm-up included.

    Args:
        launch: What a child process gave.
        folder: Where the JSON document lies; the file goes into its folder blobs/.

    Returns:
        The file's name there, ``SHA256.npy``: int64, n×7, see `COLUMNS`.

    Raises:
        EnvironmentFailed: CTK401 or CTK402 when it cannot be written.
    """
    rows = [
        np.column_stack([np.full(len(block.stamps_ns), block.round, np.int64), block.stamps_ns])
        for block in launch.blocks
    ]
    buffer = io.BytesIO()
    table = np.concatenate(rows) if rows else np.empty((0, len(COLUMNS)), np.int64)
    np.save(buffer, table, allow_pickle=False)
    data = buffer.getvalue()
    name = f"{sha256_bytes(data)}.npy"
    target = folder / BLOBS / name
    if not target.exists():
        write_atomically(target, data)
    return name
