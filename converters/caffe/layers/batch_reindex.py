"""BatchReindex: items of the first bottom, picked by the second (`batch_reindex_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("BatchReindex")
def shape(layer: Layer) -> LayerShape:
    """As many items as the second bottom has numbers.

    Raises:
        BadInput: CTK505 in place, CTK508 when the second bottom has not one axis or the first has none.
    """
    layer.expect(bottoms=(2, 2), tops=(1, 1))
    refuse_in_place(layer, "items would be overwritten before they are read")
    items, indices = layer.bottom_shapes
    if len(indices) != 1:
        raise layer.fault("CTK508", f"the second bottom must have one axis, it has shape {indices}")
    if not items:
        raise layer.fault("CTK508", "the first bottom has no axes, so no items")
    return LayerShape(((indices[0], *items[1:]),))


@emission("BatchReindex")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Gather; the indices are floats that are cut to integers."""
    indices = emitter.node("Cast", [layer.bottoms[1]], inner="indices", to=_INT64)
    emitter.node("Gather", [layer.bottoms[0], indices[0]], axis=0)


_INT64 = 7  # TensorProto.INT64


@evaluation("BatchReindex")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Picks the items.

    Raises:
        BadInput: CTK508 for an index outside the batch, on which Caffe stops.
    """
    items, indices = bottoms
    if not np.all((indices >= 0) & (indices < items.shape[0])):
        raise layer.fault("CTK508", f"an index lies outside the {items.shape[0]} items of the first bottom")
    return [items[indices.astype(np.int64)]]
