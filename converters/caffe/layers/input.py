"""Input: the blobs a network is given (`caffe_semantics.md` §4.8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Input")
def shape(layer: Layer) -> LayerShape:
    """One ``shape`` for each top, or one for all.

    Raises:
        BadInput: CTK507 when the number of shapes fits neither; CTK508 for a size below 1.
    """
    layer.expect(bottoms=(0, 0), tops=(1, None))
    shapes = [tuple(s.dim) for s in layer.message.input_param.shape]
    if len(shapes) not in {1, len(layer.tops)}:
        raise layer.fault(
            "CTK507", f"{len(shapes)} shapes for {len(layer.tops)} inputs; one for all or one each is needed"
        )
    for found in shapes:
        if any(size < 1 for size in found):
            raise layer.fault("CTK508", f"input shape {found} has a size below 1")
    return LayerShape(tuple(shapes) if len(shapes) > 1 else tuple(shapes) * len(layer.tops))


@emission("Input")
def emit(layer: Layer, emitter: Emitter) -> None:  # noqa: ARG001
    """Each top becomes a graph input."""
    emitter.graph_inputs()


@evaluation("Input")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:  # noqa: ARG001
    """Never runs: the caller of the oracle gives the inputs."""
    raise layer.fault("CTK516", f"no array was given for input {layer.tops[0]!r}")
