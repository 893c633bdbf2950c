"""The route `caffe->openvino`: all that the options say goes into the ONNX on the way, which is kept or dropped."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from caffe_samples import TWO_LAYERS, caffemodel, two_layer_weights, write_files
from ir_running import operations, read_ir, run_ir
from onnx_samples import run_onnx

from converters.caffe_to_onnx import CaffeToOnnx
from converters.caffe_to_openvino import CaffeToOpenvino
from converters.options import ConvertOptions
from converters.request import ConversionRequest
from toolkit.artifact import Artifact, read_sidecar
from toolkit.errors import CtkError
from toolkit.ir_files import check_pair

X = np.random.default_rng(2).normal(size=(1, 3, 5, 6)).astype(np.float32)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, ...]:
    weights = caffemodel([("conv", "Convolution", two_layer_weights())])
    return tuple(file for file in write_files(tmp_path / "in", TWO_LAYERS, weights) if file is not None)


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made, empty after every test."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def converted(files: tuple[Path, ...], output: Path | str, **options: Any) -> Artifact:
    return CaffeToOpenvino().convert(
        ConversionRequest(files, output=output, options=ConvertOptions(**options))
    )


def test_files_and_facts(files: tuple[Path, ...], tmp_path: Path, scratch: Path):
    artifact = converted(files, f"{tmp_path}/out/")
    assert artifact.path == tmp_path / "out" / "net.xml"
    assert {file.name for file in artifact.path.parent.iterdir()} == {
        "net.xml",
        "net.bin",
        "net.xml.ctk.json",
    }
    assert list(scratch.iterdir()) == []
    assert read_sidecar(artifact.path) == artifact.document
    assert [s.kind for s in artifact.document.sources] == ["prototxt", "caffemodel"]
    assert check_pair(artifact.path).facts["format"] == "openvino"
    plain = CaffeToOnnx().convert(ConversionRequest(files, output=tmp_path / "net.onnx"))
    assert artifact.document.ledger == plain.document.ledger
    expected = run_onnx(plain.path, {"data": X})["conv"]
    np.testing.assert_allclose(run_ir(artifact.path, {"data": X})["conv"], expected, rtol=1e-5, atol=1e-5)


def test_intermediate_is_kept(files: tuple[Path, ...], tmp_path: Path, scratch: Path):
    dropped = converted(files, tmp_path / "a.xml", opset=17)
    kept = converted(files, tmp_path / "b.xml", opset=17, keep_intermediate=True)
    assert kept.document.ledger == dropped.document.ledger
    assert kept.path.read_bytes() == dropped.path.read_bytes()
    middle = tmp_path / "b.onnx"
    assert onnx.load(middle).opset_import[0].version == 17
    assert read_sidecar(middle) is not None
    assert not (tmp_path / "a.onnx").exists()
    assert list(scratch.iterdir()) == []


def test_warnings_come_once(files: tuple[Path, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    converted(files[:1], tmp_path / "b.xml", keep_intermediate=True, allow_filler=True)
    lines = capsys.readouterr().err.splitlines()
    assert lines
    assert len(lines) == len(set(lines))


def test_dry_run_writes_nothing(files: tuple[Path, ...], tmp_path: Path, scratch: Path):
    for keep in (False, True):
        artifact = converted(files, f"{tmp_path}/out/", dry_run=True, keep_intermediate=keep)
        assert not artifact.written
        assert artifact.path == tmp_path / "out" / "net.xml"
        assert [t.name for t in artifact.document.graph_outputs] == ["conv"]
    assert {path.name for path in tmp_path.iterdir()} == {"in", "scratch"}
    assert list(scratch.iterdir()) == []


def test_options_of_the_network(files: tuple[Path, ...], tmp_path: Path):
    artifact = converted(files, tmp_path / "b.xml", batch="dynamic", precision="f16", attach={})
    document = artifact.document
    assert document.inputs[0].dims[1:] == [3, 5, 6]
    assert isinstance(document.inputs[0].dims[0], str)
    assert document.inputs[0].dims[0] != "?"  # the name that the ONNX file has for it
    assert (document.options["batch"], document.precision) == ("dynamic", "f16")
    found = run_ir(artifact.path, {"data": np.repeat(X, 2, 0)})
    assert found["conv"].shape == (2, 2, 5, 6)


@pytest.mark.parametrize(
    ("options", "output", "code"),
    [
        ({"precision": "i8"}, "b.xml", "CTK604"),
        ({"head": "rgb"}, "b.xml", "CTK604"),
        ({"cut": ("nothing",)}, "b.xml", "CTK516"),
        ({}, "b.onnx", "CTK601"),
        ({"keep_intermediate": True}, "taken.xml", "CTK406"),
    ],
)
def test_refusals_leave_nothing(
    files: tuple[Path, ...], tmp_path: Path, options: dict[str, Any], output: str, code: str, scratch: Path
):
    (tmp_path / "taken.onnx").write_bytes(b"mine")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(CtkError) as caught:
        converted(files, tmp_path / output, **options)
    assert caught.value.code == code
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "taken.onnx").read_bytes() == b"mine"


def test_no_temporary_folder(files: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(CtkError, match="CTK401 no temporary folder"):
        converted(files, tmp_path / "b.xml")


def test_model_card_by_default(main_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CTK_HOME", str(main_home))
    monkeypatch.chdir(tmp_path)
    options = ConvertOptions(weights="synthetic", head="bins", mean="inside", precision="f16")
    artifact = CaffeToOpenvino().convert(ConversionRequest(options=options))
    folder = Path("ctk-out/colorization-v2-norebal/openvino")
    assert artifact.path == folder / "colorization-v2-norebal-bins-synthetic.xml"
    document = artifact.document
    assert (document.weights, document.head, document.model) == (
        "synthetic",
        "bins",
        "colorization-v2-norebal",
    )
    assert [(t.name, t.dims) for t in document.graph_outputs] == [("class8_313_rh", [1, 313, 56, 56])]
    assert 60e6 < document.outputs[1].size_bytes < 66e6  # half of 129 MB
    found = operations(read_ir(artifact.path))
    assert (found["mean"], found["class8_313_rh"]) == ("Subtract", "Softmax")
