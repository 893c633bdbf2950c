"""Runs ONNX files in onnxruntime, and looks into them with the onnx package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from converters.caffe.network import Net
from converters.onnx.emit import emit_onnx
from converters.onnx.stream_writer import write_onnx

Arrays = dict[str, NDArray[Any]]


def run_onnx(
    model: Path | bytes, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
) -> Arrays:
    """Outputs by name, on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        model if isinstance(model, bytes) else str(model), options, providers=["CPUExecutionProvider"]
    )
    names = list(outputs) if outputs is not None else [o.name for o in session.get_outputs()]
    given = {name: np.asarray(array, np.float32) for name, array in inputs.items()}
    return dict(zip(names, session.run(names, given), strict=True))


def every_value_an_output(path: Path) -> bytes:
    """The model with everything that has a shape inside the graph as an output."""
    model = onnx.load(path)
    shown = {info.name for info in model.graph.output}
    model.graph.output.extend(info for info in model.graph.value_info if info.name not in shown)
    return model.SerializeToString()


def written(net: Net, path: Path, opset: int = 13, **options: Any) -> Path:
    """Emits and writes a network, and lets the onnx package check the file."""
    graph, _ = emit_onnx(net, opset)
    write_onnx(path, graph, dict, **options)
    onnx.checker.check_model(str(path), full_check=True)
    return path


def initializers(path: Path) -> Arrays:
    return {item.name: onnx.numpy_helper.to_array(item) for item in onnx.load(path).graph.initializer}
