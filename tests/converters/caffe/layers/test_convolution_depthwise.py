"""ConvolutionDepthwise against scipy's two-dimensional correlation of every channel by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray
from scipy.signal import correlate2d

from converters.caffe.layers.registry import MACS, REACHES


def depthwise(body: str, top: str = "out"):
    return (
        f'layer {{ name: "dw" type: "ConvolutionDepthwise" bottom: "x" top: "{top}" '
        f"convolution_param {{ {body} }} }}"
    )


def numbers(*shape: int, seed: int = 0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def by_scipy(
    x: NDArray[np.float32],
    weight: NDArray[np.float32],
    bias: NDArray[np.float32],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    dilation: tuple[int, ...],
):
    """Padded, correlated with the kernel spread by zeros, thinned out by the stride."""
    spread = np.zeros(
        (weight.shape[0], *(d * (k - 1) + 1 for d, k in zip(dilation, weight.shape[2:], strict=True)))
    )
    spread[:, :: dilation[0], :: dilation[1]] = weight[:, 0]
    padded = np.pad(x.astype(np.float64), [(0, 0), (0, 0), (pad[0], pad[0]), (pad[1], pad[1])])
    planes = [
        [correlate2d(padded[n, c], spread[c], "valid")[:: stride[0], :: stride[1]] for c in range(x.shape[1])]
        for n in range(x.shape[0])
    ]
    return np.asarray(planes) + bias.reshape(1, -1, 1, 1)


CASES = [
    ("kernel_size: 3 pad: 1 num_output: 4 group: 4", (3, 3), (1, 1), (1, 1), (1, 1)),
    ("kernel_size: 3 pad: 1 stride: 2", (3, 3), (2, 2), (1, 1), (1, 1)),
    ("kernel_h: 2 kernel_w: 3 stride_h: 1 stride_w: 2 pad_h: 0 pad_w: 1", (2, 3), (1, 2), (0, 1), (1, 1)),
    ("kernel_size: 3 kernel_size: 2 dilation: 2", (3, 2), (1, 1), (0, 0), (2, 2)),
    ("kernel_size: 5 kernel_h: 2 kernel_w: 2", (2, 2), (1, 1), (0, 0), (1, 1)),
]


@pytest.mark.parametrize(("body", "kernel", "stride", "pad", "dilation"), CASES)
def test_every_channel_is_correlated_with_its_own_kernel(
    nets: Nets,
    body: str,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    dilation: tuple[int, ...],
):
    x, weight, bias = numbers(2, 4, 7, 8), numbers(4, 1, *kernel, seed=1), numbers(4, seed=2)
    net = nets.build({"x": x.shape}, depthwise(body), {"dw": [weight, bias]})
    wanted = by_scipy(x, weight, bias, stride, pad, dilation)
    np.testing.assert_allclose(nets.oracle(net, x=x)["out"], wanted, rtol=1e-10, atol=1e-12)
    for opset in (11, 21):
        np.testing.assert_allclose(nets.onnx(net, opset, x=x)["out"], wanted, rtol=1e-4, atol=1e-5)


def test_without_bias_at_dynamic_sizes(nets: Nets):
    weight = numbers(3, 1, 3, 3, seed=1)
    net = nets.build(
        {"x": (1, 3, 8, 8)},
        depthwise("kernel_size: 3 pad: 1 bias_term: false"),
        {"dw": [weight]},
        dynamic={"x": (0, 2, 3)},
    )
    x = numbers(2, 3, 5, 9)
    wanted = by_scipy(x, weight, np.zeros(3), (1, 1), (1, 1), (1, 1))
    np.testing.assert_allclose(nets.onnx(net, 13, x=x)["out"], wanted, rtol=1e-4, atol=1e-5)


def test_products_and_reach(nets: Nets):
    net = nets.build(
        {"x": (1, 3, 8, 8)},
        depthwise("kernel_size: 3 stride: 2 bias_term: false"),
        {"dw": [numbers(3, 1, 3, 3)]},
    )
    assert MACS["ConvolutionDepthwise"](net.layers[-1]) == 3 * 3 * 3 * 9
    assert [tuple(r) for r in REACHES["ConvolutionDepthwise"](net.layers[-1])] == [(3, 2, False)] * 2


@pytest.mark.parametrize(
    ("shape", "body", "top", "code"),
    [
        ((1, 4, 5, 5), "kernel_size: 3 num_output: 8", "out", "CTK507"),
        ((1, 4, 5, 5), "kernel_size: 3 group: 2", "out", "CTK507"),
        ((1, 4, 5, 5), "", "out", "CTK507"),
        ((1, 4, 5, 5), "kernel_size: 3 stride: 0", "out", "CTK507"),
        ((1, 4, 5, 5), "kernel_size: 6", "out", "CTK508"),
        ((1, 4, 5), "kernel_size: 3", "out", "CTK508"),
        ((1, 4, 5, 5), "kernel_size: 3 pad: 1", "x", "CTK505"),
    ],
)
def test_what_does_not_fit_is_refused(nets: Nets, shape: tuple[int, ...], body: str, top: str, code: str):
    assert nets.code_of_fault({"x": shape}, depthwise(body, top)) == code


def test_an_ordinary_weight_does_not_fit(nets: Nets):
    layers = depthwise("kernel_size: 3 bias_term: false")
    assert nets.code_of_fault({"x": (1, 4, 5, 5)}, layers, {"dw": [numbers(4, 4, 3, 3)]}) == "CTK510"


def test_opencv_computes_the_same(nets: Nets, opencv: Callable[..., NDArray[Any]]):
    x, weight, bias = numbers(1, 4, 7, 8), numbers(4, 1, 3, 3, seed=1), numbers(4, seed=2)
    layer = depthwise("num_output: 4 group: 4 kernel_size: 3 stride: 2 pad: 1")
    stored = {"dw": [weight, bias]}
    net = nets.build({"x": x.shape}, layer, stored)
    wanted = opencv(x.shape, layer, x, stored)
    np.testing.assert_allclose(nets.onnx(net, 13, x=x)["out"], wanted, rtol=1e-4, atol=1e-5)
