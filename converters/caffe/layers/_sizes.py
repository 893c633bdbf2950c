"""Sizes of a value inside the graph, for shapes that are known only when it runs."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

# One size of a new shape: a number (-1 infers it), or axes of the old shape whose sizes are multiplied.
Part = int | tuple[int, ...]
INT64_MAX = int(np.iinfo(np.int64).max)


def sizes_of(emitter: Emitter, value: str, axes: Sequence[int], inner: str) -> str:
    """Nodes for the sizes of some axes of a value: an int64 tensor of shape (len(axes),)."""
    shape = emitter.node("Shape", [value], inner=f"{inner}_shape")
    chosen = emitter.constant(f"{inner}_axes", np.asarray(axes, np.int64))
    return emitter.node("Gather", [shape[0], chosen], inner=inner, axis=0)[0]


def joined_sizes(emitter: Emitter, pieces: Sequence[str | int], inner: str) -> str:
    """One int64 tensor of sizes, from 1-D tensors and numbers in order."""
    names = [
        piece if isinstance(piece, str) else emitter.constant(f"{inner}{i}", np.asarray([piece], np.int64))
        for i, piece in enumerate(pieces)
    ]
    return names[0] if len(names) == 1 else emitter.node("Concat", names, inner=inner, axis=0)[0]


def emit_reshape(
    emitter: Emitter, value: str, parts: Sequence[Part], *, inner: str | None = None, slot: int = 0
) -> list[str]:
    """Reshape of a value of the network, also where its sizes are dynamic.

    Args:
        emitter: The layer's emitter.
        value: A value of the network.
        parts: The new sizes; at most one of them -1.
        inner: As in `Emitter.node`.
        slot: As in `Emitter.node`.
    """
    dims = emitter.dims(value)
    target = [_constant(position, part, dims) for position, part in enumerate(parts)]
    open_ones = [i for i, size in enumerate(target) if size is None]
    if len(open_ones) == 1 and -1 not in target:
        target[open_ones[0]] = -1
    known = [size for size in target if size is not None]
    if len(known) == len(target):
        return emitter.reshaped(value, known, inner=inner, slot=slot)
    pieces = [
        _product(emitter, value, part, i) if size is None and isinstance(part, tuple) else (size or 0)
        for i, (size, part) in enumerate(zip(target, parts, strict=True))
    ]
    return emitter.node("Reshape", [value, joined_sizes(emitter, pieces, "sizes")], inner=inner, slot=slot)


def _constant(position: int, part: Part, dims: Sequence[int | None]) -> int | None:
    """The entry of a constant shape (0 copies the axis at that position), or None when there is none."""
    if isinstance(part, int):
        return part
    sizes = [size for axis in part if (size := dims[axis]) is not None]
    if len(sizes) == len(part):
        return prod(sizes)
    return 0 if part == (position,) else None


def _product(emitter: Emitter, value: str, axes: tuple[int, ...], position: int) -> str:
    sizes = sizes_of(emitter, value, axes, f"size{position}")
    if len(axes) == 1:
        return sizes
    return emitter.node("ReduceProd", [sizes], inner=f"product{position}", keepdims=1)[0]
