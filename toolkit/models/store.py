"""Where a model's files lie in the cache, under which names, and which weights are there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from toolkit.cache import model_folder
from toolkit.models.card import FileKind, ModelCard


@dataclass(frozen=True, slots=True)
class ModelPaths:
    """The files of one model with one kind of weights; side by side, with one stem."""

    prototxt: Path
    caffemodel: Path
    coefficients: Path

    @property
    def folder(self) -> Path:
        """The folder that holds all three."""
        return self.caffemodel.parent

    def of(self, kind: FileKind) -> Path:
        """The path of a kind of file."""
        return {
            "prototxt": self.prototxt,
            "caffemodel": self.caffemodel,
            "coefficients": self.coefficients,
        }[kind]


def model_paths(name: str, weights: str) -> ModelPaths:
    """Where the files of a model lie, whether or not they are there.

    Args:
        name: Model name.
        weights: ``released`` or ``synthetic``; the latter's file names say so.
    """
    stem = name if weights == "released" else f"{name}-{weights}"
    folder = model_folder(name, weights)
    return ModelPaths(folder / f"{stem}.prototxt", folder / f"{stem}.caffemodel", folder / f"{stem}.npy")


def weights_in_cache(card: ModelCard) -> tuple[str, ...]:
    """Which weights of a model are in the cache, told by the size of the caffemodel alone."""
    wanted = {"released": card.file("caffemodel").bytes, "synthetic": card.synthetic.bytes}
    return tuple(weights for weights, size in wanted.items() if _has_size(card, weights, size))


def _has_size(card: ModelCard, weights: str, size: int) -> bool:
    try:
        return model_paths(card.name, weights).caffemodel.stat().st_size == size
    except OSError:
        return False
