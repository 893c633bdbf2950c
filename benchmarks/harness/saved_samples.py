"""Samples of a run as content-addressed files in a folder blobs/ beside its JSON."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.samples import Launch
from toolkit.atomic import write_atomically
from toolkit.errors import CtkError
from toolkit.hashing import sha256_bytes

BLOBS = "blobs"
# Columns of a file: the round (-1 before the first one), and the 6 stamps in nanoseconds. The first `warmup_n` rows of a
# launch are in no figure. In throughput, where inferences overlap, a row is one inference that ended before the window or
# in it, and all stages but `infer` are empty; in stream there is one column more, `DUE`.
COLUMNS = ("round", "start_ns", "decode_ns", "pre_ns", "infer_ns", "post_ns", "encode_ns")
DUE = "due_ns"
# How a note begins that samples are not kept.
UNSAVED = "not all samples are kept"


class Saving:
    """Saves the samples of launches until one cannot be; that costs no figures, and is a note.

    Args:
        folder: Of the JSON document; nothing is saved when None.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.notes: list[str] = []

    def saved(self, launch: Launch, due_ns: NDArray[np.int64] | None = None) -> str | None:
        """The name of their file, as `save_samples`; None where they are not kept."""
        if self._folder is None:
            return None
        try:
            return save_samples(launch, self._folder, due_ns)
        except CtkError as error:
            self._folder = None
            self.notes.append(f"{UNSAVED}: {error.headline}")
            return None


def save_samples(launch: Launch, folder: Path, due_ns: NDArray[np.int64] | None = None) -> str:
    """Writes all samples of a launch, those of the warm-up included.

    Args:
        launch: What a child process gave.
        folder: Where the JSON document lies; the file goes into its folder blobs/.
        due_ns: When each of the n samples was due, for a column more.

    Returns:
        The file's name there, ``SHA256.npy``: int64, n×7 or n×8, see `COLUMNS`.

    Raises:
        EnvironmentFailed: CTK401 or CTK402 when it cannot be written.
    """
    rows = [
        np.column_stack([np.full(len(block.stamps_ns), block.round, np.int64), block.stamps_ns])
        for block in launch.blocks
    ]
    table = np.concatenate(rows) if rows else np.empty((0, len(COLUMNS)), np.int64)
    if due_ns is not None:
        table = np.column_stack([table, due_ns])
    buffer = io.BytesIO()
    np.save(buffer, table, allow_pickle=False)
    data = buffer.getvalue()
    name = f"{sha256_bytes(data)}.npy"
    target = folder / BLOBS / name
    if not target.exists():
        write_atomically(target, data)
    return name
