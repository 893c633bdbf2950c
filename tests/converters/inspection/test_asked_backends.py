"""`ctk inspect --backend`: what backends lack, in the table, in the document, and in how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from caffe_samples import TWO_LAYERS, caffemodel, input_layer, layer, two_layer_weights, write_files
from command import ctk
from onnx import TensorProto, helper
from plugin_samples import lay_distribution, on_path

from converters.inspection.document import InspectDocument
from converters.inspection.inspecting import inspect_files
from toolkit.app import main
from toolkit.errors import UsageFault

Capture = pytest.CaptureFixture[str]

# One backend that lacks convolutions, and one that lacks nothing.
MODULE = """
from toolkit.backends.protocol import Lacking

class Picky:
    formats = ("caffe", "onnx")

    @classmethod
    def supports(cls, model):
        return (Lacking("conv", "Convolution", "no \\033implementation"), Lacking("b", "Conv", "none"))

class Eager:
    formats = ("onnx",)

    @classmethod
    def supports(cls, model):
        return ()
"""
POINTS = {"ctk.backends": {"picky": "asked_backend:Picky", "eager": "asked_backend:Eager"}}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    lay_distribution(tmp_path / "site", POINTS, modules={"asked_backend": MODULE})
    return tmp_path / "site"


@pytest.fixture
def plugins(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_path(site, monkeypatch, "asked_backend")


@pytest.fixture
def text(tmp_path: Path) -> Path:
    return write_files(tmp_path / "net", TWO_LAYERS)[0]


@pytest.mark.usefixtures("plugins")
def test_table_and_end(text: Path, capsys: Capture):
    assert main(["inspect", str(text), "--backend", "eager", "--backend", "picky"]) == 1
    found = capsys.readouterr()
    lines = found.out.splitlines()
    assert "backend     eager lacks nothing" in lines
    assert "backend     picky lacks 2 parts" in lines
    assert lines[-2:] == [
        "lacking: picky: conv (Convolution): no \\x1bimplementation", "lacking: picky: b (Conv): none",
    ]  # fmt: skip
    (error,) = [line for line in found.err.splitlines() if line.startswith("error: ")]
    assert error == f"error: CTK103 the backend picky lacks 2 parts of the model: Convolution, Conv ({text})"
    assert "note: b (Conv): none" in found.err.splitlines()


@pytest.mark.usefixtures("plugins")
def test_document(text: Path, capsys: Capture):
    words = ["inspect", str(text), "--json", "-", "--backend", "picky", "--backend", "eager"]
    assert main(words) == 1
    document = json.loads(capsys.readouterr().out)
    assert InspectDocument.model_validate(document)
    assert document["lacking"] == {
        "picky": [
            {"name": "conv", "type": "Convolution", "reason": "no \x1bimplementation"},
            {"name": "b", "type": "Conv", "reason": "none"},
        ],
        "eager": [],
    }
    assert main([*words[:4], "--backend", "eager"]) == 0
    assert json.loads(capsys.readouterr().out)["lacking"] == {"eager": []}
    assert main(words[:4]) == 0
    assert json.loads(capsys.readouterr().out)["lacking"] == {}


@pytest.mark.usefixtures("plugins")
def test_problems_come_first(text: Path, capsys: Capture):
    text.write_text(text.read_text().replace('"ReLU"', '"ReLUU"'))
    assert main(["inspect", str(text), "--backend", "eager", "--backend", "picky"]) == 5
    found = capsys.readouterr()
    # The one would be asked about an ONNX file, which cannot be made; the other takes the prototxt as it is.
    assert "backend     eager could not be asked what it lacks" in found.out.splitlines()
    assert "backend     picky lacks 2 parts" in found.out.splitlines()
    assert "error: CTK506 " in found.err
    assert (
        "note: the backend eager could not be asked what it lacks, because of the problems"
        in found.err.splitlines()
    )


@pytest.mark.usefixtures("plugins")
def test_warnings_are_not_said_twice(text: Path, capsys: Capture):
    text.write_text(text.read_text() + "novelty: 1\n")
    assert main(["inspect", str(text), "--ignore-unknown-fields", "--backend", "eager"]) == 0
    assert capsys.readouterr().err.count("warning: ") == 1


def test_names_that_do_not_exist(tmp_path: Path, capsys: Capture):
    assert main(["inspect", str(tmp_path / "gone.onnx"), "--backend", "onnxruntim"]) == 64
    error, note = capsys.readouterr().err.splitlines()
    assert error.startswith("error: CTK603 ")
    assert note == "note: did you mean 'onnxruntime'?"


def test_a_backend_that_is_not_installed(
    text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    needs = ["a-distribution-that-nobody-has>=1"]
    lay_distribution(tmp_path / "site", POINTS, modules={"asked_backend": MODULE}, requires=needs)
    on_path(tmp_path / "site", monkeypatch, "asked_backend")
    assert main(["inspect", str(text), "--backend", "picky"]) == 4
    found = capsys.readouterr()
    assert found.err.startswith("error: CTK404 the backend picky needs a-distribution-that-nobody-has")
    assert found.out == ""


def test_a_caffemodel_alone_has_nothing_to_ask_about(tmp_path: Path, capsys: Capture):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(caffemodel([("conv", "Convolution", two_layer_weights())]))
    assert main(["inspect", str(path), "--backend", "opencv"]) == 64
    assert capsys.readouterr().err.startswith("error: CTK601 a caffemodel alone ")


def _grid_sample(path: Path) -> Path:
    shapes = {"x": (1, 1, 4, 4), "grid": (1, 4, 4, 2), "y": (1, 1, 4, 4)}
    ends = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in shapes.items()
    }
    node = helper.make_node("GridSample", ["x", "grid"], ["y"], name="warp")
    graph = helper.make_graph([node], "warped", [ends["x"], ends["grid"]], [ends["y"]])
    opset = helper.make_opsetid("", 16)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), path)
    return path


def test_runtimes_that_are_installed(tmp_path: Path):
    """A node that OpenCV lacks, by name, and that another runtime has."""
    found = inspect_files([_grid_sample(tmp_path / "n.onnx")], backends=("opencv", "onnxruntime")).lacking
    assert [(part.name, part.type) for part in found["opencv"] or ()] == [("warp", "GridSample")]
    assert found["onnxruntime"] == []
    with pytest.raises(UsageFault, match="CTK604"):
        inspect_files([tmp_path / "n.onnx"], backends=("caffe-reference",))


@pytest.mark.parametrize("backend", ["caffe-reference", "opencv", "onnxruntime", "openvino"])
def test_a_prototxt_alone_is_enough(backend: str, text: Path, tmp_path: Path, capsys: Capture):
    assert main(["inspect", str(text), "--backend", backend]) == 0
    assert f"backend     {backend} lacks nothing" in capsys.readouterr().out
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["net.prototxt"]


def test_a_layer_that_no_prototxt_can_be_converted_with(tmp_path: Path, capsys: Capture):
    body = input_layer(1, 3) + layer("own", "Python", "data", "own")
    text = write_files(tmp_path, body)[0]
    assert main(["inspect", str(text), "--backend", "caffe-reference", "--json", "-"]) == 5
    lacking = json.loads(capsys.readouterr().out)["lacking"]
    assert [(part["name"], part["type"]) for part in lacking["caffe-reference"]] == [("own", "Python")]


def test_a_model_card(main_home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CTK_HOME", str(main_home))
    assert inspect_files(backends=("caffe-reference",)).lacking == {"caffe-reference": []}


def test_through_the_installed_command(site: Path, text: Path, tmp_path: Path):
    found = ctk("inspect", text, "--backend", "picky", cwd=tmp_path, env={"PYTHONPATH": str(site)})
    assert found.returncode == 1
    assert "lacking: picky: b (Conv): none" in found.stdout.splitlines()
    assert "error: CTK103 the backend picky lacks 2 parts" in found.stderr
