"""Outputs of `caffe-reference`, kept in ctk's cache for each input by content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache as cache_once
from pathlib import Path

import numpy as np

from benchmarks.parity_check.arrays_file import Arrays, read_arrays, write_arrays
from benchmarks.parity_check.input_set import case_sha256
from toolkit import cache
from toolkit.errors import BadInput, EnvironmentFailed
from toolkit.hashing import sha256_file, sha256_object
from toolkit.messages import warn

_FILE = "outputs.npz"
Evaluate = Callable[[Sequence[Arrays]], list[Arrays]]


def cached_outputs(
    cases: Sequence[Arrays], sources: Mapping[str, str], wanted: Sequence[str] | None, evaluate: Evaluate
) -> tuple[list[Arrays], bool]:
    """The outputs for all inputs; only what is not in the cache is computed.

    Args:
        cases: Inputs.
        sources: SHA-256 of the network's files.
        wanted: Names of the outputs; None for the network's own.
        evaluate: Computes the outputs for some inputs.

    Returns:
        float64 outputs for each input, and whether all were in the cache.
    """
    keys = [_key(case, sources, wanted) for case in cases]
    found = [_stored(key) for key in keys]
    missing = [i for i, outputs in enumerate(found) if outputs is None]
    if missing:
        made = evaluate([cases[i] for i in missing])
        for i, outputs in zip(missing, made, strict=True):
            found[i] = outputs
            _store(keys[i], outputs)
    return [outputs for outputs in found if outputs is not None], not missing


def _key(case: Arrays, sources: Mapping[str, str], wanted: Sequence[str] | None) -> str:
    options = {
        "what": "caffe-reference",
        "numpy": np.__version__,
        "code": _code_sha256(),
        "wanted": None if wanted is None else sorted(wanted),
    }
    return cache.artifact_key({**sources, "input": case_sha256(case)}, options)


@cache_once
def _code_sha256() -> str:
    """SHA-256 of the sources that evaluate a Caffe network: what they computed before a change is no reference."""
    import converters.caffe

    folder = Path(str(converters.caffe.__file__)).parent
    files = sorted(file for file in folder.rglob("*") if file.suffix in {".py", ".proto"})
    return sha256_object({file.relative_to(folder).as_posix(): sha256_file(file, "source") for file in files})


def _stored(key: str) -> Arrays | None:
    folder = cache.artifact_folder(key)
    if not (folder / _FILE).is_file():
        return None
    cache.use(folder)
    try:
        return read_arrays(folder / _FILE, "cached outputs")
    except BadInput:
        warn(f"outputs of caffe-reference in the cache were damaged, and are computed again: {key}")
        return None


def _store(key: str, outputs: Arrays) -> None:
    def fill(folder: Path) -> None:
        write_arrays(folder / _FILE, outputs)

    try:
        folder = cache.artifact(key, fill)
        if _unreadable(folder / _FILE):
            fill(folder)
    except EnvironmentFailed as error:  # the figures are right without it
        warn(f"outputs of caffe-reference are not kept: {error.headline}")


def _unreadable(file: Path) -> bool:
    try:
        read_arrays(file, "cached outputs")
    except BadInput:
        return True
    return False
