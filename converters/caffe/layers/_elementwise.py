"""What layers that treat every number by itself have in common (`neuron_layer.hpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


class Step(NamedTuple):
    """One node of a chain.

    Attributes:
        op: ONNX operator.
        label: Name of its result, and of its constant, within the layer.
        operand: float32 number that is its second input, or None for an operator of one input.
    """

    op: str
    label: str
    operand: float | None = None


def like_bottom(layer: Layer) -> LayerShape:
    """One bottom, one top of the same shape, no blobs.

    Raises:
        BadInput: CTK505 for another number of bottoms or tops.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    return LayerShape((layer.bottom_shapes[0],))


def affine_steps(scale: float, shift: float) -> list[Step]:
    """``shift + scale * x`` without the parts that change nothing, which Caffe leaves out too."""
    steps = [Step("Mul", "scale", scale)] if scale != 1 else []
    return [*steps, Step("Add", "shift", shift)] if shift != 0 else steps


def emit_steps(layer: Layer, emitter: Emitter, steps: Sequence[Step]) -> None:
    """Emits nodes one behind the other, of which the last makes the top; an Identity when there are none."""
    value = layer.bottoms[0]
    for position, step in enumerate(steps, start=1):
        operand = [] if step.operand is None else [emitter.scalar(step.label, step.operand)]
        inner = step.label if position < len(steps) else None
        value = emitter.node(step.op, [value, *operand], inner=inner)[0]
    if not steps:
        emitter.node("Identity", [value])
