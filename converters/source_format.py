"""Which format given files are in, told by their content (DESIGN §4)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolkit.content import describe, sniff
from toolkit.errors import BadInput, Where
from toolkit.files import opened

_HEAD_BYTES = 4096
# A caffemodel is not among them: its first bytes are those of many a binary file, also of other formats' weights.
_CLEAR = {"prototxt": "caffe", "onnx": "onnx", "ir": "openvino", "om": "om"}
_TORCH_SUFFIXES = {".pt", ".pth"}  # zip files, as others are too


def source_format(paths: Sequence[Path], stated: str | None = None) -> str:
    """The format of a network's files.

    Args:
        paths: All its files; without any, a model card is meant, and those are `caffe`.
        stated: What the user says; files whose content says nothing are taken for that, or else for `caffe`.

    Raises:
        BadInput: CTK501 when a file cannot be read; CTK502 when one plainly belongs to another format than
            ``stated``, or than the other files.
    """
    kinds = [(path, _kind(path)) for path in paths]
    formats = {_CLEAR[kind] for _, kind in kinds if kind in _CLEAR}
    found = stated or _only(formats) or "caffe"
    for path, kind in kinds:
        if _CLEAR.get(kind, found) != found:
            wanted = "a Caffe file" if found == "caffe" else f"a file of the format {found}"
            note = f"say --from {_CLEAR[kind]} to convert it" if stated else "give the files of one network"
            raise BadInput(
                "CTK502", f"expected {wanted}, this is {describe(kind)}", Where(file=str(path)), [note]
            )
    if not formats and stated is None and any(path.suffix.lower() in _TORCH_SUFFIXES for path in paths):
        return "torch"
    return found


def _only(formats: set[str]) -> str | None:
    return next(iter(formats)) if len(formats) == 1 else None


def _kind(path: Path) -> str:
    with opened(path, "file") as file:
        return sniff(file.read(_HEAD_BYTES))
