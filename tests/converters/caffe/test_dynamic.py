from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from caffe_samples import caffemodel, input_layer, layer, small_net
from onnx_samples import run_onnx, written

from converters.caffe.build import NetOptions
from converters.caffe.input_shapes import InputShapes, parse_input_shape, parse_input_shapes
from converters.caffe.network import Net
from converters.caffe.reference import run_reference
from toolkit.errors import BadInput, UsageFault
from toolkit.messages import collected_warnings

FILLED = "weight_filler { } bias_filler { }"


def read(folder: Path, text: str, wanted: InputShapes) -> Net:
    with collected_warnings():
        return small_net(folder, text, options=NetOptions(input_shapes=wanted))


def conv(name: str, bottom: str, geometry: str, kind: str = "Convolution") -> str:
    return layer(name, kind, bottom, name, f"convolution_param {{ num_output: 2 {geometry} {FILLED} }}")


NET = (
    input_layer(2, 1, 9, 7)
    + conv("same", "data", "kernel_size: 3 pad: 1")
    + conv("half", "same", "kernel_size: 3 stride: 2 pad: 1")
    + conv("up", "half", "kernel_size: 4 stride: 2 pad: 1", "Deconvolution")
)


def test_fixed_network_has_no_symbols(tmp_path: Path):
    net = read(tmp_path, NET, InputShapes())
    assert not net.dynamic
    assert all(set(value.symbols) <= {None} for value in net.values.values())


def test_batch_runs_through(tmp_path: Path):
    net = read(tmp_path, NET, InputShapes(batch="dynamic"))
    assert {value.symbols for value in net.values.values()} == {("batch", None, None, None)}


def test_sizes_are_named_after_the_input_while_they_are_its_own(tmp_path: Path):
    net = read(tmp_path, NET, InputShapes(shapes={"data": (2, 1, -1, -1)}))
    assert net.values["data"].symbols == (None, None, "height", "width")
    assert net.values["same"].symbols == (None, None, "height", "width")
    assert net.values["half"].symbols == (None, None, "half_height", "half_width")
    assert net.values["half"].shape == (2, 2, 5, 4)


def test_size_that_stays_one_window_at_twice_the_input_is_dynamic_all_the_same(tmp_path: Path):
    """Of 1 and of 2 pixels a 3x3 kernel of stride 2 and pad 1 makes 1, of 3 pixels 2."""
    text = input_layer(1, 1, 1, 1) + conv("half", "data", "kernel_size: 3 stride: 2 pad: 1")
    net = read(tmp_path, text, InputShapes(shapes={"data": (1, 1, -1, -1)}))
    assert net.values["half"].symbols == (None, None, "half_height", "half_width")


def test_two_inputs_of_one_batch_share_its_name(tmp_path: Path):
    text = (
        input_layer(2, 3, name="a")
        + input_layer(2, 3, name="b")
        + layer("s", "Scale", ["a", "b"], "s", "scale_param { axis: 0 }")
    )
    net = read(tmp_path, text, InputShapes(batch="dynamic"))
    assert [net.values[name].symbols for name in "abs"] == [("batch", None)] * 3


def test_network_that_fixes_a_size_is_refused_by_name(tmp_path: Path):
    text = input_layer(1, 2, 4, 4) + layer(
        "s", "Scale", "data", "s", "scale_param { axis: 1 num_axes: 3 filler { } }"
    )
    with pytest.raises(BadInput) as caught:
        read(tmp_path, text, InputShapes(shapes={"data": (1, 2, -1, 4)}))
    assert caught.value.code == "CTK508"
    assert caught.value.where.layer == "s"


def test_two_inputs_that_must_agree_are_refused_when_one_moves(tmp_path: Path):
    text = (
        input_layer(2, 3, name="a")
        + input_layer(2, 3, name="b")
        + layer("s", "Scale", ["a", "b"], "s", "scale_param { axis: 0 }")
    )
    with pytest.raises(BadInput) as caught:
        read(tmp_path, text, InputShapes(shapes={"a": (-1, 3)}))
    assert caught.value.code == "CTK508"


def test_other_sizes_replace_the_prototxts(tmp_path: Path):
    net = read(tmp_path, NET, InputShapes(shapes={"data": (3, 1, 32, 16)}, batch=3))
    assert net.values["up"].shape == (3, 2, 32, 16)


@pytest.mark.parametrize(
    ("shapes", "code"),
    [({"dta": (1, 1, 2, 2)}, "CTK516"), ({"data": (1, 2, 2)}, "CTK508"), ({"data": (1, 5, 9, 7)}, "CTK510")],
)
def test_sizes_that_do_not_fit(tmp_path: Path, shapes: dict[str, tuple[int, ...]], code: str):
    model = caffemodel([("same", "Convolution", [[[[[1.0] * 3] * 3]] * 2, [0.0, 0.0]])])
    with pytest.raises(BadInput) as caught, collected_warnings():
        small_net(tmp_path, NET, model, NetOptions(input_shapes=InputShapes(shapes=shapes)))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data_l:1,1,224,224", ("data_l", (1, 1, 224, 224))),
        ("data_l:1x1x-1x?", ("data_l", (1, 1, -1, -1))),
        ("a:b: 1 , 2", ("a:b", (1, 2))),
    ],
)
def test_spellings_of_a_shape(text: str, expected: tuple[str, tuple[int, ...]]):
    assert parse_input_shape(text) == expected


@pytest.mark.parametrize(
    "text", ["data", ":1,2", "data:", "data:1,,2", "data:0,1", "data:1,a", "data:-2", "d:²", "d:99999999999"]
)
def test_what_is_no_shape(text: str):
    with pytest.raises(UsageFault) as caught:
        parse_input_shape(text)
    assert caught.value.code == "CTK601"


def test_an_input_is_named_once():
    assert parse_input_shapes(["a:1,2", "b:?"]) == {"a": (1, 2), "b": (-1,)}
    with pytest.raises(UsageFault) as caught:
        parse_input_shapes(["a:1,2", "b:3", "a:1,2"])
    assert (caught.value.code, caught.value.exit_status) == ("CTK601", 64)


@pytest.mark.parametrize("size", [2, -1])
def test_a_batch_that_is_stated_twice(tmp_path: Path, size: int):
    with pytest.raises(UsageFault) as caught:
        read(tmp_path, NET, InputShapes(shapes={"data": (size, 1, 9, 7)}, batch=4))
    assert (caught.value.code, caught.value.exit_status) == ("CTK601", 64)
    assert "--batch 4" in caught.value.what


def test_a_dynamic_batch_beside_other_sizes(tmp_path: Path):
    net = read(tmp_path, NET, InputShapes(shapes={"data": (1, 1, 32, 16)}, batch="dynamic"))
    assert net.values["data"].symbols == ("batch", None, None, None)
    assert net.values["data"].shape == (1, 1, 32, 16)


LABELLED = input_layer(2, 3, 4, 5, name="data") + input_layer(2, 4, 5, name="label")
LOSS = layer("loss", "SoftmaxWithLoss", ["data", "label"], ["loss", "soft"], "loss_weight: 1 loss_weight: 0")


def test_inputs_with_axes_of_different_numbers_grow_from_the_end(tmp_path: Path):
    """Height is axis 2 of the data and axis 1 of the labels."""
    wanted = InputShapes(shapes={"data": (2, 3, -1, -1), "label": (2, -1, -1)}, batch="dynamic")
    net = read(tmp_path, LABELLED + LOSS, wanted)
    assert net.values["data"].symbols == ("batch", None, "height", "width")
    assert net.values["label"].symbols == ("batch", "height", "width")
    assert net.values["soft"].symbols == ("batch", None, "height", "width")
    assert net.values["loss"].symbols == ()
    random = np.random.default_rng(1)
    data = random.normal(size=(3, 3, 6, 2)).astype(np.float32)
    given = {"data": data, "label": random.integers(0, 3, (3, 6, 2)).astype(np.float32)}
    wanted_values = run_reference(net, given)
    for name, found in run_onnx(written(net, tmp_path / "net.onnx"), given).items():
        np.testing.assert_allclose(found, wanted_values[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("data", "label"),
    [((2, 3, 4, -1), (2, -1, 5)), ((2, 3, -1, 5), (2, 4, 5))],
    ids=["another axis", "one alone"],
)
def test_sizes_that_do_not_vary_together_are_refused_with_the_reason(
    tmp_path: Path, data: tuple[int, ...], label: tuple[int, ...]
):
    with pytest.raises(BadInput) as caught:
        read(tmp_path, LABELLED + LOSS, InputShapes(shapes={"data": data, "label": label}))
    assert (caught.value.code, caught.value.where.layer) == ("CTK508", "loss")
    assert any("vary together" in note for note in caught.value.notes) == (-1 in label)
