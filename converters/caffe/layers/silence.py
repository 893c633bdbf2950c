"""Silence: reads blobs so that Caffe does not print them; it computes nothing (`silence_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("Silence")
def shape(layer: Layer) -> LayerShape:
    """No tops."""
    layer.expect(bottoms=(1, None), tops=(0, 0))
    return LayerShape(())


@emission("Silence")
def emit(layer: Layer, emitter: Emitter) -> None:  # noqa: ARG001
    """Dropped: in ONNX nothing is printed that is not asked for."""
    emitter.drop("computes nothing; it only keeps Caffe from listing the blob as an output")


@evaluation("Silence")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:  # noqa: ARG001
    """Nothing comes out."""
    return []
