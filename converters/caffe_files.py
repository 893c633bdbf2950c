"""Which Caffe files a conversion reads: those the user names, or a model card's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from converters.options import ConvertOptions
from toolkit.content import sniff
from toolkit.errors import UsageFault
from toolkit.files import opened
from toolkit.models.card import ModelCard, model_card
from toolkit.models.main_model import MAIN_MODEL


@dataclass(frozen=True, slots=True)
class CaffeFiles:
    """A network's files, and the model card they belong to when it is known.

    Attributes:
        prototxt: The definition.
        caffemodel: The weights, or None where fillers define every blob.
        name: Name of the model, for documents and file names.
        card: Model card, or None for a network of the user's own.
        synthetic: Whether ctk chose synthetic weights, which the names it chooses then say.
    """

    prototxt: Path
    caffemodel: Path | None
    name: str
    card: ModelCard | None = None
    synthetic: bool = False


def from_card(model: str | None, options: ConvertOptions) -> CaffeFiles:
    """The files of a model card, synthetic ones made when no released ones are in the cache.

    Raises:
        UsageFault: CTK603 for an unknown model.
        EnvironmentFailed: When released weights were asked for and are absent.
    """
    from converters.caffe.model_files import model_files

    card = model_card(model or MAIN_MODEL)
    found = model_files(card.name, options.weights)
    return CaffeFiles(found.prototxt, found.caffemodel, card.name, card, found.weights == "synthetic")


def from_paths(paths: Sequence[Path], model: str | None) -> CaffeFiles:
    """Sorts given files into prototxt and caffemodel by their content.

    Args:
        paths: One or two files in any order.
        model: Model card that the user says they belong to.

    Raises:
        BadInput: CTK501 when a file cannot be read, CTK502 when it is neither.
        UsageFault: CTK601 when there are two of a kind, or no prototxt.
    """
    prototxt, caffemodel = _sorted_out(paths)
    card = model_card(model) if model else None
    return CaffeFiles(prototxt, caffemodel, card.name if card else _network_name(prototxt), card)


def _network_name(prototxt: Path) -> str:
    """The file's name without suffix, which folders are named after: never hidden, empty or a step upwards."""
    return prototxt.stem.lstrip(".") or "network"


def _sorted_out(paths: Sequence[Path]) -> tuple[Path, Path | None]:
    found: dict[str, list[Path]] = {"prototxt": [], "caffemodel": []}
    unclear: list[Path] = []
    for path in paths:
        kind = _kind(path)
        found.get(kind, unclear).append(path)
    # A damaged file shows its kind no more; its reader then says what is wrong with it.
    for path in unclear:
        wanted = _by_suffix(path) or ("prototxt" if not found["prototxt"] else "caffemodel")
        found[wanted].append(path)
    if len(found["prototxt"]) != 1 or len(found["caffemodel"]) > 1:
        shown = ", ".join(f"{path} looks like a {_kind(path)}" for path in paths)
        raise UsageFault(
            "CTK601", "one prototxt, and at most one caffemodel, make a Caffe network", notes=[shown]
        )
    return found["prototxt"][0], next(iter(found["caffemodel"]), None)


def _kind(path: Path) -> str:
    with opened(path, _by_suffix(path) or "file") as file:
        return sniff(file.read(4096))


def _by_suffix(path: Path) -> str | None:
    return {".prototxt": "prototxt", ".caffemodel": "caffemodel"}.get(path.suffix.lower())
