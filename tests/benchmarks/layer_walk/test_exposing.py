"""Copies of artifacts that give every value inside."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import pytest
from ir_samples import ir_of
from layer_faults import golden_net
from onnx_samples import run_onnx, written

from benchmarks.layer_walk.exposing import with_every_value
from benchmarks.layer_walk.linking import link_or_copy
from benchmarks.layer_walk.named_values import named_values
from converters.caffe.network import Net
from converters.caffe.reference import run_reference
from toolkit.backends.opening import open_backend
from toolkit.errors import BadInput, EnvironmentFailed

NETS = ("real_squeezenet_small", "names_slash", "names_unicode", "split_explicit", "inplace_chain")


def inner_values(net: Net) -> list[str]:
    return [top for layer in net.layers if layer.type != "Input" for top in layer.tops]


@pytest.mark.parametrize("format_", ["onnx", "openvino"])
@pytest.mark.parametrize("name", NETS)
def test_every_blob_of_the_network_is_given(name: str, format_: str, tmp_path: Path):
    golden = golden_net(name, tmp_path)
    artifact = golden.onnx if format_ == "onnx" else ir_of(golden.onnx, tmp_path / "net.xml")
    before = sha256(artifact.read_bytes()).hexdigest()
    copy = with_every_value(artifact, tmp_path / "copies")
    wanted = run_reference(golden.net, golden.inputs, inner_values(golden.net))
    assert set(wanted) <= named_values(artifact)
    with open_backend("onnxruntime" if format_ == "onnx" else "openvino", copy, 1) as session:
        found = session.run(golden.inputs, list(wanted))
    for value, reference in wanted.items():
        np.testing.assert_allclose(found[value], reference, rtol=1e-4, atol=1e-5, err_msg=value)
    assert sha256(artifact.read_bytes()).hexdigest() == before


@pytest.mark.parametrize("format_", ["onnx", "openvino"])
def test_only_the_values_asked_for_are_added(format_: str, tmp_path: Path):
    golden = golden_net("real_color_mini", tmp_path)
    artifact = golden.onnx if format_ == "onnx" else ir_of(golden.onnx, tmp_path / "net.xml")
    copy = with_every_value(artifact, tmp_path / "copies", ["conv1_2norm", "nowhere", "class8_ab"])
    with open_backend("openvino", copy, 1) as session:
        assert sorted(session.info().outputs) == ["class8_ab", "conv1_2norm"]


def test_the_bytes_of_an_onnx_file_stay_and_outputs_are_appended(tmp_path: Path):
    golden = golden_net("real_color_mini", tmp_path)
    copy = with_every_value(golden.onnx, tmp_path / "copies")
    assert copy.read_bytes().startswith(golden.onnx.read_bytes())
    onnx.checker.check_model(str(copy), full_check=True)
    names = [output.name for output in onnx.load(copy).graph.output]
    assert len(names) == len(set(names)) == len(inner_values(golden.net))


def test_external_data_is_copied_for_onnx_refuses_a_second_name(tmp_path: Path):
    golden = golden_net("real_color_mini", tmp_path)
    artifact = written(golden.net, tmp_path / "external" / "net.onnx", external_above=0)
    copy = with_every_value(artifact, tmp_path / "copies")
    (data,) = (file for file in artifact.parent.iterdir() if file.suffix == ".data")
    assert (copy.parent / data.name).read_bytes() == data.read_bytes()
    onnx.load(copy)  # which raises where the data have more than one name
    found = run_onnx(copy, golden.inputs, ["class8_ab", "conv8_313"])
    np.testing.assert_allclose(found["class8_ab"], golden.outputs["class8_ab"], rtol=1e-4, atol=1e-5)


def test_the_bin_of_an_ir_is_linked_not_copied(tmp_path: Path):
    golden = golden_net("real_color_mini", tmp_path)
    artifact = ir_of(golden.onnx, tmp_path / "net.xml")
    copy = with_every_value(artifact, tmp_path / "copies")
    assert copy.with_suffix(".bin").samefile(artifact.with_suffix(".bin"))


def test_a_copy_where_no_link_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    source = tmp_path / "net.bin"
    source.write_bytes(b"numbers")
    monkeypatch.setattr("os.link", refuse)
    link_or_copy(source, tmp_path / "copies" / "net.bin")
    assert (tmp_path / "copies" / "net.bin").read_bytes() == b"numbers"


def test_a_folder_that_cannot_be_written(tmp_path: Path):
    golden = golden_net("pool_round_floor", tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentFailed) as caught:
        with_every_value(golden.onnx, tmp_path / "file")
    assert caught.value.code == "CTK401"


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("net.onnx", b"\x08\x07\x12\x03ctk", "CTK517"),
        ("net.xml", b'<?xml version="1.0"?><net name="n" version="11"><layers>', "CTK520"),
        ("net.txt", b"<html><body>gone</body></html>", "CTK502"),
    ],
)
def test_what_is_no_artifact_is_refused(name: str, data: bytes, code: str, tmp_path: Path):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadInput) as caught:
        with_every_value(tmp_path / name, tmp_path / "copies")
    assert caught.value.code == code
