"""Operators over windows in torch: convolutions, pooling, resizing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.backends.torch_node import Tensors, TorchNode, operator

_WINDOW = ("auto_pad", "dilations", "kernel_shape", "pads", "strides")


def _padding_is_stated(node: TorchNode) -> str | None:
    if node.text("auto_pad", "NOTSET") not in {"NOTSET", "VALID"}:
        return "the backend torch does not know auto_pad"
    if len(node.get("kernel_shape", ())) > 3 or len(node.get("strides", ())) > 3:
        return "the backend torch knows up to three spatial axes"
    return "the backend torch does not know ceil_mode" if node.get("ceil_mode", 0) else None


def _pads(node: TorchNode, axes: int) -> tuple[list[int], list[int]]:
    pads = (
        list(node.get("pads", [0] * 2 * axes))
        if node.text("auto_pad", "NOTSET") == "NOTSET"
        else [0] * 2 * axes
    )
    return pads[:axes], pads[axes:]


def _padded(value: Any, begins: Sequence[int], ends: Sequence[int], number: float) -> Any:
    from torch.nn import functional

    if not any((*begins, *ends)):
        return value
    pairs = [size for pair in zip(reversed(begins), reversed(ends), strict=True) for size in pair]
    return functional.pad(value, pairs, value=number)


@operator("Conv", heeds=[*_WINDOW, "group"], refusal=_padding_is_stated)
def convolution(node: TorchNode, inputs: Tensors) -> Any:
    """One, two or three spatial axes; pads that differ are put on first."""
    import torch

    value, weight, bias = (*inputs, None)[:3]
    axes = value.ndim - 2
    begins, ends = _pads(node, axes)
    if begins != ends:
        value, begins = _padded(value, begins, ends, 0.0), [0] * axes
    function = (torch.conv1d, torch.conv2d, torch.conv3d)[axes - 1]
    strides, dilations = node.get("strides", [1] * axes), node.get("dilations", [1] * axes)
    return function(value, weight, bias, strides, begins, dilations, node.get("group", 1))


def _deconvolution_refusal(node: TorchNode) -> str | None:
    if "output_shape" in node.attributes:
        return "the backend torch does not know output_shape"
    return _padding_is_stated(node)


@operator(
    "ConvTranspose",
    heeds=[*_WINDOW, "group", "output_padding", "output_shape"],
    refusal=_deconvolution_refusal,
)
def deconvolution(node: TorchNode, inputs: Tensors) -> Any:
    """The transpose of a convolution; pads cut off what is computed beyond them."""
    import torch

    value, weight, bias = (*inputs, None)[:3]
    axes = value.ndim - 2
    begins, ends = _pads(node, axes)
    alike = begins == ends
    function = (torch.conv_transpose1d, torch.conv_transpose2d, torch.conv_transpose3d)[axes - 1]
    made = function(
        value,
        weight,
        bias,
        node.get("strides", [1] * axes),
        begins if alike else [0] * axes,
        node.get("output_padding", [0] * axes),
        node.get("group", 1),
        node.get("dilations", [1] * axes),
    )
    for axis in range(0 if alike else axes):
        made = made.narrow(axis + 2, begins[axis], made.shape[axis + 2] - begins[axis] - ends[axis])
    return made


def _max_pool_refusal(node: TorchNode) -> str | None:
    if node.get("storage_order", 0):
        return "the backend torch does not know storage_order"
    return _padding_is_stated(node)


@operator("MaxPool", heeds=[*_WINDOW, "ceil_mode", "storage_order"], refusal=_max_pool_refusal)
def max_pool(node: TorchNode, inputs: Tensors) -> Any:
    """The largest number of each window; as second output its place in the whole value."""
    from torch.nn import functional

    value = inputs[0]
    axes = value.ndim - 2
    begins, ends = _pads(node, axes)
    padded = _padded(value, begins, ends, float("-inf"))
    function: Any = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)[axes - 1]
    strides, dilations = node.get("strides", [1] * axes), node.get("dilations", [1] * axes)
    wanted = len(node.outputs) > 1 and bool(node.outputs[1])
    made = function(padded, node.attributes["kernel_shape"], strides, 0, dilations, return_indices=wanted)
    return (made[0], _places(made[1], padded.shape[2:], begins, value.shape)) if wanted else made


def _places(flat: Any, padded: Sequence[int], begins: Sequence[int], shape: Sequence[int]) -> Any:
    """Flat places in a padded plane as flat places in the whole value without padding."""
    import torch

    rest, place, step = flat, torch.zeros_like(flat), 1
    for axis in range(len(padded) - 1, -1, -1):
        place = place + (rest % padded[axis] - begins[axis]) * step
        rest, step = rest // padded[axis], step * shape[axis + 2]
    planes = torch.arange(shape[0] * shape[1], device=flat.device).reshape(
        shape[0], shape[1], *[1] * len(padded)
    )
    return place + planes * step


def _average_refusal(node: TorchNode) -> str | None:
    if any(step != 1 for step in node.get("dilations", ())):
        return "the backend torch does not know dilated average pooling"
    return _padding_is_stated(node)


@operator("AveragePool", heeds=[*_WINDOW, "ceil_mode", "count_include_pad"], refusal=_average_refusal)
def average_pool(node: TorchNode, inputs: Tensors) -> Any:
    """The mean of each window; without ``count_include_pad`` of its part inside the value."""
    import torch
    from torch.nn import functional

    value = inputs[0]
    axes = value.ndim - 2
    begins, ends = _pads(node, axes)
    function: Any = (functional.avg_pool1d, functional.avg_pool2d, functional.avg_pool3d)[axes - 1]
    kernel, strides = node.attributes["kernel_shape"], node.get("strides", [1] * axes)
    made = function(_padded(value, begins, ends, 0.0), kernel, strides)
    if node.get("count_include_pad", 0) or not any((*begins, *ends)):
        return made
    inside = torch.ones((1, 1, *value.shape[2:]), dtype=value.dtype, device=value.device)
    return made / function(_padded(inside, begins, ends, 0.0), kernel, strides)


@operator("GlobalAveragePool", "GlobalMaxPool")
def global_pool(node: TorchNode, inputs: Tensors) -> Any:
    """Over all spatial axes, which stay with size 1."""
    axes = list(range(2, inputs[0].ndim))
    return (
        inputs[0].mean(axes, keepdim=True)
        if node.op == "GlobalAveragePool"
        else inputs[0].amax(axes, keepdim=True)
    )


_RESIZE = (
    "coordinate_transformation_mode",
    "cubic_coeff_a",
    "exclude_outside",
    "extrapolation_value",
    "mode",
    "nearest_mode",
)
_KINDS = {("nearest", "asymmetric", "floor"), ("linear", "align_corners", ""), ("linear", "half_pixel", "")}


def _resize_kind(node: TorchNode) -> tuple[str, str, str]:
    mode = node.text("mode", "nearest")
    rounding = node.text("nearest_mode", "round_prefer_floor") if mode == "nearest" else ""
    return mode, node.text("coordinate_transformation_mode", "half_pixel"), rounding


def _resize_refusal(node: TorchNode) -> str | None:
    kind = _resize_kind(node)
    return None if kind in _KINDS else f"the backend torch does not know resizing by {' '.join(kind).strip()}"


@operator("Resize", heeds=_RESIZE, refusal=_resize_refusal)
def resize(node: TorchNode, inputs: Tensors) -> Any:
    """Of four axes, the last two: to the nearest by whole factors, or bilinear.

    Raises:
        ValueError: Another number of axes, other axes, or a factor that is no whole number.
    """
    from torch.nn import functional

    value, _, scales, sizes = (*inputs, None, None, None)[:4]
    shape = list(value.shape)
    if sizes is not None:
        wanted = [int(size) for size in sizes.tolist()]
    else:
        wanted = [int(size * scale) for size, scale in zip(shape, scales.tolist(), strict=True)]
    if len(shape) != 4 or wanted[:2] != shape[:2]:
        raise ValueError("Resize of other axes than height and width")
    mode, positions, _ = _resize_kind(node)
    whole = all(new % old == 0 for new, old in zip(wanted, shape, strict=True))
    if not whole and (mode == "nearest" or (sizes is None and positions == "half_pixel")):
        raise ValueError("Resize by a factor that is no whole number")
    if mode == "nearest":
        return value.repeat_interleave(wanted[2] // shape[2], 2).repeat_interleave(wanted[3] // shape[3], 3)
    return functional.interpolate(
        value, wanted[2:], mode="bilinear", align_corners=positions == "align_corners"
    )
