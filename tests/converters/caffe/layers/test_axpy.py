"""Axpy of SENet against loops over positions, and OpenCV's importer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray

TEXT = 'layer { name: "l" type: "Axpy" bottom: "a" bottom: "x" bottom: "z" top: "y" }'


def _expected(a: Any, x: Any, z: Any) -> NDArray[np.float64]:
    y = np.empty(x.shape)
    factors = np.reshape(a, x.shape[:2])
    for position in np.ndindex(*x.shape):
        y[position] = float(factors[position[:2]]) * float(x[position]) + float(z[position])
    return y


@pytest.mark.parametrize("a_shape", [(2, 3), (2, 3, 1), (2, 3, 1, 1), (2, 3, 1, 1, 1)])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3, 4), (2, 3)])
def test_formula(
    nets: Nets, rng: np.random.Generator, a_shape: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    given = {"a": rng.normal(size=a_shape), "x": rng.normal(size=shape), "z": rng.normal(size=shape)}
    given = {name: array.astype(np.float32) for name, array in given.items()}
    net = nets.build({"a": a_shape, "x": shape, "z": shape}, TEXT)
    nets.agree(net, _expected(given["a"], given["x"], given["z"]), **given, opsets=(11, 13, 21))


@pytest.mark.parametrize("tail", [(), (1, 1)])
def test_sizes_left_open(nets: Nets, rng: np.random.Generator, tail: tuple[int, ...]) -> None:
    shapes = {"a": (1, 3, *tail), "x": (1, 3, 2, 2), "z": (1, 3, 2, 2)}
    net = nets.build(shapes, TEXT, dynamic={"a": (0,), "x": (0, 2, 3), "z": (0, 2, 3)})
    a = rng.normal(size=(4, 3, *tail)).astype(np.float32)
    x, z = rng.normal(size=(2, 4, 3, 5, 6)).astype(np.float32)
    nets.agree(net, _expected(a, x, z), a=a, x=x, z=z)


@pytest.mark.parametrize(
    ("a", "x", "z"),
    [
        ((2, 4), (2, 3, 4), (2, 3, 4)),
        ((1, 3), (2, 3, 4), (2, 3, 4)),
        ((2, 3, 4), (2, 3, 4), (2, 3, 4)),
        ((2, 3, 1, 2), (2, 3, 4, 4), (2, 3, 4, 4)),
        ((2, 3), (2, 3, 4), (2, 3, 1)),
        ((2,), (2, 3), (2, 3)),
        ((2,), (2,), (2,)),
        ((1, 1), (1, 1, 1, 1, 1), (1, 1, 1, 1, 1)),
    ],
)
def test_shapes_that_do_not_go_together(
    nets: Nets, a: tuple[int, ...], x: tuple[int, ...], z: tuple[int, ...]
) -> None:
    assert nets.code_of_fault({"a": a, "x": x, "z": z}, TEXT) == "CTK508"


def test_wiring(nets: Nets) -> None:
    shapes = {"a": (1, 2), "x": (1, 2), "z": (1, 2)}
    assert nets.code_of_fault(shapes, TEXT.replace('top: "y"', 'top: "a"')) == "CTK505"
    assert nets.code_of_fault(shapes, TEXT.replace('bottom: "z"', "")) == "CTK505"


def test_as_opencv(nets: Nets, rng: np.random.Generator, opencv: Callable[..., Any]) -> None:
    # OpenCV takes one input here, so the factor is made from it by pooling.
    shape = (1, 3, 4, 4)
    text = """
        layer { name: "p" type: "Pooling" bottom: "x" top: "a" pooling_param { pool: AVE global_pooling: true } }
        layer { name: "l" type: "Axpy" bottom: "a" bottom: "x" bottom: "x" top: "y" }"""
    x = rng.normal(1, 1, shape).astype(np.float32)
    mean = x.mean(axis=(2, 3), dtype=np.float64)
    np.testing.assert_allclose(opencv(shape, text, x), _expected(mean, x, x), rtol=1e-5, atol=1e-6)
