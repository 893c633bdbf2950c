"""Refuses a backend that would be held against itself: it agrees whatever it computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.harness.arms_of import SLOW as CAFFE_REFERENCE
from benchmarks.parity_check.references import Oracle
from toolkit.content import HEAD_BYTES, sniff
from toolkit.errors import BadInput, UsageFault
from toolkit.files import opened
from toolkit.hashing import sha256_file
from toolkit.ir_files import bin_of


def refuse_itself(reference: str, names: Sequence[str], given: Mapping[str, Path], oracle: Oracle) -> None:
    """Checks that the reference is not among the backends to check with the very artifact that it runs itself.

    Args:
        reference: A registered backend.
        names: The backends to check.
        given: Artifacts that the user named, by backend.
        oracle: Makes the reference's artifact.

    Raises:
        UsageFault: CTK601 where it is.
        CtkError: As `Artifacts.of`.
    """
    if reference not in names:
        return
    own = (
        oracle.artifacts.caffe() if reference == CAFFE_REFERENCE else oracle.artifacts.from_sources(reference)
    )
    if reference not in given or _content(given[reference]) == _content(own):
        raise UsageFault(
            "CTK601",
            f"{reference} would be held against itself: it is the reference, and runs the same artifact",
            notes=["name another reference, or other backends to check"],
        )


def _content(artifact: Path) -> tuple[str | None, ...]:
    """Hashes of what an artifact holds; that of an IR is mostly in its bin, that of Caffe in its caffemodel."""
    with opened(artifact, "artifact") as file:
        kind = sniff(file.read(HEAD_BYTES))
    beside = {"ir": ".bin", "prototxt": ".caffemodel"}.get(str(kind))
    other = None
    if beside is not None:
        with suppress(BadInput, ValueError):
            place = bin_of(artifact) if beside == ".bin" else artifact.with_suffix(beside)
            other = sha256_file(place, "artifact")
    return sha256_file(artifact, "artifact"), other
