"""Arrays given to a session, held against what its graph inputs take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.backends.protocol import TensorInfo
from toolkit.errors import BadInput, Where


def fitting(name: str, value: object, wanted: TensorInfo, place: Where) -> NDArray[Any]:
    """An input as a contiguous array of the element type and shape that the graph reads.

    Args:
        name: The graph input.
        value: What the caller gave; None for nothing.
        wanted: Its element type, and its shape with None for every dimension that may vary; any shape
            fits where its rank is open.
        place: The artifact, for messages.

    Raises:
        BadInput: CTK516 when nothing was given, CTK508 when it is no such array.
    """
    if value is None:
        raise BadInput("CTK516", f"the input {name!r} is missing", place)
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:  # rows of different lengths, say
        raise BadInput("CTK508", f"the input {name!r} is no array: {error}", place) from error
    fits = wanted.any_rank or (
        len(array.shape) == len(wanted.shape)
        and all(want in {None, have} for want, have in zip(wanted.shape, array.shape, strict=True))
    )
    # By name: NumPy itself does not know the word bfloat16.
    if not fits or array.dtype.name != wanted.dtype or not array.dtype.isnative:
        raise BadInput(
            "CTK508",
            f"the input {name!r} is {array.dtype} {_dimensions(array.shape)}, "
            f"but the graph reads {_written(wanted)}",
            place,
        )
    return np.asarray(array, order="C")  # ascontiguousarray would make a scalar a vector


def _written(wanted: TensorInfo) -> str:
    return f"{wanted.dtype} {'of any shape' if wanted.any_rank else _dimensions(wanted.shape)}"


def _dimensions(shape: Sequence[int | None]) -> str:
    return "×".join("?" if size is None else str(size) for size in shape) or "scalar"
