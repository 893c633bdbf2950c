"""The precision of an artifact's weights, told by OpenVINO's own files and by ctk's provenance."""

from __future__ import annotations

from pathlib import Path

import pytest

import converters
from benchmarks.parity_check.stored_precision import stored_precision

MINI = Path(__file__).resolve().parents[2] / "golden" / "cases" / "real_color_mini"
pytestmark = pytest.mark.filterwarnings("default")


@pytest.mark.parametrize(("compress", "wanted"), [(True, "f16"), (False, "f32")])
def test_an_ir_tells_itself(tmp_path: Path, compress: bool, wanted: str):
    import openvino

    source = converters.convert(
        [MINI / "deploy.prototxt", MINI / "weights.caffemodel"], output=tmp_path / "net.onnx"
    ).path
    assert stored_precision(source) == "f32"
    openvino.save_model(openvino.convert_model(source), tmp_path / "net.xml", compress_to_fp16=compress)
    assert stored_precision(tmp_path / "net.xml") == wanted


def test_what_tells_nothing_is_unknown(tmp_path: Path):
    assert stored_precision(tmp_path / "none.xml") is None
    (tmp_path / "net.onnx").write_bytes(b"\x08\x08\x12\x04test")
    assert stored_precision(tmp_path / "net.onnx") is None
    (tmp_path / "net.xml").write_text('<!DOCTYPE net [<!ENTITY a "b">]><net><layer type="Const"/></net>')
    assert stored_precision(tmp_path / "net.xml") is None
