"""What `check_cases.py --python golden_route:to_onnx` calls: the conversion through the Python API."""

from __future__ import annotations

from functools import partial

import converters
from converters import ConvertOptions

OPSETS = range(11, 22)


def to_onnx(prototxt: str, caffemodel: str | None, out: str, opset: int = 13) -> None:
    files = [file for file in (prototxt, caffemodel) if file is not None]
    converters.convert(files, output=out, options=ConvertOptions(opset=opset))


# One function for each operator set, since the checker calls by name: to_onnx_11 ... to_onnx_21.
globals().update({f"to_onnx_{opset}": partial(to_onnx, opset=opset) for opset in OPSETS})
