"""Constants that take the place of a model's own where only element type and shape matter."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import TensorProto

# Up to this many elements, a constant may say shapes, axes or scales: it is kept as it is.
SMALL_ELEMENTS = 1024
# What a file merely claims must not be allocated without bound; VGG's largest layer has 411 MB.
MOST_BYTES = 512_000_000
_VALUE = 0.01  # small, so that nothing overflows in f16, and positive, as variances and scales are


def stand_in(tensor: TensorProto, *, with_data: bool) -> TensorProto | None:
    """A constant of the same element type and shape, without a name.

    Args:
        tensor: The constant; its data may be missing.
        with_data: Whether large constants get data; without, they only say what they are.

    Returns:
        Itself where it is small; one of 0.01 (integers: 0) where it is large or a real number without data;
        None where nothing can be said: small integers that are missing (shapes, likely), texts, elements
        narrower than a byte, or more than 512 MB.
    """
    from onnx import TensorProto

    constant = TensorProto()
    if prod(tensor.dims) <= SMALL_ELEMENTS and has_data(tensor):
        constant.CopyFrom(tensor)
        constant.doc_string = ""
        return constant
    element = _one_element(tensor)
    if element is None or len(element) * prod(tensor.dims) > MOST_BYTES:
        return None
    constant.data_type = tensor.data_type
    constant.dims.extend(tensor.dims)
    if with_data:
        constant.raw_data = element * prod(tensor.dims)
    return constant


def has_data(tensor: TensorProto) -> bool:
    """Whether the tensor's numbers stand in the file itself."""
    from onnx import TensorProto

    if tensor.data_location == TensorProto.EXTERNAL:
        return False
    fields = ("float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data")
    return bool(
        tensor.raw_data or any(len(getattr(tensor, name)) for name in fields) or prod(tensor.dims) == 0
    )


def _one_element(tensor: TensorProto) -> bytes | None:
    """The bytes of one made-up element; None where none can be made up."""
    import numpy as np
    from onnx import TensorProto, helper

    if tensor.data_type in {TensorProto.STRING, TensorProto.UNDEFINED}:
        return None
    if tensor.data_type == TensorProto.BFLOAT16:  # the upper half of an f32
        return np.float32(_VALUE).tobytes()[2:]
    try:
        kind = helper.tensor_dtype_to_np_dtype(tensor.data_type)
    except KeyError:
        return None
    if kind.kind == "f":
        return np.asarray(_VALUE, kind).tobytes()
    if kind.kind not in "iu" or (kind.itemsize > 1 and prod(tensor.dims) <= SMALL_ELEMENTS):
        return None
    return bytes(kind.itemsize)
