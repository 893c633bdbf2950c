"""The backend `opencv` on Caffe files; numbers are checked against formulas, `caffe-reference` and the original Caffe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from caffe_samples import caffemodel, input_layer, layer, write_files

from converters.caffe.backend import CaffeReferenceBackend
from converters.caffe.model_files import model_files
from converters.caffe.opencv_backend import OpenCvBackend
from toolkit.errors import BadInput, EnvironmentFailed
from toolkit.messages import collected_warnings

RNG = np.random.default_rng(8)
X = RNG.normal(size=(2, 4, 7, 8)).astype(np.float32)
MAIN = Path(__file__).resolve().parents[2] / "golden" / "colorization_v2_norebal"


def one(
    folder: Path, kind: str, body: str = "", blobs: Sequence[Any] = (), bottoms: int = 1, tops: int = 1
) -> Path:
    names = [f"in{i}" for i in range(bottoms)]
    text = "".join(input_layer(*X.shape, name=name) for name in names)
    text += layer("op", kind, names, [f"out{i}" for i in range(tops)], body)
    return write_files(folder, text, caffemodel([("op", kind, blobs)]) if blobs else None)[0]


def test_a_filler_counts(tmp_path: Path):
    text = input_layer(*X.shape, name="x") + layer(
        "s", "Scale", "x", "y", 'scale_param { filler { type: "constant" value: 2.606 } }'
    )
    path, _ = write_files(tmp_path, text)
    with collected_warnings() as warnings, OpenCvBackend.load(path) as session:
        assert session.run({"x": X})["y"] == pytest.approx(X * 2.606, rel=1e-6)
    assert ["constant 2.606" in text for text in warnings] == [True]


def test_values_that_an_in_place_layer_overwrites_can_be_asked_for(tmp_path: Path):
    text = input_layer(*X.shape, name="x") + layer("p", "Power", "x", "y", "power_param { scale: -1 }")
    text += layer("r", "ReLU", "y", "y") + layer("t", "TanH", "y", "z")
    path, _ = write_files(tmp_path, text)
    with OpenCvBackend.load(path, threads=1) as session:
        assert list(session.info().outputs) == ["z"]
        found = session.run({"x": X}, ["y@p", "y", "z"])
    assert (found["y@p"] == -X).all()
    assert (found["y"] == np.maximum(-X, 0)).all()
    assert found["z"] == pytest.approx(np.tanh(np.maximum(-X, 0)), abs=1e-6)


def test_times_of_layers_bear_the_names_of_the_caffe_layers(tmp_path: Path):
    text = input_layer(*X.shape, name="x")
    text += layer("first", "Convolution", "x", "y", "convolution_param { num_output: 3 kernel_size: 3 }")
    text += layer("in place", "Sigmoid", "y", "y") + layer("two", "Split", "y", ["a", "b"])
    text += layer("last", "Eltwise", ["a", "b"], "z", "eltwise_param { operation: PROD }")
    weights = [("first", "Convolution", [RNG.normal(size=(3, 4, 3, 3)), np.zeros(3)])]
    path, _ = write_files(tmp_path, text, caffemodel(weights))
    with OpenCvBackend.load(path, threads=1) as session:
        session.start_profile()
        session.run({"x": X})
        counted = session.layer_times()
    names = {name for one in counted for name in one.nodes}
    assert {"first", "in place", "last"} <= names <= {"first", "in place", "two", "last"}


# What cv2.dnn gets wrong from the files as they stand, and right from the complete copy.
COMPLETED = {
    "transposed weights": ("InnerProduct", "inner_product_param { num_output: 3 transpose: true }", [(224, 3), (3,)], 1, 1),
    "LRN's defaults": ("LRN", "", [], 1, 1),
    "a negative axis of Scale": ("Scale", "scale_param { axis: -1 bias_term: true }", [(8,), (8,)], 1, 1),
    "equal slices": ("Slice", "", [], 1, 2),
    "slice_dim": ("Slice", "slice_param { slice_dim: 3 }", [], 1, 2),
    "concat_dim": ("Concat", "concat_param { concat_dim: 2 }", [], 2, 1),
    "a shared slope": ("PReLU", "prelu_param { channel_shared: true }", [()], 1, 1),
    "a Convolution of two bottoms": ("Convolution", "convolution_param { num_output: 2 kernel_size: 3 }", [(2, 4, 3, 3), (2,)], 2, 2),
    "all tops of a Split": ("Split", "", [], 1, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPLETED)
def test_is_complete(name: str, tmp_path: Path):
    kind, body, shapes, bottoms, tops = COMPLETED[name]
    blobs = [RNG.normal(size=shape).astype(np.float32) for shape in shapes]
    path = one(tmp_path, kind, body, blobs, bottoms, tops)
    inputs = {f"in{i}": X * (i + 1) for i in range(bottoms)}
    assert OpenCvBackend.supports(path) == ()
    with collected_warnings() as warnings, OpenCvBackend.load(path) as session:
        found = session.run(inputs)
    with CaffeReferenceBackend.load(path) as oracle:
        expected = oracle.run(inputs)
    assert warnings == []
    assert found.keys() == expected.keys()
    assert len(found) == tops
    for key, right in expected.items():
        np.testing.assert_allclose(found[key], right, rtol=1e-4, atol=1e-5)


WRONG = {
    "log": ("Log", "log_param { shift: 9 }", 1),
    "swish": ("Swish", "swish_param { beta: 3 }", 1),
    "lrn": ("LRN", "lrn_param { k: 2 }", 1),
    "mvn": ("MVN", "mvn_param { eps: 0.1 }", 1),
    "interp": ("Interp", "interp_param { height: 9 width: 10 pad_beg: -1 }", 1),
    "pooling": ("Pooling", "pooling_param { kernel_size: 1 stride: 5 }", 1),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_numbers_are_reported_and_warned_of(name: str, tmp_path: Path):
    kind, body, bottoms = WRONG[name]
    path = one(tmp_path, kind, body, bottoms=bottoms)
    lacking = OpenCvBackend.supports(path)
    assert [(found.name, found.type) for found in lacking] == [("op", kind)]
    with collected_warnings() as warnings, OpenCvBackend.load(path) as session:
        found = session.run({"in0": X})["out0"]
    assert len(warnings) == 1
    assert lacking[0].reason in warnings[0]
    with CaffeReferenceBackend.load(path) as oracle:
        right = oracle.run({"in0": X})["out0"]
    assert not (np.abs(found - right) <= 1e-3 * np.abs(right).max()).all()  # NaN too


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("Threshold", ""),
        ("Normalize", "norm_param { channel_shared: false }"),
        ("Deconvolution", "convolution_param { num_output: 2 kernel_size: 3 dilation: 2 }"),
    ],
)
def test_a_layer_that_cv2_lacks_is_named(
    kind: str, body: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    blobs = {"Normalize": [(4,)], "Deconvolution": [(4, 2, 3, 3), (2,)]}.get(kind, [])
    path = one(tmp_path, kind, body, [np.ones(shape, np.float32) for shape in blobs])
    assert [(found.name, found.type) for found in OpenCvBackend.supports(path)] == [("op", kind)]
    with pytest.raises(EnvironmentFailed) as caught:
        OpenCvBackend.load(path)
    assert caught.value.code == "CTK404"
    assert kind in caught.value.headline
    assert "'op'" in caught.value.headline
    assert capfd.readouterr() == ("", "")


def test_supports_reads_no_weights_and_slims_large_layers(tmp_path: Path):
    text = input_layer(1, 64, 64, 64, name="x")
    text += layer("fc", "InnerProduct", "x", "y", "inner_product_param { num_output: 4096 }")
    text += layer("odd", "ArgMax", "y", "z")
    path, _ = write_files(tmp_path, text)
    assert [(found.name, found.type) for found in OpenCvBackend.supports(path)] == [("odd", "ArgMax")]


def test_bad_files(tmp_path: Path):
    with pytest.raises(BadInput) as caught:
        OpenCvBackend.load(tmp_path / "none.prototxt")
    assert caught.value.code == "CTK501"
    path = one(tmp_path, "InnerProduct", "inner_product_param { num_output: 3 }")
    with pytest.raises(BadInput) as caught:
        OpenCvBackend.load(path)
    assert caught.value.code == "CTK511"
    path.with_suffix(".caffemodel").write_bytes(b"\xa2\x06\xff\xff\xff\x0f")
    with pytest.raises(BadInput) as caught:
        OpenCvBackend.load(path)
    assert caught.value.code == "CTK509"


def test_no_room_for_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(EnvironmentFailed) as caught:
        OpenCvBackend.load(one(tmp_path, "TanH"))
    assert caught.value.code == "CTK401"


@pytest.mark.parametrize(
    ("winograd", "names"),
    [(None, ("gradient", "astronaut", "coffee")), (False, ("coffee",))],
    ids=["default", "off"],
)
def test_main_network_agrees_with_caffe(winograd: bool | None, names: Sequence[str]):
    """DESIGN §5's rule for f32: 1e-5 + 1e-4 of the largest value of the channel."""
    files = model_files("colorization-v2-norebal", "synthetic")
    inputs, outputs = np.load(MAIN / "inputs.npz"), np.load(MAIN / "outputs.npz")
    with collected_warnings(), OpenCvBackend.load(files.prototxt, winograd=winograd) as session:
        assert session.info().settings == {"winograd": "default" if winograd is None else "off"}
        for name in names:
            found = session.run({"data_l": inputs[name]})["class8_ab"].astype(np.float64)
            largest = np.abs(outputs[name]).max(axis=(0, 2, 3), keepdims=True)
            assert (np.abs(found - outputs[name]) <= 1e-5 + 1e-4 * largest).all()
