"""Concat: bottoms joined along one axis (`concat_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule, shares_memory
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


shares_memory("Concat", when=lambda layer: len(layer.bottoms) == 1)


def _axis(layer: Layer) -> int:
    """`axis`, which may be negative, or the legacy `concat_dim`, which may not."""
    param = layer.message.concat_param
    if not param.HasField("concat_dim"):
        return layer.canonical_axis(param.axis)
    if param.HasField("axis"):
        raise layer.fault("CTK507", "either axis or concat_dim may be given, not both")
    return layer.canonical_axis(param.concat_dim)


@shape_rule("Concat")
def shape(layer: Layer) -> LayerShape:
    """The sum of the sizes along the axis.

    Raises:
        BadInput: CTK505 for several bottoms in place, CTK507 for a wrong axis, CTK508 when other sizes differ.
    """
    layer.expect(bottoms=(1, None), tops=(1, 1))
    axis = _axis(layer)
    first = layer.bottom_shapes[0]
    if len(layer.bottoms) > 1:
        refuse_in_place(layer, "the top is larger than the bottom")
    for other in layer.bottom_shapes[1:]:
        if len(other) != len(first) or any(
            i != axis and a != b for i, (a, b) in enumerate(zip(first, other, strict=True))
        ):
            raise layer.fault("CTK508", f"shapes {first} and {other} differ elsewhere than on axis {axis}")
    joined = sum(bottom[axis] for bottom in layer.bottom_shapes)
    return LayerShape(((*first[:axis], joined, *first[axis + 1 :]),))


@emission("Concat")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Concat; Identity for one bottom."""
    if len(layer.bottoms) == 1:
        emitter.node("Identity", layer.bottoms)
    else:
        emitter.node("Concat", layer.bottoms, axis=_axis(layer))


@evaluation("Concat")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The arrays one after the other."""
    param = layer.message.concat_param
    return [np.concatenate(bottoms, axis=param.concat_dim if param.HasField("concat_dim") else param.axis)]
