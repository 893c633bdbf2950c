"""Which of the given files is what, told by content; suffixes only decide where the content does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from converters.inspection.document import InspectedFile
from toolkit.content import describe, sniff
from toolkit.errors import BadInput, UsageFault, Where
from toolkit.files import opened
from toolkit.hashing import sha256_file
from toolkit.ir_files import bin_of

_HEAD_BYTES = 4096
_SUFFIXES = {".prototxt": "prototxt", ".caffemodel": "caffemodel", ".onnx": "onnx", ".xml": "ir"}
_ALONE = frozenset({"onnx", "ir"})


@dataclass(frozen=True, slots=True)
class GivenFiles:
    """An ONNX file, the xml of an OpenVINO IR, or a prototxt and a caffemodel of which one may be absent."""

    onnx: Path | None = None
    ir: Path | None = None
    prototxt: Path | None = None
    caffemodel: Path | None = None


def sorted_out(paths: Sequence[Path]) -> GivenFiles:
    """Sorts files by what they are.

    Raises:
        BadInput: CTK501 when a file cannot be read, CTK502 when it is nothing that can be inspected.
        UsageFault: CTK601 when the files do not make one network.
    """
    # The bin of an IR is found beside its xml; naming both is naming the xml.
    bins = {bin_of(path) for path in paths if path.suffix.lower() == ".xml"}
    found: dict[str, list[Path]] = {}
    for path in paths:
        if path not in bins:
            found.setdefault(_kind(path), []).append(path)
    if any(len(same) > 1 for same in found.values()) or (_ALONE & found.keys() and len(found) > 1):
        shown = ", ".join(f"{path} is a file of kind {kind}" for kind, same in found.items() for path in same)
        raise UsageFault(
            "CTK601", "one network is inspected at a time: one ONNX file, one OpenVINO IR, or a prototxt and its caffemodel",
            notes=[shown],
        )  # fmt: skip
    return GivenFiles(**{kind: same[0] for kind, same in found.items()})


def inspected_file(path: Path, kind: str, sha256: str | None = None) -> InspectedFile:
    """Path, size and hash of a file.

    Args:
        path: The file.
        kind: What it is.
        sha256: Its hash, where it is known already.

    Raises:
        BadInput: CTK501 when it cannot be read.
    """
    digest = sha256 or sha256_file(path, kind)
    return InspectedFile.model_validate(
        {"kind": kind, "path": shown(str(path)), "size_bytes": path.stat().st_size, "sha256": digest}
    )


def shown(text: str) -> str:
    """Text that came from bytes in an unknown encoding, as text that can be written; other bytes as escapes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _kind(path: Path) -> str:
    by_suffix = _SUFFIXES.get(path.suffix.lower())
    with opened(path, "OpenVINO IR" if by_suffix == "ir" else by_suffix or "file") as file:
        head = file.read(_HEAD_BYTES)
    kind = sniff(head)
    if path.suffix.lower() == ".bin":
        _refuse_bin(path)
    if kind in _SUFFIXES.values():
        return kind
    if kind == "unknown" and (by_suffix is not None or b"\0" not in head):
        return by_suffix or "prototxt"  # its reader says what is wrong with it
    what = "a file of a format that ctk does not know" if kind == "unknown" else describe(kind)
    raise BadInput(
        "CTK502",
        f"there is nothing to inspect: this is {what}",
        Where(file=str(path)),
        ["inspected are ONNX files, OpenVINO IR (its xml), prototxts and caffemodels"],
    )


def _refuse_bin(path: Path) -> None:
    """A bin holds numbers without names; its content tells nothing, and may look like anything."""
    xml = path.with_suffix(".xml")
    if xml.is_file():
        raise BadInput(
            "CTK502",
            "this is the bin of an OpenVINO IR, which holds only its numbers",
            Where(file=str(path)),
            [f"name its xml: {xml}"],
        )
