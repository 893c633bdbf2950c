"""What `check_cases.py --python golden_route:to_onnx` calls: the conversion through the Python API."""

from __future__ import annotations

import converters


def to_onnx(prototxt: str, caffemodel: str | None, out: str) -> None:
    converters.convert([file for file in (prototxt, caffemodel) if file is not None], output=out)
