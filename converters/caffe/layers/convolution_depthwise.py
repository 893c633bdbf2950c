"""ConvolutionDepthwise, of a common fork: a convolution with as many groups as channels (`conv_dw_layer.cpp`).

The fork reads kernel, stride, pad, dilation and bias_term of `convolution_param`, and neither num_output nor group:
there is one output for each channel, and weights are (channels, 1, kernel_h, kernel_w). BVLC Caffe lacks the type.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from converters.caffe.layers import convolution
from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers.registry import Array, Reach, emission, evaluation, macs, reach, shape_rule
from converters.caffe.network import Layer, LayerShape
from converters.caffe.schema import LayerParameter

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@shape_rule("ConvolutionDepthwise")
def shape(layer: Layer) -> LayerShape:
    """As Convolution's, with one group and one output for each channel.

    Raises:
        BadInput: CTK507 when num_output or group is stated and is another number; what Convolution raises.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    refuse_in_place(layer, "pixels would be overwritten before they are read")
    bottom = layer.bottom_shapes[0]
    if len(bottom) != 4:
        raise layer.fault("CTK508", f"ConvolutionDepthwise takes a bottom of four axes, not {bottom}")
    param = layer.message.convolution_param
    if param.HasField("num_output") and param.num_output != bottom[1]:
        raise layer.fault(
            "CTK507", f"num_output {param.num_output} is not the number of channels, {bottom[1]}"
        )
    if param.group not in {1, bottom[1]}:
        raise layer.fault(
            "CTK507", f"group {param.group} is neither 1 nor the number of channels, {bottom[1]}"
        )
    return convolution.shape(_grouped(layer))


@emission("ConvolutionDepthwise")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Conv with as many groups as channels."""
    convolution.emit(_grouped(layer), emitter)


@evaluation("ConvolutionDepthwise")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """As Convolution's, channel by channel."""
    return convolution.evaluate(_grouped(layer), bottoms)


@macs("ConvolutionDepthwise")
def count_macs(layer: Layer) -> int:
    """Every output number takes one product for each tap."""
    return convolution.count_macs(_grouped(layer))


@reach("ConvolutionDepthwise")
def reaches(layer: Layer) -> Sequence[Reach]:
    """The dilated kernel, at the stride."""
    return convolution.reaches(_grouped(layer))


def _grouped(layer: Layer) -> Layer:
    """The same layer in the words of Convolution."""
    message = LayerParameter()
    message.CopyFrom(layer.message)
    param = message.convolution_param
    param.num_output = param.group = layer.bottom_shapes[0][1]
    param.ClearField("axis")
    for stem, plain in (("kernel", "kernel_size"), ("stride", "stride"), ("pad", "pad")):
        # Where both spellings are given, the fork takes the one for each axis.
        if param.HasField(f"{stem}_h") and param.HasField(f"{stem}_w"):
            param.ClearField(plain)
    return replace(layer, message=message)
