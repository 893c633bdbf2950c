"""Operators that move numbers, and those that tell of shapes and types, in torch."""

from __future__ import annotations

from typing import Any

from toolkit.backends.torch_node import Tensors, TorchNode, operator


@operator("Reshape", heeds=["allowzero"])
def reshape(node: TorchNode, inputs: Tensors) -> Any:
    """0 keeps the size of the axis of that place (unless ``allowzero``), -1 takes what is left."""
    value, sizes = inputs[0], inputs[1].tolist()
    if not node.get("allowzero", 0):
        sizes = [value.shape[place] if size == 0 else size for place, size in enumerate(sizes)]
    return value.reshape(sizes)


@operator("Flatten", heeds=["axis"])
def flatten(node: TorchNode, inputs: Tensors) -> Any:
    """A matrix of the axes before ``axis``, and from there on."""
    from math import prod

    value, axis = inputs[0], node.get("axis", 1)
    axis = axis + value.ndim if axis < 0 else axis
    return value.reshape(prod(value.shape[:axis]), prod(value.shape[axis:]))


@operator("Transpose", heeds=["perm"])
def transpose(node: TorchNode, inputs: Tensors) -> Any:
    """The axes in another order; reversed by default."""
    return inputs[0].permute(*node.get("perm", range(inputs[0].ndim - 1, -1, -1)))


@operator("Squeeze", "Unsqueeze", heeds=["axes"])
def squeeze(node: TorchNode, inputs: Tensors) -> Any:
    """Axes of size 1 taken out or put in, listed by attribute or (operator set 13) input."""
    value = inputs[0]
    listed = inputs[1].tolist() if len(inputs) > 1 and inputs[1] is not None else node.get("axes", None)
    if node.op == "Squeeze":
        return value.squeeze() if listed is None else value.squeeze(tuple(listed))
    rank = value.ndim + len(listed)
    for axis in sorted(axis % rank for axis in listed):
        value = value.unsqueeze(axis)
    return value


@operator("Concat", heeds=["axis"])
def concat(node: TorchNode, inputs: Tensors) -> Any:
    """Values joined along an axis."""
    import torch

    return torch.cat(list(inputs), node.attributes["axis"])


@operator("Split", heeds=["axis", "num_outputs", "split"])
def split(node: TorchNode, inputs: Tensors) -> Any:
    """Pieces along an axis: of stated sizes, or equal ones of which the last may be smaller."""
    value, axis = inputs[0], node.get("axis", 0)
    sizes = inputs[1].tolist() if len(inputs) > 1 and inputs[1] is not None else node.get("split", None)
    if sizes is None:
        count = len(node.outputs)
        size = -(-value.shape[axis] // count)
        sizes = [size] * (count - 1) + [value.shape[axis] - size * (count - 1)]
    return tuple(value.split(list(sizes), axis))


@operator("Slice")
def slices(_: TorchNode, inputs: Tensors) -> Any:
    """Inputs: value, starts, ends, axes, steps; Python's rules for slices are ONNX's."""
    import torch

    value, starts, ends, axes, steps = (*inputs, None, None)[:5]
    first = starts.tolist()
    last = ends.tolist()
    along = axes.tolist() if axes is not None else list(range(len(first)))
    step = steps.tolist() if steps is not None else [1] * len(first)
    for start, end, axis, stride in zip(first, last, along, step, strict=True):
        places = range(*slice(start, end, stride).indices(value.shape[axis]))
        if places.step == 1:
            value = value.narrow(axis, places.start if places else 0, len(places))
        else:
            value = value.index_select(
                axis, torch.tensor(list(places), dtype=torch.int64, device=value.device)
            )
    return value


@operator("Gather", heeds=["axis"])
def gather(node: TorchNode, inputs: Tensors) -> Any:
    """Slices along an axis, picked by number; negative ones count from the end."""
    value, numbers = inputs[0], inputs[1].long()
    axis = node.get("axis", 0) % value.ndim
    numbers = numbers.where(numbers >= 0, numbers + value.shape[axis])
    shape = (*value.shape[:axis], *numbers.shape, *value.shape[axis + 1 :])
    return value.index_select(axis, numbers.reshape(-1)).reshape(shape)


@operator("GatherElements", heeds=["axis"])
def gather_elements(node: TorchNode, inputs: Tensors) -> Any:
    """Single numbers along an axis, picked by number."""
    value, numbers = inputs[0], inputs[1].long()
    axis = node.get("axis", 0) % value.ndim
    return value.gather(axis, numbers.where(numbers >= 0, numbers + value.shape[axis]))


def _whole_batch(node: TorchNode) -> str | None:
    return "the backend torch does not know batch_dims" if node.get("batch_dims", 0) else None


@operator("GatherND", heeds=["batch_dims"], refusal=_whole_batch)
def gather_nd(_: TorchNode, inputs: Tensors) -> Any:
    """The last axis of the numbers is a place in the value."""
    return inputs[0][tuple(inputs[1].long().unbind(-1))]


@operator("TopK", heeds=["axis", "largest", "sorted"])
def top_k(node: TorchNode, inputs: Tensors) -> Any:
    """The largest numbers and their places; of equal ones the first, which ``torch.topk`` does not promise."""
    import torch

    axis = node.get("axis", -1)
    descending = bool(node.get("largest", 1))
    found = torch.sort(inputs[0], dim=axis, descending=descending, stable=True)
    count = int(inputs[1].reshape(-1)[0])
    return found.values.narrow(axis, 0, count), found.indices.narrow(axis, 0, count)


@operator("Tile")
def tile(_: TorchNode, inputs: Tensors) -> Any:
    """The value repeated along every axis."""
    return inputs[0].tile(inputs[1].tolist())


@operator("Expand")
def expand(_: TorchNode, inputs: Tensors) -> Any:
    """The value broadcast with a shape."""
    import torch

    shape = torch.broadcast_shapes(inputs[0].shape, inputs[1].tolist())  # type: ignore[no-untyped-call]
    return inputs[0].broadcast_to(shape)


def _constant_padding(node: TorchNode) -> str | None:
    mode = node.text("mode", "constant")
    return None if mode == "constant" else f"the backend torch does not know padding by {mode}"


@operator("Pad", heeds=["mode"], refusal=_constant_padding)
def pad(_: TorchNode, inputs: Tensors) -> Any:
    """Inputs: value, pads, the number put in (0), axes (all)."""
    from torch.nn import functional

    value, pads, number, axes = (*inputs, None, None)[:4]
    sizes = pads.tolist()
    along = [axis % value.ndim for axis in axes.tolist()] if axes is not None else list(range(value.ndim))
    pairs = [0] * (2 * value.ndim)
    for place, axis in enumerate(along):
        behind = 2 * (value.ndim - 1 - axis)
        pairs[behind], pairs[behind + 1] = sizes[place], sizes[place + len(along)]
    return functional.pad(value, pairs, value=0.0 if number is None else number.item())


@operator("Shape", heeds=["end", "start"])
def shape_of(node: TorchNode, inputs: Tensors) -> Any:
    """Sizes of the axes, as int64."""
    import torch

    return torch.tensor(
        list(inputs[0].shape)[node.get("start", 0) : node.get("end", None)], dtype=torch.int64
    )


_TYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
}


def _known_type(node: TorchNode) -> str | None:
    wanted = node.get("to", 0)
    return None if wanted in _TYPES else f"the backend torch does not know element type {wanted}"


@operator("Cast", heeds=["saturate", "to"], refusal=_known_type)
def cast(node: TorchNode, inputs: Tensors) -> Any:
    """Another element type; f32 is what the session computes in."""
    import torch

    name = _TYPES[node.attributes["to"]]
    return inputs[0].to(node.real if name == "float32" and node.real is not None else getattr(torch, name))
