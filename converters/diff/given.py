"""Which files a word on the command line of `ctk diff` means."""

from __future__ import annotations

from pathlib import Path

from converters.caffe_files import from_card
from converters.inspection.given_files import GivenFiles, sorted_out
from converters.options import ConvertOptions
from toolkit.errors import BadInput, UsageFault, Where

_CARD = "model:"
_SUFFIXES = (".prototxt", ".caffemodel", ".onnx", ".xml")
_ALONE = frozenset({".onnx", ".xml"})


def files_of(word: str) -> GivenFiles:
    """The files of one model.

    Args:
        word: A file (told by its content), ``net.prototxt,net.caffemodel``, a folder that holds one model, or
            ``model:NAME`` for a model card.

    Raises:
        BadInput: CTK501 when a file cannot be read or a folder holds no model, CTK502 when it is something else.
        UsageFault: CTK601 when the files do not make one model, CTK603 for an unknown model card.
        EnvironmentFailed: When the files of a model card cannot be made.
    """
    if word.startswith(_CARD):
        files = from_card(word.removeprefix(_CARD), ConvertOptions())
        return GivenFiles(prototxt=files.prototxt, caffemodel=files.caffemodel)
    path = Path(word)
    # An empty path is the folder that one is in, which an empty word does not mean.
    if word and path.is_dir():
        return _in_folder(path)
    # A file may have a comma in its name.
    parts = [word] if "," not in word or path.exists() else word.split(",")
    named = [Path(part.strip()) for part in parts if part.strip()]
    if not named:
        raise UsageFault(
            "CTK601", f"{word!r} names no file", notes=["a model is written net.prototxt,net.caffemodel"]
        )
    return sorted_out(named)


def _in_folder(folder: Path) -> GivenFiles:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file())
    if not found:
        raise BadInput(
            "CTK501",
            "the folder holds no prototxt, caffemodel, ONNX file or OpenVINO IR",
            Where(file=str(folder)),
        )
    kinds = {path.suffix.lower() for path in found}
    if len(kinds) < len(found) or (len(found) > 1 and kinds & _ALONE):
        raise UsageFault(
            "CTK601",
            f"the folder {folder} holds more than one model",
            notes=["name the files: " + ", ".join(path.name for path in found[:10])],
        )
    return sorted_out(found)
