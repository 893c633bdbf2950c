from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from caffe_samples import blob, caffemodel
from hypothesis import given
from hypothesis import strategies as st

from converters.caffe.caffemodel import Caffemodel, read_caffemodel
from converters.caffe.schema import LayerParameter, NetParameter, V1LayerParameter
from converters.caffe.unknown_fields import warn_of_unknown_fields
from toolkit.errors import BadInput
from toolkit.messages import collected_warnings

WEIGHT = np.arange(6, dtype=np.float32).reshape(2, 3)


def read(folder: Path, data: bytes) -> Caffemodel:
    path = folder / "x.caffemodel"
    path.write_bytes(data)
    return read_caffemodel(path)


def test_present_form(tmp_path: Path):
    model = read(
        tmp_path, caffemodel([("a", "Convolution", [WEIGHT, [1.0]]), ("b", "ReLU", [])], name="mine")
    )
    assert model.name == "mine"
    assert [(layer.name, layer.type, len(layer.blobs)) for layer in model.layers] == [
        ("a", "Convolution", 2),
        ("b", "ReLU", 0),
    ]
    assert np.array_equal(model.layers[0].blobs[0].values.reshape(2, 3), WEIGHT)


def test_v1_form(tmp_path: Path):
    net = NetParameter()
    net.layers.add(name="ip", type=V1LayerParameter.INNER_PRODUCT, blobs=[blob(WEIGHT, "legacy")])
    (layer,) = read(tmp_path, net.SerializeToString()).layers
    assert (layer.name, layer.type) == ("ip", "14")
    assert layer.blobs[0].legacy
    assert layer.blobs[0].shape == (1, 1, 2, 3)


def test_v0_form(tmp_path: Path):
    net = NetParameter()
    inner = net.layers.add().layer
    inner.name, inner.type = "conv1", "conv"
    inner.blobs.append(blob(WEIGHT, "legacy"))
    (layer,) = read(tmp_path, net.SerializeToString()).layers
    assert (layer.name, layer.type) == ("conv1", "conv")
    assert layer.blobs[0].values.tolist() == [0, 1, 2, 3, 4, 5]


def test_equal_names_stay_apart_in_file_order(tmp_path: Path):
    model = read(tmp_path, caffemodel([("a", "Scale", [[1.0]]), ("b", "Scale", []), ("a", "Scale", [[2.0]])]))
    assert [layer.blobs[0].values.tolist() for layer in model.by_name()["a"]] == [[1.0], [2.0]]


def test_names_of_any_bytes(tmp_path: Path):
    data = b"\xa2\x06\x06\x0a\x04\xff/\n\xc3"
    (layer,) = read(tmp_path, data).layers
    assert layer.name.encode("utf-8", "surrogateescape") == b"\xff/\n\xc3"


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "CTK502", "empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "CTK502", "HTML page"),
        (b"\n\n  <html lang=en>", "CTK502", "HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "CTK502", "Git LFS pointer"),
        (b"PK\x03\x04" + bytes(40), "CTK502", "zip"),
        (b"\x93NUMPY\x01\x00" + bytes(40), "CTK502", "npy"),
        (b'name: "x"\nlayer { }', "CTK502", "prototxt"),
        (b"<" * 100, "CTK509", "byte 0 of 100"),
        (b"\x08\x09\x12\x03ctk" + bytes(8), "CTK502", "onnx"),
    ],
)
def test_stand_ins_are_named(tmp_path: Path, content: bytes, code: str, words: str):
    with pytest.raises(BadInput, match=words) as caught:
        read(tmp_path, content)
    assert caught.value.code == code
    assert caught.value.where.file == str(tmp_path / "x.caffemodel")


@pytest.mark.parametrize("make", ["missing", "folder"])
def test_missing_file_and_folder(tmp_path: Path, make: str):
    path = tmp_path / "weights"
    if make == "folder":
        path.mkdir()
    with pytest.raises(BadInput) as caught:
        read_caffemodel(path)
    assert caught.value.code == "CTK501"


def test_every_truncation_is_damage_or_ends_between_layers(tmp_path: Path):
    layers = [("a", "Convolution", [WEIGHT, [1.0]]), ("b", "Scale", [[2.0]])]
    data = caffemodel(layers)
    whole = {len(caffemodel(layers[:n])): n for n in range(3)}
    for size in range(1, len(data) + 1):
        if size in whole:
            assert len(read(tmp_path, data[:size]).layers) == whole[size]
            continue
        with pytest.raises(BadInput) as caught:
            read(tmp_path, data[:size])
        assert caught.value.code == "CTK509"


def outcome(folder: Path, data: bytes) -> str:
    try:
        with collected_warnings():
            warn_of_unknown_fields(read(folder, data))
    except BadInput as error:
        return error.code
    return "read"


@given(st.binary(min_size=1, max_size=120))
def test_random_files_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes):
    assert outcome(tmp_path_factory.getbasetemp(), data) in {"read", "CTK502", "CTK509"}


def test_random_change_of_a_byte_is_read_or_refused(tmp_path: Path):
    data = caffemodel([("conv", "Convolution", [WEIGHT, [1.0]]), ("s", "Scale", [[2.0]])])
    for at in range(len(data)):
        for mask in (0xFF, 0x01, 0x80):
            changed = bytes([*data[:at], data[at] ^ mask, *data[at + 1 :]])
            assert outcome(tmp_path, changed) in {"read", "CTK502", "CTK509"}


def unknown(folder: Path, data: bytes) -> list[str]:
    with collected_warnings() as found:
        warn_of_unknown_fields(read(folder, data))
    return found


def test_fields_that_nobody_knows_are_warned_of(tmp_path: Path):
    layer = LayerParameter(name="odd").SerializeToString() + b"\xfa\xff\x01\x01x"  # field 4095
    data = b"\xa2\x06" + bytes([len(layer)]) + layer + b"\xd2\xff\x01\x00"  # field 4090 of the network
    assert [text.partition(": ")[2] for text in unknown(tmp_path, data)] == [
        "layer 'odd', LayerParameter field 4095",
        "NetParameter field 4090",
    ]


def test_known_fields_are_not(tmp_path: Path):
    net = NetParameter(name="n", input=["data"], input_dim=[1, 2, 3, 4])
    made = net.layer.add(name="c", type="Convolution", blobs=[blob([1.0])])
    made.convolution_param.num_output = 1
    assert unknown(tmp_path, net.SerializeToString()) == []


def test_a_flood_of_unknown_fields_is_counted(tmp_path: Path):
    data = caffemodel([("a", "ReLU", [])]) + b"\xd0\xff\x01\x01" * 30_000
    found = unknown(tmp_path, data)
    assert len(found) == 11
    assert found[-1].startswith("29990 more unknown fields")


def test_damage_beside_the_blobs_is_damage(tmp_path: Path):
    layer = b"\x0a\x01c" + b"\xd2\x06\x02\x08\xff"  # convolution_param whose number does not end
    with pytest.raises(BadInput) as caught:
        unknown(tmp_path, b"\xa2\x06" + bytes([len(layer)]) + layer)
    assert caught.value.code == "CTK509"
