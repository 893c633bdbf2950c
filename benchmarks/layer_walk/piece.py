"""A piece of a network: the last few of the layers that lead to one of them, and the values it starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converters.caffe.extraction import leading_to
from converters.caffe.layers.registry import Array
from converters.caffe.network import Layer, Net
from converters.caffe.reference import iterate_reference, run_reference
from toolkit.content import HEAD_BYTES, sniff
from toolkit.errors import BadInput, Where
from toolkit.files import opened
from toolkit.nearest import did_you_mean


@dataclass(frozen=True, slots=True)
class Piece:
    """Some layers of a network that make the tops of the last one.

    Attributes:
        layers: In the order of the prototxt.
        starts: Values that they read and do not make.
        ends: Tops of the last layer.
    """

    layers: tuple[Layer, ...]
    starts: tuple[str, ...]
    ends: tuple[str, ...]


def layers_before(net: Net, name: str) -> list[Layer]:
    """All layers that lead to a layer, and that one last; without those that only declare inputs.

    Raises:
        BadInput: CTK516 when there is no such layer, or it makes nothing.
    """
    layer = next((layer for layer in net.layers if layer.name == name and layer.tops), None)
    if layer is None or layer.type == "Input":
        known = [layer.name for layer in net.layers if layer.tops and layer.type != "Input"]
        raise BadInput(
            "CTK516", f"no layer {name!r} computes a blob", Where(file=net.file), did_you_mean(name, known)
        )
    return [found for found in leading_to(net.layers, layer.tops) if found.type != "Input"]


def piece_of(layers: Sequence[Layer], count: int) -> Piece:
    """The last ``count`` of such layers."""
    kept = tuple(layers[-count:])
    made = {top for layer in kept for top in layer.tops}
    starts = dict.fromkeys(name for layer in kept for name in layer.bottoms if name not in made)
    return Piece(kept, tuple(starts), kept[-1].tops)


def reference_at(net: Net, given: Mapping[str, NDArray[np.floating]], names: set[str]) -> dict[str, Array]:
    """The reference's own values of these names, as float32; one pass, in which nothing else is kept."""
    return {
        name: np.asarray(values, np.float32)
        for name, values in iterate_reference(net, given)
        if name in names
    }


def expected_of(net: Net, piece: Piece, starts: Mapping[str, NDArray[np.floating]]) -> dict[str, Array]:
    """What the piece makes of these values, float64."""
    return run_reference(net, starts, list(piece.ends))


def is_caffe(artifact: Path) -> bool:
    """Whether an artifact is a prototxt.

    Raises:
        BadInput: CTK501 when it cannot be read.
    """
    with opened(artifact, "artifact") as file:
        kind = sniff(file.read(HEAD_BYTES))
    return kind == "prototxt" or (kind == "unknown" and artifact.suffix == ".prototxt")
