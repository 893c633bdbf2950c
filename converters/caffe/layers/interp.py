"""Interp: bilinear resizing with aligned corners (DeepLab's and PSPNet's `interp_layer.cpp`).

`pad_beg` and `pad_end` are negative and crop height and width first. The new size is stated by `height` and
`width`, or by a factor: shrink (x - 1) / s + 1, zoom x + (x - 1)(z - 1), or both in this order (PSPNet).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.layers._in_place import refuse_in_place
from converters.caffe.layers._sizes import INT64_MAX, sizes_of
from converters.caffe.layers.registry import Array, emission, evaluation, keeps_values, shape_rule
from converters.caffe.network import Layer, LayerShape
from converters.caffe.schema import InterpParameter

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

keeps_values("Interp")  # in place only a size that does not change is accepted


def _check(layer: Layer) -> InterpParameter:
    param = layer.message.interp_param
    by_factor = param.HasField("zoom_factor") or param.HasField("shrink_factor")
    by_size = param.HasField("height") and param.HasField("width")
    if by_factor == by_size:
        raise layer.fault(
            "CTK507",
            "the new size is stated by height and width, or by zoom_factor or shrink_factor; one of them",
        )
    if param.pad_beg > 0 or param.pad_end > 0:
        raise layer.fault("CTK507", "pad_beg and pad_end crop: they must not be above 0")
    if param.zoom_factor < 1 or param.shrink_factor < 1:
        raise layer.fault("CTK507", "zoom_factor and shrink_factor must be at least 1")
    return param


def _resized(size: int, stated: int | None, param: InterpParameter) -> int:
    """New size of one axis of ``size``; a factor that is not given is 1 and changes nothing."""
    if stated is not None:
        return stated
    shrunk = (size - 1) // param.shrink_factor + 1
    return shrunk + (shrunk - 1) * (param.zoom_factor - 1)


def _stated(param: InterpParameter) -> tuple[int | None, int | None]:
    return (
        (param.height, param.width) if param.HasField("height") and param.HasField("width") else (None, None)
    )


@shape_rule("Interp")
def shape(layer: Layer) -> LayerShape:
    """Another height and width.

    Raises:
        BadInput: CTK505 in place (except where nothing changes), CTK507 for parameters that the forks refuse,
            CTK508 when the bottom has not four axes or nothing is left of it.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    bottom = layer.bottom_shapes[0]
    if len(bottom) != 4:
        raise layer.fault("CTK508", f"Interp needs a bottom of four axes, this one has shape {bottom}")
    param = _check(layer)
    cropped = [size + param.pad_beg + param.pad_end for size in bottom[2:]]
    if min(cropped) < 1:
        raise layer.fault("CTK508", f"pad_beg and pad_end leave nothing of {bottom[2]}x{bottom[3]}")
    new = tuple(_resized(size, stated, param) for size, stated in zip(cropped, _stated(param), strict=True))
    if min(new) < 1:
        raise layer.fault("CTK507", f"height and width {new[0]}x{new[1]} must be at least 1")
    if new != bottom[2:] or param.pad_beg or param.pad_end:
        refuse_in_place(layer, "the size changes")
    return LayerShape(((*bottom[:2], *new),))


@emission("Interp")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Resize with aligned corners, behind a Slice where there is a crop."""
    param = layer.message.interp_param
    value = layer.bottoms[0]
    if param.pad_beg or param.pad_end:
        value = _cropped(emitter, value, param)
    empty = ""
    if emitter.opset < 13:  # `roi` and `scales` could not be left out before
        empty = emitter.constant("no_scales", np.zeros(0, np.float32))
    emitter.node(
        "Resize",
        [value, empty, empty, _new_sizes(layer, emitter, value)],
        mode="linear",
        coordinate_transformation_mode="align_corners",
    )


def _cropped(emitter: Emitter, value: str, param: InterpParameter) -> str:
    starts = emitter.constant("crop_starts", np.full(2, -param.pad_beg, np.int64))
    ends = emitter.constant("crop_ends", np.full(2, param.pad_end or INT64_MAX, np.int64))
    axes = emitter.constant("crop_axes", np.asarray([2, 3], np.int64))
    return emitter.node("Slice", [value, starts, ends, axes], inner="cropped")[0]


def _new_sizes(layer: Layer, emitter: Emitter, value: str) -> str:
    """All four sizes of the top, computed in the graph where they are dynamic."""
    sizes = [size for size in emitter.dims(layer.tops[0]) if size is not None]
    if len(sizes) == 4:
        return emitter.constant("sizes", np.asarray(sizes, np.int64))
    lead = sizes_of(emitter, value, [0, 1], "items")
    fixed = [size for size in emitter.dims(layer.tops[0])[2:] if size is not None]
    picture = (
        emitter.constant("picture", np.asarray(fixed, np.int64))
        if len(fixed) == 2
        else _computed(layer.message.interp_param, emitter, value)
    )
    return emitter.node("Concat", [lead, picture], inner="sizes", axis=0)[0]


def _computed(param: InterpParameter, emitter: Emitter, value: str) -> str:
    """((x - 1) / s) z + 1, which is `_resized` with its terms collected."""

    def number(name: str, n: int) -> str:
        return emitter.constant(name, np.asarray([n], np.int64))

    size = sizes_of(emitter, value, [2, 3], "picture")
    gaps = emitter.node("Sub", [size, number("one", 1)], inner="gaps")[0]
    fewer = emitter.node("Div", [gaps, number("shrink", param.shrink_factor)], inner="shrunk")[0]
    more = emitter.node("Mul", [fewer, number("zoom", param.zoom_factor)], inner="zoomed")[0]
    return emitter.node("Add", [more, number("last", 1)], inner="picture_sizes")[0]


@evaluation("Interp")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """Linear along height, then along width, at exact rational positions."""
    (x,) = bottoms
    param = layer.message.interp_param
    height, width = x.shape[2] + param.pad_end, x.shape[3] + param.pad_end
    x = x[:, :, -param.pad_beg : height, -param.pad_beg : width]
    for axis, stated in zip((2, 3), _stated(param), strict=True):
        x = _linear(x, axis, _resized(x.shape[axis], stated, param))
    return [x]


def _linear(x: Array, axis: int, count: int) -> Array:
    """Interpolates ``count`` positions from the first to the last."""
    gaps = x.shape[axis] - 1
    whole, rest = np.divmod(np.arange(count) * gaps, max(count - 1, 1))
    fraction = (rest / max(count - 1, 1)).reshape(-1, *[1] * (x.ndim - 1 - axis))
    upper = np.minimum(whole + 1, gaps)
    between: Array = x.take(whole, axis) * (1 - fraction) + x.take(upper, axis) * fraction
    return between
