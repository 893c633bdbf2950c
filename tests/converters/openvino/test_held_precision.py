"""The precision that is stated for an IR is that of the numbers in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from ir_running import read_ir
from onnx import TensorProto, helper, numpy_helper

from converters.onnx_to_openvino import OnnxToOpenvino
from converters.options import ConvertOptions
from converters.request import ConversionRequest
from toolkit.artifact import Artifact
from toolkit.errors import EnvironmentFailed
from toolkit.ir_files import check_pair

F32, F16, F64, BF16 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16


def multiplying(path: Path, element: int, held: bool = True, in_words: bool = False) -> Path:
    """``y = w * x`` with 64 numbers, or ``y = x * x``; both of one element type."""
    tensor = helper.make_tensor("w", element, [64], np.linspace(-2, 2, 64, dtype=np.float32))
    if element == BF16 and not in_words:
        bits = np.array(tensor.int32_data, np.uint16).tobytes()
        tensor = helper.make_tensor("w", element, [64], bits, raw=True)
    weights = [tensor] if held else []
    graph = helper.make_graph(
        [helper.make_node("Mul", ["x", "w" if held else "x"], ["y"], name="times")],
        "small",
        [helper.make_tensor_value_info("x", element, [64])],
        [helper.make_tensor_value_info("y", element, [64])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, path)
    return path


def converted(source: Path, **options: Any) -> Artifact:
    request = ConversionRequest(
        (source,), output=source.with_suffix(".xml"), options=ConvertOptions(**options)
    )
    return OnnxToOpenvino().convert(request)


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize(("element", "word"), [(F32, "f32"), (F16, "f16"), (BF16, "bf16"), (F64, "f64")])
def test_of_its_constants_or_its_inputs(
    tmp_path: Path, element: int, word: str, held: bool, capsys: pytest.CaptureFixture[str]
):
    artifact = converted(multiplying(tmp_path / "f.onnx", element, held))
    assert artifact.document.precision == word
    assert check_pair(artifact.path).facts["precision"] == word
    stored = {op.get_element_type().get_type_name() for op in read_ir(artifact.path).get_ops()
              if op.get_type_name() == "Constant"}  # fmt: skip
    assert stored == ({word} if held else set())
    assert ("does not change the numbers" in capsys.readouterr().err) == (word != "f32")


@pytest.mark.parametrize(("element", "word"), [(F32, "f16"), (F16, "f16"), (BF16, "bf16"), (F64, "f16")])
def test_when_f16_is_asked_for(tmp_path: Path, element: int, word: str):
    artifact = converted(multiplying(tmp_path / "f.onnx", element), precision="f16")
    assert artifact.document.precision == word
    assert artifact.path.with_suffix(".bin").stat().st_size == 128
    data = artifact.path.with_suffix(".bin").read_bytes()
    numbers = np.frombuffer(data, "<f2").astype(np.float64)
    if element == BF16:  # the upper half of a float32
        numbers = (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_allclose(numbers, np.linspace(-2, 2, 64), rtol=2**-8)


def test_bits_that_openvino_takes_for_whole_numbers(tmp_path: Path):
    source = multiplying(tmp_path / "f.onnx", BF16, in_words=True)
    assert onnx.load(source).graph.initializer[0].int32_data
    with pytest.raises(EnvironmentFailed, match=r"CTK404 .* misreads the numbers of 'w'"):
        converted(source)


def test_of_several(tmp_path: Path):
    nodes = [
        helper.make_node("Mul", ["x", "a"], ["h"]),
        helper.make_node("Cast", ["h"], ["wide"], to=F32),
        helper.make_node("Add", ["wide", "b"], ["s"]),
        helper.make_node("Reshape", ["s", "shape"], ["y"]),
    ]
    held = {"a": np.ones(4, np.float16), "b": np.ones(4, np.float32), "shape": np.array([2, 2], np.int64)}
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", F16, [4])],
        [helper.make_tensor_value_info("y", F32, [2, 2])],
        [numpy_helper.from_array(numbers, name) for name, numbers in held.items()],
    )
    source = tmp_path / "f.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), source)
    assert converted(source).document.precision == "mixed:f16+f32"
    assert converted(source, precision="f16").document.precision == "f16"
