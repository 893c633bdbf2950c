"""SPP against Caffe's pooling loop, written out for each level."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from layer_nets import Nets, one_layer
from numpy.typing import NDArray

from converters.onnx.emit import emit_onnx
from toolkit.errors import UsageFault

OPSETS = (11, 12, 13, 18, 19, 21)


def _windows(size: int, bins: int) -> list[tuple[int, int, int]]:
    """(first pixel, end, divisor) of every window along one axis."""
    kernel = math.ceil(size / bins)
    pad = (kernel * bins - size + 1) // 2
    count = math.ceil((size + 2 * pad - kernel) / kernel) + 1
    if pad and (count - 1) * kernel >= size + pad:
        count -= 1
    found = []
    for i in range(count):
        start = i * kernel - pad
        end = min(start + kernel, size + pad)
        found.append((max(start, 0), min(end, size), end - start))
    return found


def _pyramid(x: NDArray[np.float32], height: int, is_max: bool) -> list[NDArray[np.float64]]:
    levels = []
    for level in range(height):
        rows, columns = (_windows(size, 2**level) for size in x.shape[2:])
        top = np.zeros((*x.shape[:2], len(rows), len(columns)))
        for i, (a, b, tall) in enumerate(rows):
            for j, (c, d, wide) in enumerate(columns):
                part = x[:, :, a:b, c:d].astype(np.float64)
                top[:, :, i, j] = part.max((2, 3)) if is_max else part.sum((2, 3)) / (tall * wide)
        levels.append(top)
    return levels


def _spp(height: int, pool: str) -> str:
    return f"spp_param {{ pyramid_height: {height} pool: {pool} }}"


@pytest.mark.parametrize("pool", ["MAX", "AVE"])
@pytest.mark.parametrize(
    ("size", "height"),
    [
        ((8, 8), 4),
        ((7, 7), 3),
        ((9, 6), 3),
        ((13, 11), 3),
        ((3, 2), 2),
        ((6, 16), 3),
        ((1, 1), 1),
        ((23, 31), 3),
    ],
)
def test_pyramids(
    nets: Nets, rng: np.random.Generator, size: tuple[int, int], height: int, pool: str
) -> None:
    x = rng.normal(size=(2, 3, *size)).astype(np.float32) - 3
    levels = _pyramid(x, height, pool == "MAX")
    expected = levels[0] if height == 1 else np.concatenate([v.reshape(2, -1) for v in levels], axis=1)
    nets.agree(nets.single("SPP", x.shape, _spp(height, pool)), expected, x=x, opsets=OPSETS, rtol=1e-5)


def test_the_pool_is_max_by_default(nets: Nets) -> None:
    net = nets.single("SPP", (1, 1, 2, 2), "spp_param { pyramid_height: 2 }")
    nets.agree(net, [[4, 1, 2, 3, 4]], x=[[[[1, 2], [3, 4]]]])


def test_dynamic_batch(nets: Nets, rng: np.random.Generator) -> None:
    net = nets.single("SPP", (1, 2, 4, 4), _spp(2, "AVE"), dynamic={"x": (0,)})
    x = rng.normal(size=(3, 2, 4, 4)).astype(np.float32)
    expected = np.concatenate([v.reshape(3, -1) for v in _pyramid(x, 2, False)], axis=1)
    nets.agree(net, expected, x=x)


def test_dynamic_height_is_not_offered(nets: Nets) -> None:
    net = nets.single("SPP", (1, 2, 4, 4), _spp(2, "AVE"), dynamic={"x": (2,)})
    with pytest.raises(UsageFault) as caught:
        emit_onnx(net, 13)
    assert caught.value.code == "CTK604"


@pytest.mark.parametrize(
    ("shape", "body", "code"),
    [
        ((1, 1, 4, 4), "", "CTK507"),
        ((1, 1, 4, 4), _spp(0, "MAX"), "CTK507"),
        ((1, 1, 4, 4), _spp(1, "STOCHASTIC"), "CTK507"),
        ((1, 1, 4), _spp(1, "MAX"), "CTK508"),
        ((1, 1, 4, 4), _spp(4, "MAX"), "CTK508"),
        ((1, 1, 8, 5), _spp(3, "AVE"), "CTK508"),
        ((1, 1, 4, 4), _spp(4294967295, "AVE"), "CTK508"),
    ],
)
def test_refuses(nets: Nets, shape: tuple[int, ...], body: str, code: str) -> None:
    assert nets.code_of_fault({"x": shape}, one_layer("SPP", body)) == code


def test_refuses_in_place(nets: Nets) -> None:
    assert nets.code_of_fault({"x": (1, 1, 1, 1)}, one_layer("SPP", _spp(1, "MAX"), top="x")) == "CTK505"


@pytest.mark.parametrize("level", range(6))
def test_caffes_loop_makes_as_many_windows_as_bins_and_divides_all_by_the_kernel(level: int) -> None:
    """Hence there is no map of divisors, which would grow with the stated sizes."""
    for size in range(1, 400):
        kernel = math.ceil(size / 2**level)
        if (kernel * 2**level - size + 1) // 2 < kernel:  # Caffe refuses a pad as large as the kernel
            assert [divisor for *_, divisor in _windows(size, 2**level)] == [kernel] * 2**level


def test_emitting_a_huge_pyramid_takes_no_memory(nets: Nets) -> None:
    """200 bytes of prototxt can declare it."""
    net = nets.single("SPP", (1, 1, 2**15, 2**15), _spp(13, "AVE"))
    emit_onnx(net, 13)  # imports what it needs
    tracemalloc.start()
    try:
        emit_onnx(net, 13)
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()
