from __future__ import annotations

from pathlib import Path

import pytest
from caffe_samples import caffemodel, input_layer, layer, small_net

from converters.caffe.build import NetOptions
from converters.caffe.input_shapes import InputShapes, parse_input_shape
from converters.caffe.network import Net
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
    net = read(tmp_path, NET, InputShapes(shapes={"data": (1, 1, 32, 16)}, batch=3))
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
