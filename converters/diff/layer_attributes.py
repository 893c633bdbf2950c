"""What a Caffe layer states about its computation, in one spelling."""

from __future__ import annotations

from typing import Any

from converters.caffe.network import Layer

# Names and wiring are compared by themselves; the others only matter to training, or before weights exist.
_LEFT_OUT = frozenset({
    "name", "type", "bottom", "top", "blobs", "include", "exclude", "phase", "propagate_down", "loss_weight",
})  # fmt: skip
# Kernel, stride and pad have a field for all axes, and one for height and one for width.
_WINDOWS = (
    ("kernel_size", "kernel_h", "kernel_w"),
    ("stride", "stride_h", "stride_w"),
    ("pad", "pad_h", "pad_w"),
    ("dilation", "", ""),
)


def layer_attributes(layer: Layer) -> dict[str, Any]:
    """The fields by dotted name, without those that only state their default.

    Windows come as one number for each spatial axis however they are spelt; fillers and rates of training are
    left out, names of shared parameters are not.
    """
    found: dict[str, Any] = {}
    for index, param in enumerate(layer.message.param):
        if param.name:
            found[f"param[{index}].name"] = param.name
    for field, value in layer.message.ListFields():
        if field.name in _LEFT_OUT or field.name == "param":
            continue
        if field.type == field.TYPE_MESSAGE and not field.is_repeated:
            inner = _fields(value)
            if field.name in {"convolution_param", "pooling_param"}:
                _unify_windows(inner, _spatial_axes(layer, inner))
            found |= {f"{field.name}.{name}": item for name, item in inner.items()}
        else:
            found[field.name] = _plain(value)
    return found


def _fields(message: Any) -> dict[str, Any]:
    found = {}
    for field, value in message.ListFields():
        is_filler = field.type == field.TYPE_MESSAGE and field.message_type.name == "FillerParameter"
        is_default = (
            not field.is_repeated and field.type != field.TYPE_MESSAGE and value == field.default_value
        )
        if not is_filler and not is_default and field.name != "engine":
            found[field.name] = _plain(value)
    return found


def _spatial_axes(layer: Layer, fields: dict[str, Any]) -> int:
    """How many axes the window has, those behind the channels; the axis of these is brought into one spelling."""
    rank = len(layer.bottom_shapes[0]) if layer.bottom_shapes else 4
    channels: int = fields.pop("axis", 1) % max(rank, 1)  # the shape rule has refused what is out of range
    if channels != 1:
        fields["axis"] = channels
    return max(rank - channels - 1, 1)


def _unify_windows(fields: dict[str, Any], axes: int) -> None:
    for name, height, width in _WINDOWS:
        default = 0 if name == "pad" else 1
        both = fields.pop(name, None)
        values = both if isinstance(both, list) else [] if both is None else [both]
        if height in fields or width in fields:
            values = [fields.pop(height, default), fields.pop(width, default)]
        elif len(values) == 1:
            values = values * axes
        if values and (name == "kernel_size" or set(values) != {default}):
            fields[name] = values


def _plain(value: Any) -> Any:
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if hasattr(value, "DESCRIPTOR"):
        return {field.name: _plain(item) for field, item in value.ListFields()}
    return [_plain(item) for item in value]
