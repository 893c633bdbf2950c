"""Small ONNX networks of one kernel each, whose rate tells what a processor can do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

Kernel = Literal["gemm", "conv3x3"]
KERNELS: tuple[Kernel, ...] = ("gemm", "conv3x3")
REPEATS = 2
"""How often the kernel occurs, one behind the other: copying inputs and outputs then weighs less."""
INPUT, OUTPUT = "x", "y"
_OPSET, _IR_VERSION = 13, 8
# A scale of QuantizeLinear; what the numbers mean does not matter here.
_SCALE = 0.05


class ProbeSize(NamedTuple):
    """How large a kernel is.

    Attributes:
        channels: Of the convolution, in and out.
        plane: Rows and columns of its picture.
        batch: Pictures.
        inner: Columns of the matrices, and rows of the second.
        rows: Rows of the first matrix.
    """

    channels: int = 256
    plane: int = 28
    batch: int = 1
    inner: int = 1024
    rows: int = 1024

    @staticmethod
    def for_threads(threads: int) -> ProbeSize:
        """The usual sizes, grown with the threads so that each of many has enough to do."""
        return ProbeSize(batch=max(1, threads // 4), rows=1024 * max(1, threads // 4))

    def input_shape(self, kernel: Kernel) -> tuple[int, ...]:
        """Shape of the float32 input."""
        if kernel == "gemm":
            return (self.rows, self.inner)
        return (self.batch, self.channels, self.plane, self.plane)

    def flops(self, kernel: Kernel) -> int:
        """FLOPs of one run, 2 for each multiply-add; products with padding count, as everywhere here."""
        if kernel == "gemm":
            return REPEATS * 2 * self.rows * self.inner * self.inner
        return REPEATS * 2 * self.batch * self.plane**2 * self.channels**2 * 9


def write_probe(path: Path, kernel: Kernel, size: ProbeSize, *, quantised: bool = False) -> None:
    """Writes the network.

    Args:
        path: The ONNX file.
        kernel: Which kernel it repeats.
        size: How large.
        quantised: With 8-bit weights, and QuantizeLinear and DequantizeLinear around every kernel: what
            runtimes turn into integer arithmetic.
    """
    from onnx import save_model

    save_model(_model(kernel, size, quantised), str(path))


def _model(kernel: Kernel, size: ProbeSize, quantised: bool) -> ModelProto:
    from onnx import TensorProto, helper, numpy_helper

    weights = _weights(kernel, size, quantised)
    constants = [numpy_helper.from_array(weights, "w")]
    nodes: list[NodeProto] = []
    if quantised:
        constants += _scales()
        nodes.append(helper.make_node("DequantizeLinear", ["w", "scale", "zero"], ["weights"]))
    reads = INPUT
    for step in range(REPEATS):
        if quantised:
            reads = _rounded(nodes, reads, step)
        makes = OUTPUT if step == REPEATS - 1 else f"made{step}"
        inputs = [reads, "weights" if quantised else "w"]
        nodes.append(_kernel(kernel, inputs, makes, f"kernel{step}"))
        reads = makes
    shape = size.input_shape(kernel)  # of the output too
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in (INPUT, OUTPUT)]
    graph = helper.make_graph(nodes, "probe", ends[:1], ends[1:], constants)
    opset = helper.make_opsetid("", _OPSET)
    return helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)


def _kernel(kernel: Kernel, inputs: list[str], makes: str, name: str) -> NodeProto:
    from onnx import helper

    if kernel == "gemm":
        return helper.make_node("MatMul", inputs, [makes], name=name)
    return helper.make_node("Conv", inputs, [makes], name=name, kernel_shape=[3, 3], pads=[1, 1, 1, 1])


def _weights(kernel: Kernel, size: ProbeSize, quantised: bool) -> NDArray[np.float32] | NDArray[np.int8]:
    shape = (size.inner, size.inner) if kernel == "gemm" else (size.channels, size.channels, 3, 3)
    drawn = np.random.default_rng(1)
    if quantised:
        return drawn.integers(-127, 128, shape, dtype=np.int8)
    # Small, so that two kernels in a row stay far from overflow and from numbers that are slow to compute.
    return drawn.standard_normal(shape, dtype=np.float32) * np.float32(0.02)


def _scales() -> list[TensorProto]:
    from onnx import numpy_helper

    return [
        numpy_helper.from_array(np.array(_SCALE, np.float32), "scale"),
        numpy_helper.from_array(np.array(0, np.int8), "zero"),
        numpy_helper.from_array(np.array(128, np.uint8), "middle"),
    ]


def _rounded(nodes: list[NodeProto], reads: str, step: int) -> str:
    """Puts rounding to 8 bits behind a value; its new name."""
    from onnx import helper

    near, rounded = f"near{step}", f"rounded{step}"
    nodes.append(helper.make_node("QuantizeLinear", [reads, "scale", "middle"], [near]))
    nodes.append(helper.make_node("DequantizeLinear", [near, "scale", "middle"], [rounded]))
    return rounded
