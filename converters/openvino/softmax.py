"""Softmax of the operator sets 11 and 12, which OpenVINO's reader takes for that of 13.

Until operator set 12, Softmax takes all axes from the stated one on as one (onnx, Changelog.md, Softmax-11);
from 13 on, it normalises along the stated axis alone. The reader knows this of operator sets up to 10, and of
LogSoftmax and Hardmax.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from converters.caffe.wiring import unique_name
from converters.openvino.naming import replace_output

if TYPE_CHECKING:
    from onnx import NodeProto

MISREAD_OPSETS = frozenset({11, 12})
_DEFAULT_AXIS = 1


def stated_axis(node: NodeProto) -> int:
    """The axis of a Softmax node of these operator sets."""
    return next((item.i for item in node.attribute if item.name == "axis"), _DEFAULT_AXIS)


def flatten_from_axis(op: Any, axis: int, taken: set[str]) -> None:
    """Puts a Softmax between two Reshapes, so that it normalises all axes from one on together.

    Args:
        op: OpenVINO's Softmax, whose readers get the second Reshape instead. The number of its axes is known:
            the reader refuses any other.
        axis: As the ONNX node states it.
        taken: Names that operations have; those of the new ones are added.
    """
    from openvino import opset13

    source = op.input_value(0)
    shape, output, name = source.get_partial_shape(), op.output(0), op.get_friendly_name()
    axis += shape.rank.get_length() if axis < 0 else 0
    if _is_alone(shape, axis):
        return
    # A 0 keeps the size that stands at its place, and -1 takes what is left.
    flat = opset13.reshape(source, np.asarray([0] * axis + [-1], np.int64), special_zero=True)
    flat.set_friendly_name(unique_name(f"{name}/flattened", taken))
    along = opset13.softmax(flat, axis)
    along.set_friendly_name(unique_name(f"{name}/normalised", taken))
    back = opset13.reshape(along, opset13.shape_of(source), special_zero=False)
    back.set_friendly_name(name)
    replace_output(output, back.output(0))


def _is_alone(shape: Any, axis: int) -> bool:
    """Whether no axis of more than one element follows, or there is nothing to normalise at all."""
    sizes = [size.get_length() if size.is_static else None for size in shape]
    return 0 in sizes or all(size == 1 for size in sizes[axis + 1 :])
