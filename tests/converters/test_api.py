from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from caffe_samples import TWO_LAYERS, caffemodel, two_layer_weights, write_files

import converters
from toolkit.artifact import read_sidecar, sidecar_of
from toolkit.errors import BadInput, UsageFault

WEIGHTS = caffemodel([("conv", "Convolution", two_layer_weights())])


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [file for file in write_files(tmp_path, TWO_LAYERS, WEIGHTS) if file is not None]


def test_artifact_and_its_sidecar(files: list[Path], tmp_path: Path):
    artifact = converters.convert(files, output=str(tmp_path / "made") + "/")
    assert artifact.path == tmp_path / "made" / "net.onnx"
    assert artifact.written
    assert read_sidecar(artifact.path) == artifact.document
    assert [o.size_bytes for o in artifact.document.outputs] == [artifact.path.stat().st_size]
    assert onnx.load(artifact.path).graph.name == "caffe"


def test_same_input_gives_the_same_bytes_wherever_it_lies(files: list[Path], tmp_path: Path):
    first = converters.convert(files, output=tmp_path / "1.onnx").path.read_bytes()
    other = [f for f in write_files(tmp_path / "other", TWO_LAYERS, WEIGHTS) if f is not None]
    assert converters.convert(other, output=tmp_path / "2.onnx").path.read_bytes() == first
    changed = converters.convert(
        files, output=tmp_path / "3.onnx", options=converters.ConvertOptions(opset=17)
    )
    assert changed.path.read_bytes() != first


def test_dry_run(files: list[Path], tmp_path: Path):
    options = converters.ConvertOptions(dry_run=True)
    artifact = converters.convert(files, output=tmp_path / "x.onnx", options=options)
    assert not artifact.written
    assert artifact.document.outputs == []
    assert not artifact.path.exists()
    assert not sidecar_of(artifact.path).exists()


def test_sources_and_their_hashes(files: list[Path], tmp_path: Path):
    import hashlib

    document = converters.convert(files, output=tmp_path / "x.onnx").document
    assert {(s.kind, s.name, s.sha256, s.size_bytes) for s in document.sources} == {
        (kind, file.name, hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_size)
        for kind, file in zip(("prototxt", "caffemodel"), files, strict=True)
    }
    assert document.weights == "own"


@pytest.mark.parametrize("picked", [[0, 0], [1], [1, 1], [0, 1, 1]])
def test_one_prototxt_and_at_most_one_caffemodel(files: list[Path], tmp_path: Path, picked: list[int]):
    with pytest.raises(UsageFault) as caught:
        converters.convert([files[i] for i in picked], output=tmp_path / "x.onnx")
    assert caught.value.code == "CTK601"
    assert "looks like a" in caught.value.notes[0]


def test_route_that_nobody_offers(files: list[Path]):
    with pytest.raises(UsageFault) as caught:
        converters.convert(files, source="onnx", to="caffe")
    assert caught.value.code == "CTK602"
    assert "caffe->onnx" in caught.value.notes[0]


def test_onnx_in_place_of_a_caffemodel(files: list[Path], tmp_path: Path):
    made = converters.convert(files, output=tmp_path / "x.onnx").path
    with pytest.raises(BadInput) as caught:
        converters.convert([files[0], made], output=tmp_path / "y.onnx")
    assert caught.value.code == "CTK502"
