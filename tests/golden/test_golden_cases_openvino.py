"""The cases computed by the original Caffe, through OpenVINO IR, executed by OpenVINO in f32."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import onnx
import pytest
from ir_running import operations, read_ir, run_ir

from converters.caffe_to_onnx import CaffeToOnnx
from converters.onnx_to_openvino import OnnxToOpenvino
from converters.options import ConvertOptions
from converters.request import ConversionRequest
from toolkit.errors import CtkError
from toolkit.messages import collected_warnings

HERE = Path(__file__).resolve().parent
CASES = sorted(
    path.parent for path in HERE.glob("cases/*/case.json") if json.loads(path.read_text())["status"] != "must_error"
)


def _load_checker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_cases", HERE / "check_cases.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHECKER = _load_checker()


def test_there_are_cases():
    assert len(CASES) >= 180


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_openvino_agrees_with_caffe(folder: Path, tmp_path: Path):
    case = CHECKER.load_case(str(folder))
    files = tuple(Path(case[kind]) for kind in ("prototxt", "caffemodel") if case[kind])
    with collected_warnings():
        try:
            made = CaffeToOnnx().convert(ConversionRequest(files, output=tmp_path / "net.onnx"))
        except CtkError:
            assert case["allow_error"]
            return
        artifact = OnnxToOpenvino().convert(
            ConversionRequest((made.path,), output=tmp_path / "net.xml", options=ConvertOptions())
        )
    inputs, want = (CHECKER.load_npz(str(folder / f"{part}.npz")) for part in ("inputs", "outputs"))
    shown = {tensor.name for tensor in artifact.document.graph_outputs}
    got = {name: array for name, array in run_ir(artifact.path, inputs).items() if name in shown}
    CHECKER.compare_outputs(case, got, inputs, want)

    # Every layer that was converted, and every node of it that has an operation, is there by its name.
    found = operations(read_ir(artifact.path))
    nodes = {node.name for node in onnx.load(made.path).graph.node}
    for layer in artifact.document.ledger.layers:
        assert layer.fate != "folded" or layer.reason
        assert all(node in found for node in layer.nodes if node in nodes), layer
        if layer.fate == "converted" and layer.type != "Input":
            assert layer.nodes, layer
