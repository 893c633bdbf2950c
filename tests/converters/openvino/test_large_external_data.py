"""Numbers in files beside the ONNX file: they count as its size, and are looked at before they are read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from ir_running import run_ir
from onnx import TensorProto, helper, numpy_helper

from converters.inspection import onnx_reading
from converters.onnx_to_openvino import OnnxToOpenvino
from converters.openvino import folding
from converters.options import ConvertOptions
from converters.request import ConversionRequest
from toolkit.artifact import Artifact
from toolkit.backends import memory
from toolkit.errors import BadInput, EnvironmentFailed

W = np.random.default_rng(4).normal(size=4096).astype(np.float32)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """``y = x - w`` by way of ``-w``, which can be folded; w lies in its own file."""
    nodes = [helper.make_node("Neg", ["w"], ["minus"]), helper.make_node("Add", ["x", "minus"], ["y"])]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4096])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4096])],
        [numpy_helper.from_array(W, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path = tmp_path / "net.onnx"
    onnx.save_model(model, path, save_as_external_data=True, location="net.data", size_threshold=0)
    return path


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files beside it that were hashed, in order."""
    found: list[str] = []
    inspected = onnx_reading.inspected_file

    def noted(path: Path, *others: Any) -> Any:
        found.append(path.name)
        return inspected(path, *others)

    monkeypatch.setattr(onnx_reading, "inspected_file", noted)
    return found


def converted(source: Path) -> Artifact:
    request = ConversionRequest((source,), output=source.with_suffix(".xml"), options=ConvertOptions())
    return OnnxToOpenvino().convert(request)


def test_hashed_once(source: Path, hashed: list[str]):
    document = converted(source).document
    assert hashed == ["net.data"]
    data = source.with_name("net.data").read_bytes()
    assert [(s.kind, s.sha256) for s in document.sources][1:] == [
        ("external data", hashlib.sha256(data).hexdigest())
    ]


def test_larger_than_memory(source: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 10_000)
    assert source.stat().st_size < 10_000 < source.with_name("net.data").stat().st_size
    with pytest.raises(EnvironmentFailed, match="CTK408 the model is larger than memory"):
        converted(source)
    assert hashed == []


def test_missing_or_cut_short(source: Path):
    data = source.with_name("net.data")
    data.write_bytes(data.read_bytes()[:-1])
    with pytest.raises(BadInput, match=r"CTK517 .* is cut short"):
        converted(source)
    data.unlink()
    with pytest.raises(BadInput, match=r"CTK517 .* is missing"):
        converted(source)


def test_bound_on_folding_counts_them(source: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(folding, "_FREE_BYTES", 0)
    x = np.ones(4096, np.float32)
    np.testing.assert_array_equal(run_ir(converted(source).path, {"x": x})["y"], x - W)
    monkeypatch.setattr(folding, "_GROWTH", 0)
    with pytest.raises(EnvironmentFailed, match="CTK408 folding the constants"):
        converted(source)
