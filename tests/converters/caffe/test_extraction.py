"""Pieces of a network: what they take, and that they compute what the whole does, in another runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from caffe_samples import caffemodel, layer, small_net
from numpy.typing import NDArray
from onnx_samples import run_onnx, written

from converters.caffe.build import NetOptions
from converters.caffe.input_shapes import InputShapes
from converters.caffe.network import Net
from converters.caffe.reference import run_reference
from toolkit.app import main
from toolkit.errors import BadInput

WIDE = "convolution_param { num_output: 4 kernel_size: 3 pad: 1 }"
TEXT = (
    'layer { name: "in" type: "Input" top: "a" top: "b"'
    " input_param { shape { dim: 2 dim: 3 dim: 6 dim: 5 } shape { dim: 2 dim: 4 dim: 6 dim: 5 } } }\n"
    + layer("conv1", "Convolution", "a", "conv1", WIDE)
    + layer("relu1", "ReLU", "conv1", "conv1")
    + layer("sum", "Eltwise", ["conv1", "b"], "sum")
    + layer("halves", "Slice", "sum", ["low", "high"])
    + layer("conv2", "Convolution", "low", "conv2", WIDE)
    + layer("relu2", "ReLU", "conv2", "conv2")
    + layer("joined", "Concat", ["conv2", "high"], "joined")
)


def _floats(*shape: int, seed: int = 1) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


WEIGHTS = caffemodel(
    [
        ("conv1", "Convolution", [_floats(4, 3, 3, 3), _floats(4)]),
        ("conv2", "Convolution", [_floats(4, 2, 3, 3), _floats(4)]),
    ]
)
INPUTS = {"a": _floats(2, 3, 6, 5, seed=2), "b": _floats(2, 4, 6, 5, seed=3)}


def read(folder: Path, *, cut: tuple[str, ...] = (), start: tuple[str, ...] = (), **options: Any) -> Net:
    return small_net(folder, TEXT, WEIGHTS, NetOptions(cut, from_blobs=start, **options))


def values_of_the_whole(folder: Path, names: tuple[str, ...]) -> dict[str, NDArray[np.float64]]:
    return run_reference(read(folder), INPUTS, names)


@pytest.mark.parametrize(
    ("start", "cut", "inputs", "layers"),
    [
        (("conv1",), ("sum",), ("conv1", "b"), ["sum"]),
        (("sum",), (), ("sum",), ["halves", "conv2", "relu2", "joined"]),
        (("low",), ("conv2",), ("low",), ["conv2", "relu2"]),
        # Slice makes both, and is still needed for one of them.
        (("low",), (), ("low", "a", "b"), ["conv1", "relu1", "sum", "halves", "conv2", "relu2", "joined"]),
        (("conv2", "high"), (), ("conv2", "high"), ["joined"]),
        (("a",), ("conv1",), ("a",), ["conv1", "relu1"]),
        (("conv1@conv1",), ("conv1",), ("conv1@conv1",), ["relu1"]),
    ],
)
def test_a_piece_computes_what_the_whole_does(
    tmp_path: Path, start: tuple[str, ...], cut: tuple[str, ...], inputs: tuple[str, ...], layers: list[str]
):
    net = read(tmp_path / "piece", cut=cut, start=start)
    assert net.inputs == inputs
    assert net.outputs == (cut or ("joined",))
    assert [item.name for item in net.layers if item.type != "Input"] == layers
    whole = values_of_the_whole(tmp_path / "whole", (*start, *net.outputs))
    given = {name: whole[name] if name in start else INPUTS[name] for name in inputs}
    runtime = run_onnx(written(net, tmp_path / "piece.onnx"), given)
    oracle = run_reference(net, given)
    for name in net.outputs:
        assert net.values[name].shape == whole[name].shape
        np.testing.assert_array_equal(oracle[name], whole[name])
        np.testing.assert_allclose(runtime[name], whole[name], rtol=0, atol=2e-5 * np.abs(whole[name]).max())


def test_a_cut_drops_the_input_that_it_does_not_need(tmp_path: Path):
    net = read(tmp_path, cut=("conv1",))
    assert net.inputs == ("a",)
    assert [tuple(shape.dim) for shape in net.layers[0].message.input_param.shape] == [(2, 3, 6, 5)]
    assert read(tmp_path).inputs == ("a", "b")


def test_a_start_can_have_dynamic_sizes(tmp_path: Path):
    net = read(tmp_path, cut=("conv2",), start=("low",), input_shapes=InputShapes(batch="dynamic"))
    assert net.values["low"].symbols == ("batch", None, None, None)
    values = {"low": _floats(3, 2, 6, 5)}
    found = run_onnx(written(net, tmp_path / "piece.onnx"), values)["conv2"]
    np.testing.assert_allclose(found, run_reference(net, values)["conv2"], atol=1e-4)


@pytest.mark.parametrize(
    ("start", "cut", "said"),
    [
        ("cnv1", "conv2", "no blob is called 'cnv1'"),
        ("conv2", "conv1", "the network cannot start at 'conv2': no output depends on it"),
        ("conv2", "conv2", "the network cannot end at 'conv2': it is an input"),
    ],
)
def test_what_cannot_be_cut(tmp_path: Path, start: str, cut: str, said: str):
    with pytest.raises(BadInput, match="CTK516") as caught:
        read(tmp_path, cut=(cut,), start=(start,))
    assert caught.value.what == said
    assert str(tmp_path) in str(caught.value.where)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    read(tmp_path)
    files = [str(tmp_path / "net.prototxt"), str(tmp_path / "net.caffemodel")]
    target = tmp_path / "piece.onnx"
    assert main(["convert", *files, "--from-blob", "low", "--cut", "conv2", "-o", str(target)]) == 0
    out = capsys.readouterr().out
    assert "low 2x2x6x5 -> conv2 2x4x6x5" in out
    assert "layers: 8 = 2 converted" in out  # of the source; the input that was made is none of them
    given = {"low": _floats(2, 2, 6, 5, seed=9)}
    wanted = run_reference(read(tmp_path), {**INPUTS, **given}, ["conv2"])["conv2"]
    np.testing.assert_allclose(run_onnx(target, given)["conv2"], wanted, atol=1e-4)


def test_a_start_takes_sizes_of_its_own(tmp_path: Path):
    wanted = InputShapes(shapes={"low": (2, 2, -1, -1)})
    net = read(tmp_path, cut=("conv2",), start=("low",), input_shapes=wanted)
    assert net.values["low"].symbols == (None, None, "height", "width")
    values = {"low": _floats(2, 2, 9, 4)}
    found = run_onnx(written(net, tmp_path / "piece.onnx"), values)["conv2"]
    np.testing.assert_allclose(found, run_reference(net, values)["conv2"], atol=1e-4)
    fixed = InputShapes(shapes={"low": (1, 2, 7, 8)})
    assert read(tmp_path, cut=("conv2",), start=("low",), input_shapes=fixed).values["conv2"].shape == (
        1,
        4,
        7,
        8,
    )


def test_the_number_of_axes_of_a_start_is_its_own(tmp_path: Path):
    with pytest.raises(BadInput, match="input 'low' has 4 axes, 2 sizes were given"):
        read(tmp_path, start=("low",), cut=("conv2",), input_shapes=InputShapes(shapes={"low": (1, 2)}))


def test_a_start_that_is_overwritten_goes_by_the_name_that_the_user_gave(tmp_path: Path):
    text = 'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }' + "".join(
        [layer("relu", "ReLU", "x", "x"), layer("twice", "Power", "x", "y", "power_param { scale: 2 }")]
    )
    options = NetOptions(from_blobs=("x",), input_shapes=InputShapes(shapes={"x": (-1, 2)}))
    net = small_net(tmp_path, text, options=options)
    assert {name: net.values[name].symbols for name in net.inputs} == {"x@relu": ("batch", None)}


@pytest.mark.parametrize(("start", "cut"), [(("low",), ("conv2",)), ((), ("conv1",))])
def test_sizes_of_an_input_that_the_piece_lacks_are_refused(
    tmp_path: Path, start: tuple[str, ...], cut: tuple[str, ...]
):
    wanted = InputShapes(shapes={"b": (2, 4, -1, -1)})
    with pytest.raises(BadInput) as caught:
        read(tmp_path, start=start, cut=cut, input_shapes=wanted)
    assert (caught.value.code, caught.value.what) == ("CTK516", "no input is called 'b'")
    assert any((*start, "a")[0] in note for note in caught.value.notes)
