"""Details of the handlers that the golden cases leave open; each test names its layer type."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets, one_layer

from converters.caffe.layers import registry
from toolkit.errors import BadInput

READER = 'layer { name: "reader" type: "ReLU" bottom: "x" top: "read" }'


@pytest.mark.parametrize("present", ["weight_filler", "bias_filler"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("Embed", "embed_param { num_output: 2 input_dim: 3 FILLER }"),
        ("InnerProduct", "inner_product_param { num_output: 2 FILLER }"),
        ("Convolution", "convolution_param { num_output: 2 kernel_size: 1 FILLER }"),
        ("Deconvolution", "convolution_param { num_output: 2 kernel_size: 1 FILLER }"),
    ],
    ids=["Embed", "InnerProduct", "Convolution", "Deconvolution"],
)
def test_a_filler_that_nobody_stated_is_missing_data(nets: Nets, kind: str, body: str, present: str):
    text = one_layer(kind, body.replace("FILLER", f"{present} {{ value: 1 }}"))
    assert nets.code_of_fault({"x": (2, 3, 4, 4)}, text) == "CTK511"


@pytest.mark.parametrize("dims", ["dim: 2 dim: 0", "dim: 0 dim: 2", "dim: -1", "dim: 3 dim: 3 dim: -5"])
def test_input_sizes_are_positive(nets: Nets, dims: str):
    text = f'layer {{ name: "l" type: "Input" top: "x" input_param {{ shape {{ {dims} }} }} }}' + READER
    assert nets.code_of_fault({}, text) == "CTK508"


def test_input_with_one_shape_for_all_or_one_each(nets: Nets):
    head = 'layer { name: "l" type: "Input" top: "x" top: "y" top: "z" input_param { '
    one, two, three = (" ".join(f"shape {{ dim: {i + 2} }}" for i in range(n)) for n in (1, 2, 3))
    shapes = {n: v.shape for n, v in nets.build({}, head + one + " } }" + READER).values.items()}
    assert {name: shapes[name] for name in "xyz"} == dict.fromkeys("xyz", (2,))
    shapes = {n: v.shape for n, v in nets.build({}, head + three + " } }" + READER).values.items()}
    assert {name: shapes[name] for name in "xyz"} == {"x": (2,), "y": (3,), "z": (4,)}
    for wrong in (two, "", three + " shape { dim: 9 }"):
        assert nets.code_of_fault({}, head + wrong + " } }" + READER) == "CTK507"


def test_input_has_a_top(nets: Nets):
    with pytest.raises(BadInput) as caught:
        nets.build({"x": (2,)}, 'layer { name: "l" type: "Input" input_param { shape { dim: 1 } } }' + READER)
    assert caught.value.code == "CTK505"


@pytest.mark.parametrize("kind", ["Scale", "Bias"])
def test_a_filler_that_nobody_stated_is_missing_data_in(nets: Nets, kind: str):
    body = "scale_param { bias_term: true filler { value: 1 } }" if kind == "Scale" else ""
    assert nets.code_of_fault({"x": (2, 3)}, one_layer(kind, body)) == "CTK511"


@pytest.mark.parametrize("given", [2, 4])
def test_crop_takes_one_offset_or_one_for_each_axis(nets: Nets, given: int):
    body = "crop_param { axis: 1 " + "offset: 0 " * given + "}"
    text = one_layer("Crop", body, ["x", "like"])
    assert nets.code_of_fault({"x": (1, 3, 5, 5), "like": (1, 2, 4, 4)}, text) == "CTK507"


@pytest.mark.parametrize("number", [-1, 3, 100])
@pytest.mark.parametrize("others", [[], [0, 1]])
def test_embed_names_rows_that_there_are(nets: Nets, number: int, others: list[int]):
    bottom = np.array([*others, number], np.float32)
    blobs = [np.ones((3, 2)), np.ones(2)]
    net = nets.single("Embed", bottom.shape, "embed_param { num_output: 2 input_dim: 3 }", blobs)
    with pytest.raises(BadInput) as caught:
        nets.oracle(net, x=bottom)
    assert caught.value.code == "CTK508"


def test_clip_with_min_above_max_gives_min_everywhere(nets: Nets):
    x = np.array([-3.0, 0.0, 2.0, 9.0], np.float32)
    net = nets.single("Clip", x.shape, "clip_param { min: 3 max: 1 }")
    nets.agree(net, np.full(4, 3.0), x=x)
    assert "Clip" not in nets.operators(net)


def macs(
    nets: Nets, kind: str, shape: tuple[int, ...], body: str, blobs: list[np.ndarray], bottoms: int = 1
) -> int:
    names = [f"x{i}" for i in range(bottoms)]
    tops = " ".join(f'top: "z{i}"' for i in range(1, bottoms))
    text = one_layer(kind, f"{tops} {body}", names, top="z0")
    net = nets.build(dict.fromkeys(names, shape), text, {"l": blobs})
    registry.load_all()
    return registry.MACS[kind](net.layers[-1])


def taps_of_convolution(size: int, kernel: int, stride: int, pad: int) -> int:
    """Products of one row, counted one by one, padding included: Caffe multiplies it too."""
    return sum(kernel for start in range(-pad, size + pad - kernel + 1, stride))


@pytest.mark.parametrize("bottoms", [1, 2])
@pytest.mark.parametrize("group", [1, 2])
def test_products_of_a_convolution(nets: Nets, bottoms: int, group: int):
    body = f"convolution_param {{ num_output: 6 kernel_h: 3 kernel_w: 2 stride: 2 pad: 1 group: {group} bias_term: false }}"
    found = macs(nets, "Convolution", (2, 4, 7, 9), body, [np.ones((6, 4 // group, 3, 2))], bottoms)
    pairs = sum(
        1
        for _ in range(2)
        for out in range(6)
        for channel in range(4)
        if out * group // 6 == channel * group // 4
    )
    assert found == bottoms * pairs * taps_of_convolution(7, 3, 2, 1) * taps_of_convolution(9, 2, 2, 1)


@pytest.mark.parametrize("bottoms", [1, 2])
@pytest.mark.parametrize("group", [1, 2])
def test_products_of_a_deconvolution(nets: Nets, bottoms: int, group: int):
    body = f"convolution_param {{ num_output: 6 kernel_h: 3 kernel_w: 2 stride: 2 group: {group} bias_term: false }}"
    found = macs(nets, "Deconvolution", (2, 4, 5, 3), body, [np.ones((4, 6 // group, 3, 2))], bottoms)
    pairs = sum(
        1
        for _ in range(2)
        for out in range(6)
        for channel in range(4)
        if out * group // 6 == channel * group // 4
    )
    assert found == bottoms * pairs * (5 * 3) * (3 * 2)  # every input number meets the whole kernel


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
def test_reach(nets: Nets, kind: str):
    body = "convolution_param { num_output: 1 kernel_size: 3 kernel_size: 5 stride: 2 stride: 1 dilation: 1 dilation: 4 bias_term: false }"
    net = nets.single(kind, (1, 1, 40, 40), body, [np.ones((1, 1, 3, 5))])
    down = kind == "Deconvolution"
    assert list(registry.REACHES[kind](net.layers[-1])) == [(3, 2, down), (17, 1, down)]


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
def test_numbers_too_large_for_caffe(nets: Nets, kind: str):
    for name in ("stride", "pad", "dilation"):
        body = f"convolution_param {{ num_output: 1 kernel_size: 1 {name}: 2147483648 }}"
        assert nets.code_of_fault({"x": (1, 1, 4, 4)}, one_layer(kind, body)) == "CTK507"


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
@pytest.mark.parametrize("slot", [0, 1])
@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ("num_output: 4 kernel_size: 3", True),
        ("num_output: 3 kernel_size: 3", True),
        ("num_output: 4 kernel_size: 3 pad: 1", True),
        ("num_output: 3 kernel_size: 1", True),
        ("num_output: 3 kernel_size: 3 pad: 1", False),
    ],
)
def test_in_place_at_any_slot(nets: Nets, kind: str, slot: int, body: str, refused: bool):
    """Caffe gives the bottom the shape of the top before it is read; a 1x1 kernel reads what it has written."""
    tops = ["y", "z"]
    tops[slot] = "ab"[slot]
    text = one_layer(
        kind,
        f'top: "{tops[1]}" convolution_param {{ {body} bias_term: false weight_filler {{ value: 1 }} }}',
        ("a", "b"),
        tops[0],
    )
    inputs = {"a": (1, 3, 5, 5), "b": (1, 3, 5, 5)}
    if refused:
        assert nets.code_of_fault(inputs, text) == "CTK505"
    else:
        assert nets.build(inputs, text).outputs
