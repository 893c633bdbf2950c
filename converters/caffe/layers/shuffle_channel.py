"""ShuffleChannel: channels dealt out to groups (ShuffleNet's `shuffle_channel_layer.cpp`).

Axis 1 is read as (group, C / group) and transposed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers._listed import refuse_long_list
from converters.caffe.layers.registry import Array, emission, evaluation, keeps_values, shape_rule
from converters.caffe.network import Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


keeps_values("ShuffleChannel")  # in place only an order that moves nothing is accepted


@shape_rule("ShuffleChannel")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom.

    Raises:
        BadInput: CTK505 in place (except where nothing moves), CTK507 for a group that does not divide the
            channels, CTK508 for a bottom without channels.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    bottom = layer.bottom_shapes[0]
    group = layer.message.shuffle_channel_param.group
    if len(bottom) < 2:
        raise layer.fault("CTK508", f"ShuffleChannel needs a channel axis, the bottom has shape {bottom}")
    if group < 1 or bottom[1] % group:
        raise layer.fault("CTK507", f"group {group} does not divide {bottom[1]} channels")
    if group not in {1, bottom[1]}:
        refuse_in_place(layer, "channels would be overwritten before they are read")
    return LayerShape((bottom,))


@emission("ShuffleChannel")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Gather of the channels in their new order; it fixes no other size.

    Raises:
        UsageFault: CTK604 for more than 2**18 channels, of which the list alone would take megabytes.
    """
    group = layer.message.shuffle_channel_param.group
    channels = layer.bottom_shapes[0][1]
    refuse_long_list(layer, channels, "channels")
    order = np.arange(channels, dtype=np.int64)
    order = order % group * (channels // group) + order // group
    emitter.node("Gather", [layer.bottoms[0], emitter.constant("order", order)], axis=1)


@evaluation("ShuffleChannel")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Reshaped, transposed, and back."""
    (x,) = bottoms
    grouped = x.reshape(x.shape[0], layer.message.shuffle_channel_param.group, -1, *x.shape[2:])
    return [np.swapaxes(grouped, 1, 2).reshape(x.shape)]
