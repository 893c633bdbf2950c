"""Which files a word on the command line of `ctk diff` means."""

from __future__ import annotations

from pathlib import Path

from converters.caffe_files import from_card
from converters.inspection.given_files import GivenFiles, sorted_out
from converters.options import ConvertOptions
from toolkit.errors import BadInput, UsageFault, Where

_CARD = "model:"
_SUFFIXES = (".prototxt", ".caffemodel", ".onnx")


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
    if path.is_dir():
        return _in_folder(path)
    # A file may have a comma in its name.
    parts = [word] if "," not in word or path.exists() else word.split(",")
    return sorted_out([Path(part.strip()) for part in parts if part.strip()])


def _in_folder(folder: Path) -> GivenFiles:
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file())
    if not found:
        raise BadInput(
            "CTK501", "the folder holds no prototxt, caffemodel or ONNX file", Where(file=str(folder))
        )
    if len({path.suffix.lower() for path in found}) < len(found) or (
        len(found) > 1 and any(path.suffix.lower() == ".onnx" for path in found)
    ):
        raise UsageFault(
            "CTK601",
            f"the folder {folder} holds more than one model",
            notes=["name the files: " + ", ".join(path.name for path in found[:10])],
        )
    return sorted_out(found)
