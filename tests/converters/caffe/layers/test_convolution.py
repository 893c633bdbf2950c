"""Convolution and Deconvolution against loops over single numbers, and in onnxruntime."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from caffe_samples import small_net
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layer_samples import Array, assert_both, floats, one_layer
from numpy.typing import NDArray
from onnx_samples import run_onnx, written

from converters.caffe.reference import run_reference
from toolkit.errors import BadInput, CtkError

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Geometry:
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[int, ...]
    dilation: tuple[int, ...]
    group: int = 1

    def text(self, outputs: int, *, bias: bool = True, more: str = "") -> str:
        def repeated(name: str, values: tuple[int, ...]) -> str:
            return " ".join(f"{name}: {value}" for value in values)

        fields = [
            f"num_output: {outputs} group: {self.group} bias_term: {str(bias).lower()}",
            repeated("kernel_size", self.kernel),
            repeated("stride", self.stride),
            repeated("pad", self.pad),
            repeated("dilation", self.dilation),
            more,
        ]
        return f"convolution_param {{ {' '.join(fields)} }}"


def convolved(x: Numbers, weight: Numbers, bias: Numbers, g: Geometry) -> Array:
    """Every output number as its own sum; x is (n, channels, sizes...)."""
    sizes = x.shape[2:]
    out = tuple(
        (size + 2 * p - (d * (k - 1) + 1)) // s + 1
        for size, p, d, k, s in zip(sizes, g.pad, g.dilation, g.kernel, g.stride, strict=True)
    )
    outputs, inner = weight.shape[:2]
    result = np.zeros((x.shape[0], outputs, *out))
    for n, o in itertools.product(range(x.shape[0]), range(outputs)):
        first = o // (outputs // g.group) * inner
        for place in itertools.product(*map(range, out)):
            total = float(bias[o])
            for c in range(inner):
                for tap in itertools.product(*map(range, g.kernel)):
                    at = tuple(
                        i * s - p + t * d
                        for i, s, p, t, d in zip(place, g.stride, g.pad, tap, g.dilation, strict=True)
                    )
                    if all(0 <= a < size for a, size in zip(at, sizes, strict=True)):
                        total += float(x[(n, first + c, *at)]) * float(weight[(o, c, *tap)])
            result[(n, o, *place)] = total
    return result


def deconvolved(x: Numbers, weight: Numbers, bias: Numbers, g: Geometry) -> Array:
    """Every input number written to where it goes; weight is (in, out/group, k...)."""
    sizes = x.shape[2:]
    out = tuple(
        s * (size - 1) + d * (k - 1) + 1 - 2 * p
        for size, p, d, k, s in zip(sizes, g.pad, g.dilation, g.kernel, g.stride, strict=True)
    )
    inner = weight.shape[1]
    result = np.zeros((x.shape[0], inner * g.group, *out)) + bias.reshape(1, -1, *[1] * len(out))
    for n, c in itertools.product(range(x.shape[0]), range(x.shape[1])):
        first = c // (x.shape[1] // g.group) * inner
        for place in itertools.product(*map(range, sizes)):
            for tap in itertools.product(*map(range, g.kernel)):
                at = tuple(
                    i * s + t * d - p
                    for i, s, t, d, p in zip(place, g.stride, tap, g.dilation, g.pad, strict=True)
                )
                if all(0 <= a < size for a, size in zip(at, out, strict=True)):
                    for o in range(inner):
                        result[(n, first + o, *at)] += float(x[(n, c, *place)]) * float(weight[(c, o, *tap)])
    return result


@st.composite
def geometries(draw: st.DrawFn) -> tuple[Geometry, tuple[int, ...], int, int]:
    """A geometry, sizes, channels and outputs for which something is left of the picture in both types."""
    axes = draw(st.sampled_from([1, 1, 2, 2, 2, 3]))
    most = {1: 9, 2: 6, 3: 3}[axes]

    def each(least: int, largest: int) -> tuple[int, ...]:
        return tuple(draw(st.lists(st.integers(least, largest), min_size=axes, max_size=axes)))

    kernel, dilation, stride = each(1, 3), each(1, 2), each(1, 3)
    extent = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    # Padding below half of the kernel's reach leaves something in a deconvolution of one position too.
    pad = tuple(draw(st.integers(0, (e - 1) // 2)) for e in extent)
    sizes = tuple(max(size, e - 2 * p) for size, e, p in zip(each(1, most), extent, pad, strict=True))
    group = draw(st.sampled_from([1, 1, 2, 3]))
    channels, outputs = group * draw(st.integers(1, 2)), group * draw(st.integers(1, 2))
    return Geometry(kernel, stride, pad, dilation, group), sizes, channels, outputs


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=geometries(), seed=st.integers(0, 99))
def test_random_geometries(tmp_path: Path, kind: str, drawn: tuple[Any, ...], seed: int):
    geometry, sizes, channels, outputs = drawn
    x, bias = floats(2, channels, *sizes, seed=seed), floats(outputs, seed=seed + 2)
    if kind == "Convolution":
        weight = floats(outputs, channels // geometry.group, *geometry.kernel, seed=seed + 1)
        expected = convolved(x, weight, bias, geometry)
    else:
        weight = floats(channels, outputs // geometry.group, *geometry.kernel, seed=seed + 1)
        expected = deconvolved(x, weight, bias, geometry)
    assert_both(tmp_path, kind, [x], expected, geometry.text(outputs), [weight, bias])


FLAT = Geometry((3, 2), (2, 1), (1, 0), (1, 2))


@pytest.mark.parametrize("opset", [11, 13, 18, 21])
def test_rectangular_ones_at_several_opsets(tmp_path: Path, opset: int):
    x, weight, zero = floats(1, 3, 6, 7), floats(4, 3, 3, 2, seed=1), np.zeros(4)
    expected = convolved(x, weight, zero, FLAT)
    assert_both(tmp_path, "Convolution", [x], expected, FLAT.text(4, bias=False), [weight], opset)
    spread = floats(3, 4, 3, 2, seed=1)
    expected = deconvolved(x, spread, zero, FLAT)
    assert_both(tmp_path, "Deconvolution", [x], expected, FLAT.text(4, bias=False), [spread], opset)


def test_h_and_w_fields(tmp_path: Path):
    x, weight = floats(1, 2, 6, 5), floats(2, 2, 3, 2, seed=1)
    body = "num_output: 2 kernel_h: 3 kernel_w: 2 stride_h: 2 stride_w: 1 pad_h: 1 bias_term: false"
    expected = convolved(x, weight, np.zeros(2), Geometry((3, 2), (2, 1), (1, 0), (1, 1)))
    assert_both(tmp_path, "Convolution", [x], expected, f"convolution_param {{ {body} }}", [weight])


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
def test_channels_at_another_axis(tmp_path: Path, kind: str):
    x, weight, bias = floats(2, 3, 4, 5), floats(4, 4, 3, seed=1), floats(4, seed=2)
    line = Geometry((3,), (2,), (1,), (1,))
    made = (convolved if kind == "Convolution" else deconvolved)(x.reshape(6, 4, 5), weight, bias, line)
    expected = made.reshape(2, 3, *made.shape[1:])
    assert_both(tmp_path, kind, [x], expected, line.text(4, more="axis: 2"), [weight, bias])
    assert_both(tmp_path, kind, [x], expected, line.text(4, more="axis: -2"), [weight, bias])


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
def test_no_spatial_axis(tmp_path: Path, kind: str):
    x, weight, bias = floats(5, 3), floats(3, 3, seed=1), floats(3, seed=2)
    matrix = weight.T if kind == "Convolution" else weight
    expected = x.astype(np.float64) @ matrix.astype(np.float64) + bias
    assert_both(
        tmp_path, kind, [x], expected, "convolution_param { num_output: 3 kernel_size: 1 }", [weight, bias]
    )


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
def test_several_bottoms_share_the_weights(tmp_path: Path, kind: str):
    geometry = Geometry((3, 3), (1, 1), (1, 1), (1, 1))
    inputs, weight, bias = [floats(1, 2, 4, 3, seed=s) for s in (0, 5)], floats(2, 2, 3, 3, seed=1), floats(2)
    rule = convolved if kind == "Convolution" else deconvolved
    expected = [rule(x, weight, bias, geometry) for x in inputs]
    net = assert_both(tmp_path, kind, inputs, expected, geometry.text(2), [weight, bias])
    assert net.outputs == ("out0", "out1")


def test_oracle_takes_other_sizes(tmp_path: Path):
    geometry = Geometry((3, 3), (2, 2), (1, 1), (1, 1))
    weight, bias, x = floats(2, 2, 3, 3), floats(2), floats(3, 2, 9, 4, seed=4)
    net = one_layer(tmp_path, "Convolution", [floats(1, 2, 5, 5)], geometry.text(2), [weight, bias])
    assert np.allclose(
        run_reference(net, {"in0": x})["out0"], convolved(x, weight, bias, geometry), atol=1e-12
    )


@pytest.mark.parametrize(
    ("body", "shape", "code"),
    [
        ("num_output: 2", (1, 2, 4, 4), "CTK507"),
        ("num_output: 0 kernel_size: 1", (1, 2, 4, 4), "CTK507"),
        ("kernel_size: 1", (1, 2, 4, 4), "CTK507"),
        ("num_output: 2 kernel_size: 0", (1, 2, 4, 4), "CTK507"),
        ("num_output: 2 kernel_size: 1 dilation: 0", (1, 2, 4, 4), "CTK507"),
        ("num_output: 2 kernel_size: 1 stride_h: 2", (1, 2, 4, 4), "CTK507"),
        ("num_output: 2 kernel_size: 1 kernel_size: 1 kernel_size: 1", (1, 2, 4, 4), "CTK507"),
        ("num_output: 2 kernel_size: 1 kernel_h: 1 kernel_w: 1", (1, 2, 4, 4), "CTK507"),
        ("num_output: 2 kernel_h: 1 kernel_w: 1", (1, 2, 4), "CTK507"),
        ("num_output: 2 kernel_h: 1", (1, 2, 4, 4), "CTK507"),
        ("num_output: 2 kernel_size: 1 group: 0", (1, 2, 4, 4), "CTK507"),
        ("num_output: 3 kernel_size: 1 group: 2", (1, 2, 4, 4), "CTK507"),
        ("num_output: 2 kernel_size: 1 axis: 4", (1, 2, 4, 4), "CTK507"),
        ("num_output: 2 kernel_size: 4294967295", (1, 2, 4, 4), "CTK507"),
        ("num_output: 2 kernel_size: 2000000000 pad: 2000000000", (1, 2, 4, 4), "CTK508"),
        ("num_output: 2 kernel_size: 1 pad: 2000000000", (1, 2, 4, 4), "CTK508"),
        ("num_output: 2 kernel_size: 6", (1, 2, 4, 4), "CTK508"),
    ],
)
def test_what_caffe_refuses(tmp_path: Path, body: str, shape: tuple[int, ...], code: str):
    with pytest.raises(BadInput) as caught:
        one_layer(tmp_path, "Convolution", [floats(*shape)], f"convolution_param {{ {body} }}")
    assert caught.value.code == code, caught.value.what
    assert caught.value.where.layer == "op"


def test_padding_that_eats_a_deconvolution(tmp_path: Path):
    with pytest.raises(BadInput) as caught:
        one_layer(
            tmp_path, "Deconvolution", [floats(1, 1, 1, 1)], Geometry((2, 2), (1, 1), (1, 1), (1, 1)).text(1)
        )
    assert caught.value.code == "CTK508"


def test_bottoms_and_tops_must_pair(tmp_path: Path):
    body = "convolution_param { num_output: 2 kernel_size: 1 }"
    for inputs, tops, code in (
        ([floats(1, 2, 3, 3)] * 2, 1, "CTK505"),
        ([floats(1, 2, 3, 3), floats(1, 2, 3, 4)], 2, "CTK508"),
    ):
        with pytest.raises(BadInput) as caught:
            one_layer(tmp_path, "Convolution", inputs, body, tops=tops)
        assert caught.value.code == code


def test_another_channel_axis_takes_no_dynamic_sizes(tmp_path: Path):
    from converters.caffe.build import NetOptions
    from converters.caffe.input_shapes import InputShapes

    one_layer(
        tmp_path,
        "Convolution",
        [floats(2, 3, 4, 5)],
        "convolution_param { num_output: 2 kernel_size: 1 axis: 2 weight_filler { } bias_filler { } }",
    )
    text = (tmp_path / "net.prototxt").read_text()
    net = small_net(tmp_path, text, options=NetOptions(input_shapes=InputShapes(batch="dynamic")))
    with pytest.raises(CtkError) as caught:
        written(net, tmp_path / "x.onnx")
    assert (caught.value.code, caught.value.exit_status) == ("CTK604", 64)


def test_same_initializers_serve_all_bottoms(tmp_path: Path):
    import onnx

    inputs = [floats(1, 2, 3, 3, seed=s) for s in range(2)]
    net = one_layer(
        tmp_path,
        "Convolution",
        inputs,
        "convolution_param { num_output: 2 kernel_size: 1 }",
        [floats(2, 2, 1, 1), floats(2)],
        2,
    )
    graph = onnx.load(written(net, tmp_path / "x.onnx")).graph
    assert [item.name for item in graph.initializer] == ["op.weight", "op.bias"]
    assert [node.name for node in graph.node] == ["op", "op/1"]
    assert set(run_onnx(tmp_path / "x.onnx", {"in0": inputs[0], "in1": inputs[1]})) == {"out0", "out1"}


@pytest.mark.parametrize("opset", [11, 21])
def test_a_kernel_beyond_the_bottom_by_less_than_a_stride_fits_once(tmp_path: Path, opset: int):
    """C divides towards zero: (3 - 4) / 2 + 1 = 1, and im2col reads zeros beyond the bottom."""
    x, weight, bias = floats(2, 2, 3, 5), floats(3, 2, 4, 2, seed=1), floats(3, seed=2)
    seen = np.zeros((2, 2, 4, 5))
    seen[:, :, :3] = x
    expected = np.zeros((2, 3, 1, 2))
    for column in range(2):
        window = seen[:, :, :, 2 * column : 2 * column + 2]
        expected[:, :, 0, column] = np.einsum("ncij,ocij->no", window, weight.astype(np.float64)) + bias
    body = "convolution_param { num_output: 3 kernel_h: 4 kernel_w: 2 stride_h: 2 stride_w: 2 }"
    assert_both(tmp_path, "Convolution", [x], expected, body, [weight, bias], opset)
