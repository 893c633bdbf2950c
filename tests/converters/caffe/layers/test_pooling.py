"""Pooling against loops over windows, written from Caffe's rules and not from the handler."""

from __future__ import annotations

import math

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray

from converters.onnx.emit import emit_onnx
from toolkit.errors import UsageFault

LOWEST = np.float32(-3.4028235e38)


def window_counts(
    sizes: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    floor: bool,
):
    counts = []
    for x, k, s, p in zip(sizes, kernel, stride, pad, strict=True):
        exact = (x + 2 * p - k) / s
        n = (math.floor(exact) if floor else math.ceil(exact)) + 1
        if any(pad) and (n - 1) * s >= x + p:
            n -= 1
        counts.append(n)
    return counts


def by_loops(
    x: NDArray[np.float32],
    pool: str,
    kernel: tuple[int, ...],
    stride: tuple[int, ...] = (1, 1),
    pad: tuple[int, ...] = (0, 0),
    floor: bool = False,
):
    """Tops (values, mask) pixel by pixel, as the definition says."""
    height, width = x.shape[2:]
    rows, columns = window_counts((height, width), kernel, stride, pad, floor)
    values = np.zeros((*x.shape[:2], rows, columns))
    mask = np.full(values.shape, -1.0)
    for n, c, i, j in np.ndindex(*values.shape):
        top, left = i * stride[0] - pad[0], j * stride[1] - pad[1]
        pixels = [
            (h, w)
            for h in range(top, top + kernel[0])
            for w in range(left, left + kernel[1])
            if 0 <= h < height and 0 <= w < width
        ]
        if pool == "MAX":
            values[n, c, i, j] = LOWEST
            for h, w in pixels:
                if x[n, c, h, w] > values[n, c, i, j]:
                    values[n, c, i, j], mask[n, c, i, j] = x[n, c, h, w], h * width + w
        else:
            area = (min(top + kernel[0], height + pad[0]) - top) * (
                min(left + kernel[1], width + pad[1]) - left
            )
            values[n, c, i, j] = sum(float(x[n, c, h, w]) for h, w in pixels) / area
    return values, mask


def pooling(body: str, tops: tuple[str, ...] = ("out",)):
    named = " ".join(f'top: "{top}"' for top in tops)
    return f'layer {{ name: "pool" type: "Pooling" bottom: "x" {named} pooling_param {{ {body} }} }}'


def picture(*shape: int, seed: int = 0):
    # Small integers, so that there are ties.
    return np.random.default_rng(seed).integers(-4, 5, shape).astype(np.float32)


# Body of pooling_param, kernel, stride, pad, FLOOR, and the sizes at which it is tried.
GEOMETRIES = [
    ("kernel_size: 2 stride: 2", (2, 2), (2, 2), (0, 0), False, [(6, 6), (7, 6), (5, 7)]),
    ("kernel_size: 3 stride: 2", (3, 3), (2, 2), (0, 0), False, [(7, 8), (6, 9)]),
    ("kernel_size: 3 stride: 2 pad: 1", (3, 3), (2, 2), (1, 1), False, [(6, 6), (7, 8)]),
    ("kernel_size: 2 stride: 2 pad: 1", (2, 2), (2, 2), (1, 1), False, [(5, 5), (6, 5), (6, 6)]),
    ("kernel_size: 3 stride: 4 pad: 2", (3, 3), (4, 4), (2, 2), False, [(5, 6), (7, 8), (9, 10)]),
    ("kernel_size: 3 stride: 2 round_mode: FLOOR", (3, 3), (2, 2), (0, 0), True, [(6, 7), (8, 5)]),
    ("kernel_size: 3 stride: 2 pad: 1 round_mode: FLOOR", (3, 3), (2, 2), (1, 1), True, [(6, 7)]),
    ("kernel_h: 1 kernel_w: 4 stride_h: 1 stride_w: 3", (1, 4), (1, 3), (0, 0), False, [(4, 9), (3, 8)]),
    (
        "kernel_h: 3 kernel_w: 2 pad_h: 2 pad_w: 0 stride_h: 2 stride_w: 3",
        (3, 2),
        (2, 3),
        (2, 0),
        False,
        [(5, 7), (6, 6), (4, 8)],
    ),
    ("kernel_size: 2 stride: 3", (2, 2), (3, 3), (0, 0), False, [(7, 8), (4, 5)]),
    ("kernel_size: 4 stride: 3", (4, 4), (3, 3), (0, 0), False, [(3, 3), (4, 6)]),
    ("kernel_size: 4", (4, 4), (1, 1), (0, 0), False, [(4, 7)]),
    ("kernel_size: 5 stride: 3 pad: 4", (5, 5), (3, 3), (4, 4), False, [(4, 6), (7, 5)]),
]


@pytest.mark.parametrize(("body", "kernel", "stride", "pad", "floor", "sizes"), GEOMETRIES)
def test_both_ways_give_what_the_loops_give(
    nets: Nets,
    body: str,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    floor: bool,
    sizes: list[tuple[int, int]],
):
    for size in sizes:
        x = picture(2, 3, *size)
        best, mask = by_loops(x, "MAX", kernel, stride, pad, floor)
        mean, _ = by_loops(x, "AVE", kernel, stride, pad, floor)
        layers = pooling(body, ("best", "mask")) + pooling(f"pool: AVE {body}", ("mean",)).replace(
            '"pool"', '"average"'
        )
        net = nets.build({"x": x.shape}, layers)
        for made in (nets.oracle(net, x=x), nets.onnx(net, 13, x=x)):
            np.testing.assert_array_equal(made["best"], best)
            np.testing.assert_array_equal(made["mask"], mask)
            np.testing.assert_allclose(made["mean"], mean, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("opset", range(11, 22))
def test_every_opset_gives_the_same(nets: Nets, opset: int):
    x = picture(1, 2, 6, 6)
    net = nets.build(
        {"x": x.shape},
        pooling("kernel_size: 3 stride: 2 pad: 1", ("best", "mask"))
        + pooling("pool: AVE kernel_size: 3 stride: 2 pad: 1", ("mean",)).replace('"pool"', '"average"')
        + pooling("global_pooling: true", ("peak", "where")).replace('"pool"', '"whole"'),
    )
    best, mask = by_loops(x, "MAX", (3, 3), (2, 2), (1, 1))
    peak, where = by_loops(x, "MAX", (6, 6))
    made = nets.onnx(net, opset, x=x)
    np.testing.assert_array_equal(made["best"], best)
    np.testing.assert_array_equal(made["mask"], mask)
    np.testing.assert_array_equal(made["peak"], peak)
    np.testing.assert_array_equal(made["where"], where)
    np.testing.assert_allclose(
        made["mean"], by_loops(x, "AVE", (3, 3), (2, 2), (1, 1))[0], rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("pool", ["MAX", "AVE"])
def test_global_pooling_takes_the_whole_plane_at_any_size(nets: Nets, pool: str):
    layers = pooling(f"pool: {pool} global_pooling: true")
    net = nets.build({"x": (1, 2, 3, 4)}, layers, dynamic={"x": (0, 2, 3)})
    for shape in ((1, 2, 3, 4), (2, 2, 5, 3)):
        x = picture(*shape)
        whole = x.max((2, 3), keepdims=True) if pool == "MAX" else x.mean((2, 3), keepdims=True)
        np.testing.assert_allclose(nets.oracle(net, x=x)["out"], whole, atol=1e-6)
        np.testing.assert_allclose(nets.onnx(net, 13, x=x)["out"], whole, atol=1e-6)


# An AVE with a stride above the kernel and no pad is refused (test_what_has_no_form_for_every_size_is_refused).
DYNAMIC = [
    (pool, *rest)
    for pool in ("MAX", "AVE")
    for rest in GEOMETRIES
    if pool == "MAX" or any(rest[3]) or all(s <= k for s, k in zip(rest[2], rest[1], strict=True))
]


@pytest.mark.parametrize(("pool", "body", "kernel", "stride", "pad", "floor", "sizes"), DYNAMIC)
def test_dynamic_sizes_follow_the_same_rule(
    nets: Nets,
    pool: str,
    body: str,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    floor: bool,
    sizes: list[tuple[int, int]],
):
    """One file for all sizes; several residues of size and stride are tried."""
    base = (1, 1, 8, 8)
    net = nets.build({"x": base}, pooling(f"pool: {pool} {body}"), dynamic={"x": (2, 3)})
    for size in [*sizes, (8, 9), (10, 11)]:
        x = picture(1, 1, *size)
        wanted, _ = by_loops(x, pool, kernel, stride, pad, floor)
        np.testing.assert_allclose(nets.oracle(net, x=x)["out"], wanted, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(nets.onnx(net, 18, x=x)["out"], wanted, rtol=1e-6, atol=1e-6)


def test_the_mask_follows_a_dynamic_size(nets: Nets):
    layers = pooling("kernel_size: 3 stride: 2", ("out", "mask"))
    net = nets.build({"x": (1, 2, 8, 8)}, layers, dynamic={"x": (0, 2, 3)})
    for shape in ((1, 2, 7, 9), (2, 2, 6, 5)):
        x = picture(*shape)
        _, mask = by_loops(x, "MAX", (3, 3), (2, 2))
        np.testing.assert_array_equal(nets.onnx(net, 13, x=x)["mask"], mask)


@pytest.mark.parametrize("size", [(5, 8), (5, 5), (6, 6)])
def test_a_window_wholly_outside_keeps_the_start_value(nets: Nets, size: tuple[int, int]):
    """5 positions, kernel 1, stride 3: ceil gives a third window that starts at 6; of 6 positions just behind."""
    x = picture(1, 2, *size) + 1
    best, mask = by_loops(x, "MAX", (1, 1), (3, 3))
    net = nets.build({"x": x.shape}, pooling("kernel_size: 1 stride: 3", ("out", "mask")))
    assert best[0, 0, -1, -1] == LOWEST
    for made in (nets.oracle(net, x=x), nets.onnx(net, 13, x=x)):
        np.testing.assert_array_equal(made["out"], best)
        np.testing.assert_array_equal(made["mask"], mask)


def test_an_average_wholly_outside_is_zero(nets: Nets):
    x = picture(1, 2, 5, 5) + 7
    mean, _ = by_loops(x, "AVE", (1, 1), (3, 3))
    assert mean[0, 0, 2, 2] == 0
    net = nets.build({"x": x.shape}, pooling("pool: AVE kernel_size: 1 stride: 3"))
    np.testing.assert_allclose(nets.oracle(net, x=x)["out"], mean)
    np.testing.assert_allclose(nets.onnx(net, 11, x=x)["out"], mean)


def test_what_has_no_form_for_every_size_is_refused(nets: Nets):
    for layers in (
        pooling("pool: AVE kernel_size: 1 stride: 3"),
        pooling("kernel_size: 1 stride: 3", ("a", "b")),
    ):
        net = nets.build({"x": (1, 1, 8, 8)}, layers, dynamic={"x": (2, 3)})
        with pytest.raises(UsageFault) as caught:
            emit_onnx(net, 13)
        assert caught.value.code == "CTK604"
        assert caught.value.where.layer == "pool"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "CTK507"),
        ("kernel_size: 0", "CTK507"),
        ("kernel_h: 2", "CTK507"),
        ("kernel_size: 2 kernel_h: 2 kernel_w: 2", "CTK507"),
        ("kernel_size: 2 stride: 0", "CTK507"),
        ("kernel_size: 2 stride_h: 2", "CTK507"),
        ("kernel_size: 2 stride: 2 stride_h: 2 stride_w: 2", "CTK507"),
        ("kernel_size: 3 pad: 1 pad_h: 1 pad_w: 1", "CTK507"),
        ("kernel_size: 3 pad_h: 1", "CTK507"),
        ("kernel_size: 2 pad: 2", "CTK507"),
        ("kernel_size: 4294967295", "CTK507"),
        ("global_pooling: true kernel_size: 2", "CTK507"),
        ("global_pooling: true pad: 1", "CTK507"),
        ("global_pooling: true stride: 2", "CTK507"),
        ("pool: STOCHASTIC kernel_size: 2", "CTK507"),
        ("kernel_size: 9", "CTK508"),
        ("kernel_size: 6 round_mode: FLOOR", "CTK508"),
        # One position, and the second window starts right behind it: 0 / 0.
        ("pool: AVE kernel_h: 1 kernel_w: 1 stride_h: 2 stride_w: 5", "CTK508"),
    ],
)
def test_what_caffe_refuses_is_refused(nets: Nets, body: str, code: str):
    size = (4, 4) if "AVE" in body else (5, 5)
    assert nets.code_of_fault({"x": (1, 1, *size)}, pooling(body)) == code


def test_wiring_is_checked(nets: Nets):
    assert nets.code_of_fault({"x": (1, 2, 4)}, pooling("kernel_size: 2")) == "CTK508"
    twin = pooling("pool: AVE kernel_size: 2", ("a", "b"))
    assert nets.code_of_fault({"x": (1, 1, 4, 4)}, twin) == "CTK505"
    assert nets.code_of_fault({"x": (1, 1, 4, 4)}, pooling("kernel_size: 1", ("x",))) == "CTK505"


def test_kernel_size_wins_over_a_lone_kernel_h(nets: Nets):
    """Caffe tests only for both; a kernel_h without kernel_w is not looked at."""
    x = picture(1, 1, 5, 5)
    net = nets.build({"x": x.shape}, pooling("kernel_size: 2 kernel_h: 4"))
    np.testing.assert_array_equal(nets.onnx(net, 13, x=x)["out"], by_loops(x, "MAX", (2, 2))[0])
