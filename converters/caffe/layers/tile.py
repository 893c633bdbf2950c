"""Tile: the bottom repeated along one axis (`tile_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._in_place import refuse_reshaped_in_place
from converters.caffe.layers.registry import Array, emission, evaluation, keeps_values, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


keeps_values("Tile")  # in place only a single tile is accepted


@shape_rule("Tile")
def shape(layer: Layer) -> LayerShape:
    """The axis is `tiles` times as long.

    Raises:
        BadInput: CTK505 for more than one tile in place, CTK507 for a wrong axis or number of tiles.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    param = layer.message.tile_param
    axis = layer.canonical_axis(param.axis)
    if param.tiles < 1:
        stated = f"tiles {param.tiles}" if param.HasField("tiles") else "tiles is not given; it"
        raise layer.fault("CTK507", f"{stated} must be at least 1")
    bottom = layer.bottom_shapes[0]
    top = (*bottom[:axis], bottom[axis] * param.tiles, *bottom[axis + 1 :])
    refuse_reshaped_in_place(layer, top)
    return LayerShape((top,))


@emission("Tile")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Tile."""
    param = layer.message.tile_param
    repeats = np.ones(len(layer.bottom_shapes[0]), np.int64)
    repeats[layer.canonical_axis(param.axis)] = param.tiles
    emitter.node("Tile", [layer.bottoms[0], emitter.constant("repeats", repeats)])


@evaluation("Tile")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The array joined to itself."""
    param = layer.message.tile_param
    return [np.concatenate([bottoms[0]] * param.tiles, axis=param.axis)]
