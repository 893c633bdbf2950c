"""Im2col against one pixel after the other (the loops of the definition)."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from layer_nets import Nets, one_layer
from numpy.typing import NDArray

OPSETS = (11, 13, 18, 21)


def _param(body: str) -> str:
    return f"convolution_param {{ {body} }}"


def _columns(
    x: NDArray[np.float32],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    dilation: tuple[int, ...],
    sizes: tuple[int, ...],
) -> NDArray[np.float64]:
    """For x of shape (N, C, ...): tap by tap, position by position, zero outside."""
    top = np.zeros((x.shape[0], x.shape[1] * int(np.prod(kernel)), *sizes))
    taps = list(product(*map(range, kernel)))
    for n, c, (t, tap) in product(range(x.shape[0]), range(x.shape[1]), enumerate(taps)):
        for at in np.ndindex(*sizes):
            place = tuple(
                a * s - p + k * d for a, s, p, k, d in zip(at, stride, pad, tap, dilation, strict=True)
            )
            if all(0 <= i < size for i, size in zip(place, x.shape[2:], strict=True)):
                top[(n, c * len(taps) + t, *at)] = x[(n, c, *place)]
    return top


CASES = [
    ((2, 3, 5, 6), "kernel_size: 3", (3, 3), (1, 1), (0, 0), (1, 1), (3, 4)),
    ((1, 2, 5, 6), "kernel_size: 3 pad: 1 stride: 2", (3, 3), (2, 2), (1, 1), (1, 1), (3, 3)),
    (
        (1, 2, 7, 6),
        "kernel_h: 2 kernel_w: 3 pad_h: 0 pad_w: 2 stride_h: 3 stride_w: 1",
        (2, 3),
        (3, 1),
        (0, 2),
        (1, 1),
        (2, 8),
    ),
    ((1, 2, 7, 9), "kernel_size: 3 dilation: 2 dilation: 3 pad: 1", (3, 3), (1, 1), (1, 1), (2, 3), (5, 5)),
    ((2, 2, 5), "kernel_size: 2 stride: 2", (2,), (2,), (0,), (1,), (2,)),
    (
        (1, 2, 3, 4, 3),
        "kernel_size: 2 kernel_size: 3 kernel_size: 1 pad: 1",
        (2, 3, 1),
        (1, 1, 1),
        (1, 1, 1),
        (1, 1, 1),
        (4, 4, 5),
    ),
    ((1, 2, 4, 4), "kernel_size: 1", (1, 1), (1, 1), (0, 0), (1, 1), (4, 4)),
    ((1, 2, 5, 5), "kernel_size: 1 stride: 2", (1, 1), (2, 2), (0, 0), (1, 1), (3, 3)),
    # C divides towards zero: (4 - 5) / 2 + 1 = 1, a window that overhangs.
    ((1, 1, 4, 4), "kernel_size: 5 stride: 2", (5, 5), (2, 2), (0, 0), (1, 1), (1, 1)),
    (
        (1, 1, 4, 4),
        "kernel_size: 7 stride: 3 pad: 1 force_nd_im2col: true",
        (7, 7),
        (3, 3),
        (1, 1),
        (1, 1),
        (1, 1),
    ),
]


@pytest.mark.parametrize(("shape", "body", "kernel", "stride", "pad", "dilation", "sizes"), CASES)
def test_pixels(
    nets: Nets,
    rng: np.random.Generator,
    shape: tuple[int, ...],
    body: str,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    pad: tuple[int, ...],
    dilation: tuple[int, ...],
    sizes: tuple[int, ...],
) -> None:
    x = rng.normal(size=shape).astype(np.float32)
    expected = _columns(x, kernel, stride, pad, dilation, sizes)
    nets.agree(nets.single("Im2col", shape, _param(body)), expected, x=x, opsets=OPSETS, rtol=0, atol=0)


@pytest.mark.parametrize("axis", [0, 2, -3])
def test_other_channel_axis(nets: Nets, rng: np.random.Generator, axis: int) -> None:
    x = rng.normal(size=(2, 3, 2, 4, 5)).astype(np.float32)
    lead = axis % 5
    spatial = x.shape[lead + 1 :]
    sizes = tuple(size - 1 for size in spatial)
    ones = (1,) * len(spatial)
    flat = _columns(
        x.reshape(-1, *x.shape[lead:]), (2,) * len(spatial), ones, (0,) * len(spatial), ones, sizes
    )
    expected = flat.reshape(*x.shape[:lead], *flat.shape[1:])
    net = nets.single("Im2col", x.shape, _param(f"kernel_size: 2 axis: {axis}"))
    nets.agree(net, expected, x=x, opsets=(13,), rtol=0, atol=0)


def test_infinities_stay_where_they_are(nets: Nets) -> None:
    x = np.float32([[[[1, np.inf], [2, 3]]]])
    net = nets.single("Im2col", x.shape, _param("kernel_size: 1 stride: 1 pad: 1"))
    (found,) = nets.onnx(net, 13, x=x).values()
    assert np.isinf(found).sum() == 1
    assert not np.isnan(found).any()


def test_dynamic_sizes(nets: Nets, rng: np.random.Generator) -> None:
    body = _param("kernel_size: 3 stride: 2 pad: 1 dilation: 2")
    net = nets.single("Im2col", (1, 2, 5, 5), body, dynamic={"x": (0, 2, 3)})
    x = rng.normal(size=(2, 2, 8, 11)).astype(np.float32)
    expected = _columns(x, (3, 3), (2, 2), (1, 1), (2, 2), (3, 5))
    nets.agree(net, expected, x=x, opsets=OPSETS, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("shape", "body", "code"),
    [
        ((1, 1, 4, 4), "", "CTK507"),
        ((1, 1, 4, 4), "kernel_size: 0", "CTK507"),
        ((1, 1, 4, 4), "kernel_size: 1 stride: 0", "CTK507"),
        ((1, 1, 4, 4), "kernel_size: 1 kernel_h: 1 kernel_w: 1", "CTK507"),
        ((1, 1, 4, 4), "kernel_size: 1 kernel_size: 1 kernel_size: 1", "CTK507"),
        ((1, 1, 4), "kernel_h: 1 kernel_w: 1", "CTK507"),
        ((1, 1, 4, 4), "kernel_size: 1 axis: 4", "CTK507"),
        ((1, 1, 4, 4), "kernel_size: 1 axis: 3", "CTK508"),
        ((1, 1, 4, 4), "kernel_size: 5", "CTK508"),
        ((1, 1, 4, 4), "kernel_size: 6 stride: 2", "CTK508"),
    ],
)
def test_refuses(nets: Nets, shape: tuple[int, ...], body: str, code: str) -> None:
    assert nets.code_of_fault({"x": shape}, one_layer("Im2col", _param(body))) == code


def test_a_kernel_without_end_is_not_offered(nets: Nets) -> None:
    from converters.onnx.emit import emit_onnx
    from toolkit.errors import UsageFault

    net = nets.single("Im2col", (1, 1, 6000), _param("kernel_size: 5000"))
    with pytest.raises(UsageFault) as caught:
        emit_onnx(net, 13)
    assert caught.value.code == "CTK604"


def test_in_place_only_where_nothing_moves(nets: Nets) -> None:
    first = one_layer("Power", "power_param { shift: 1 }")
    text = first + one_layer("Im2col", _param("kernel_size: 1"), ("y",)).replace('name: "l"', 'name: "m"')
    nets.agree(nets.build({"x": (1, 1, 1, 2)}, text), [[[[1, 2]]]], x=[[[[0, 1]]]])
    refused = one_layer("Im2col", _param("kernel_size: 1 stride: 2"), top="x")
    assert nets.code_of_fault({"x": (1, 1, 2, 2)}, refused) == "CTK505"


def test_a_kernel_beyond_the_picture_takes_fixed_sizes_only(nets: Nets, rng: np.random.Generator) -> None:
    """How far it reaches beyond depends on the size: written down, it is wrong at any other."""
    from converters.onnx.emit import emit_onnx
    from toolkit.errors import UsageFault

    body = _param("kernel_size: 3 stride: 2")
    with pytest.raises(UsageFault) as caught:
        emit_onnx(nets.single("Im2col", (1, 2, 2, 2), body, dynamic={"x": (2, 3)}), 13)
    assert caught.value.code == "CTK604"
    x = rng.normal(size=(3, 2, 2, 2)).astype(np.float32)
    expected = _columns(x, (3, 3), (2, 2), (0, 0), (1, 1), (1, 1))
    nets.agree(nets.single("Im2col", (1, 2, 2, 2), body, dynamic={"x": (0,)}), expected, x=x)


def test_more_channels_than_any_network_has_are_not_offered(nets: Nets) -> None:
    from converters.onnx.emit import emit_onnx
    from toolkit.errors import UsageFault

    net = nets.single("Im2col", (1, 2**17, 2), _param("kernel_size: 2"))
    assert len(emit_onnx(net, 13)[0].nodes) > 1
    net = nets.single("Im2col", (1, 2**17 + 1, 2), _param("kernel_size: 2"))
    with pytest.raises(UsageFault, match="2621"):
        emit_onnx(net, 13)
