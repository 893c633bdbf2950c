"""`ctk inspect` as a command: what it prints where, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from ir_samples import ir_of
from onnx import TensorProto, helper, numpy_helper

from converters.inspection.document import InspectDocument
from toolkit.app import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def net(tmp_path: Path) -> Path:
    import numpy as np

    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"], name="conv")],
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 2, 9, 9))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 3, 7, 7))],
        [numpy_helper.from_array(np.ones((3, 2, 3, 3), np.float32), "w")],
    )
    path = tmp_path / "small.onnx"
    onnx.save(helper.make_model(graph, producer_name="by hand"), path)
    return path


def test_table(net: Path, capsys: Capture):
    assert main(["inspect", str(net), "--layers"]) == 0
    found = capsys.readouterr()
    assert "small: x 1×2×9×9 → y 1×3×7×7\n" in found.out
    assert "output stride 1, receptive field 3 input pixels" in found.out
    assert "producer by hand" in found.out
    assert "2,646 multiply-accumulates" in found.out
    assert found.out.splitlines()[-1].split() == ["conv", "Conv", "1×3×7×7", "54", "0.003", "3"]
    assert found.err == "note: it holds no provenance: ctk did not write it\n"


def test_a_value_without_axes_is_told(tmp_path: Path, capsys: Capture):
    path = tmp_path / "net.prototxt"
    path.write_text(
        'layer { name: "i" type: "Input" top: "x" input_param { shape { dim: 4 } shape { } } top: "s" }'
        'layer { name: "y" type: "Scale" bottom: "x" bottom: "s" top: "y" scale_param { axis: 0 } }'
        'layer { name: "z" type: "Reduction" bottom: "y" top: "z" }'
    )
    assert main(["inspect", str(path), "--layers"]) == 0
    found = capsys.readouterr().out
    assert "x 4, s scalar → z scalar\n" in found
    assert found.splitlines()[-1].split()[:3] == ["z", "Reduction", "scalar"]


def test_table_of_an_ir(net: Path, capsys: Capture):
    path = ir_of(net, net.with_suffix(".xml"), f16=True)
    assert main(["inspect", str(path), "--layers"]) == 0
    found = capsys.readouterr()
    assert "x 1×2×9×9 → y 1×3×7×7\n" in found.out
    assert "output stride 1, receptive field 3 input pixels" in found.out
    assert "format      openvino, ir_version 11, made with OpenVINO " in found.out
    assert "nodes       1: 1 Convolution\n" in found.out
    assert "stored as   54 f16; 54 of them are widened when loaded" in found.out
    assert "2,646 multiply-accumulates" in found.out
    assert found.out.splitlines()[-1].split()[1:] == ["Convolution", "1×3×7×7", "54", "0.003", "3"]
    assert found.err == "note: it holds no provenance: ctk did not write it\n"


def test_a_bin_alone_leads_to_its_xml(net: Path, capsys: Capture):
    path = ir_of(net, net.with_suffix(".xml"))
    assert main(["inspect", str(path.with_suffix(".bin"))]) == 5
    error, note = capsys.readouterr().err.splitlines()
    assert error.startswith("error: CTK502 this is the bin of an OpenVINO IR")
    assert note == f"note: name its xml: {path}"


def test_an_ir_without_its_bin(net: Path, capsys: Capture):
    path = ir_of(net, net.with_suffix(".xml"))
    path.with_suffix(".bin").unlink()
    assert main(["inspect", str(path)]) == 5
    found = capsys.readouterr()
    assert found.err.startswith("error: CTK520 ")
    assert found.out == ""


def test_quiet_has_no_notes(net: Path, capsys: Capture):
    assert main(["inspect", str(net), "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_json_stands_alone_and_is_of_the_schema(net: Path, capsys: Capture):
    assert main(["inspect", str(net), "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "ctk.inspect/1"
    assert document["compute"]["macs"] == 7 * 7 * 3 * 2 * 9
    assert InspectDocument.model_validate(document).layers[0].name == "conv"


def test_json_in_a_file(net: Path, tmp_path: Path, capsys: Capture):
    assert main(["inspect", str(net), "--json", str(tmp_path / "d.json"), "-q"]) == 0
    assert "parameters" in capsys.readouterr().out
    assert json.loads((tmp_path / "d.json").read_text())["files"][0]["size_bytes"] == net.stat().st_size


def test_schema(capsys: Capture):
    assert main(["inspect", "--print-schema"]) == 0
    assert "receptive_field_px" in capsys.readouterr().out


def test_missing_parameters_are_no_error(tmp_path: Path, capsys: Capture):
    path = tmp_path / "net.prototxt"
    path.write_text(
        'layer { name: "i" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }'
        'layer { name: "c" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 4 kernel_size: 3 } }'
    )
    assert main(["inspect", str(path)]) == 0
    out = capsys.readouterr().out
    assert "112 numbers of 2 parameters have no data" in out
    assert "c weight 4×3×3×3: no caffemodel was given" in out


def test_unknown_fields_are_refused_unless_told(tmp_path: Path, capsys: Capture):
    path = tmp_path / "net.prototxt"
    path.write_text(
        'layer { name: "i" type: "Input" top: "x" novelty: 1\n input_param { shape { dim: 1 dim: 3 } } }\n'
        'layer { name: "r" type: "ReLU" bottom: "x" top: "y" }'
    )
    assert main(["inspect", str(path)]) == 5
    assert "CTK504" in capsys.readouterr().err
    assert main(["inspect", str(path), "--ignore-unknown-fields"]) == 0
    assert "warning: " in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".onnx", ".caffemodel", ".prototxt", ""])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><html><body>404</body></html>",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
        b"PK\x03\x04 an archive",
    ],
)
def test_other_content(tmp_path: Path, capsys: Capture, suffix: str, content: bytes):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(content)
    assert main(["inspect", str(path)]) == 5
    assert capsys.readouterr().err.startswith("error: CTK502 ")


def test_random_content(tmp_path: Path, capsys: Capture):
    path = tmp_path / "file.onnx"
    path.write_bytes(bytes([0xEE, 0, 0x99, 0xFF] * 500))
    assert main(["inspect", str(path)]) == 5
    assert "CTK517" in capsys.readouterr().err


def test_no_file_and_a_folder(tmp_path: Path, capsys: Capture):
    for path in (tmp_path / "gone.onnx", tmp_path):
        assert main(["inspect", str(path)]) == 5
        assert capsys.readouterr().err.startswith("error: CTK501 ")


def test_two_networks_at_once(net: Path, tmp_path: Path, capsys: Capture):
    other = tmp_path / "other.onnx"
    other.write_bytes(net.read_bytes())
    assert main(["inspect", str(net), str(other)]) == 64
    assert "CTK601" in capsys.readouterr().err


def test_names_cannot_write_to_the_terminal(tmp_path: Path, capsys: Capture):
    path = tmp_path / "net.prototxt"
    path.write_text(
        'name: "a\\033[31mb" layer { name: "i" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 } } }'
        'layer { name: "r" type: "ReLU" bottom: "x" top: "y" }'
    )
    assert main(["inspect", str(path), "--layers"]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_the_verb_loads_nothing_heavy():
    code = (
        "import sys, converters.commands.inspect\n"
        "print(sorted({'onnx', 'numpy', 'rich.table', 'onnxruntime', 'google.protobuf'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
