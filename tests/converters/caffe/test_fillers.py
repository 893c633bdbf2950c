from __future__ import annotations

import math

import numpy as np
import pytest

from converters.caffe.fillers import UnfillableError, fill
from converters.caffe.schema import FillerParameter


def test_constant():
    values = fill(FillerParameter(type="constant", value=2.606), (313,), "s")
    assert values.dtype == np.float32
    assert values.tolist() == [np.float32(2.606)] * 313


def bilinear_of_filler_hpp(width: int, index: int) -> float:
    """One element, as `BilinearFiller::Fill` of BVLC/caffe 9b89154 counts it."""
    f = math.ceil(width / 2.0)
    c = (width - 1) / (2.0 * f)
    x = index % width
    y = (index // width) % width
    return (1 - abs(x / f - c)) * (1 - abs(y / f - c))


@pytest.mark.parametrize("width", range(1, 10))
def test_bilinear(width: int):
    values = fill(FillerParameter(type="bilinear"), (2, 3, width, width), "s")
    expected = [bilinear_of_filler_hpp(width, i) for i in range(6 * width * width)]
    assert np.allclose(values.reshape(-1), expected, rtol=1e-6, atol=0)


def test_bilinear_of_even_size_upsamples_a_ramp_exactly():
    """What the filler is for: with stride 2 and pad 1, a kernel of 4 interpolates linearly."""
    kernel = fill(FillerParameter(type="bilinear"), (1, 1, 4, 4), "s")[0, 0].sum(axis=0) / 2
    ramp = np.arange(6.0)
    up = np.zeros(14)
    for i, x in enumerate(ramp):
        up[2 * i : 2 * i + 4] += x * kernel
    assert np.allclose(np.diff(up[2:-2]), 0.5)


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (1, 1, 2, 3), ()])
def test_bilinear_needs_a_square_kernel(shape: tuple[int, ...]):
    with pytest.raises(UnfillableError):
        fill(FillerParameter(type="bilinear"), shape, "s")


def test_unknown_type():
    with pytest.raises(UnfillableError, match="Constant"):
        fill(FillerParameter(type="Constant"), (1,), "s")


@pytest.mark.parametrize("kind", ["uniform", "gaussian", "positive_unitball", "xavier", "msra"])
def test_random_ones_depend_on_the_name_only(kind: str):
    filler = FillerParameter(type=kind, std=1, variance_norm=FillerParameter.AVERAGE)
    first = fill(filler, (8, 4, 3, 3), "conv:0")
    assert np.array_equal(first, fill(filler, (8, 4, 3, 3), "conv:0"))
    assert not np.array_equal(first, fill(filler, (8, 4, 3, 3), "conv:1"))


def test_scales_of_random_ones():
    """Spread by `filler.hpp`: xavier uniform within sqrt(3/n), msra normal with std sqrt(2/n)."""
    shape = (64, 32, 3, 3)
    n = {"FAN_IN": 32 * 9, "FAN_OUT": 64 * 9, "AVERAGE": 48 * 9}
    for norm, fan in n.items():
        number = FillerParameter.VarianceNorm.Value(norm)
        xavier = fill(FillerParameter(type="xavier", variance_norm=number), shape, "a")
        assert 0.98 * math.sqrt(3 / fan) < np.abs(xavier).max() <= np.float32(math.sqrt(3 / fan))
        msra = fill(FillerParameter(type="msra", variance_norm=number), shape, "a")
        assert np.isclose(msra.std(), math.sqrt(2 / fan), rtol=0.03)
    ball = fill(FillerParameter(type="positive_unitball"), shape, "a")
    assert ball.min() >= 0
    assert np.allclose(ball.reshape(64, -1).sum(axis=1), 1, atol=1e-5)
    uniform = fill(FillerParameter(type="uniform", min=-2, max=3), shape, "a")
    assert -2 <= uniform.min() < -1.9
    assert 2.9 < uniform.max() <= 3
    normal = fill(FillerParameter(type="gaussian", mean=5, std=2), shape, "a")
    assert np.isclose(normal.mean(), 5, atol=0.1)
    assert np.isclose(normal.std(), 2, atol=0.1)
