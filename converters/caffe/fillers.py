"""Fillers: what Caffe puts into a blob that the caffemodel lacks (`filler.hpp`).

Only constant and bilinear are the same every time; the random ones are offered under `--allow-filler`,
seeded by the blob's name so that they too are reproducible, and reported as such.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from converters.caffe.network import Shape
from converters.caffe.schema import FillerParameter

Numbers = NDArray[np.float32]
DETERMINISTIC = frozenset({"constant", "bilinear"})


class UnfillableError(ValueError):
    """The filler cannot fill this shape, or is unknown; the text says why."""


def fill(filler: FillerParameter, shape: Shape, seed: str) -> Numbers:
    """Numbers of a filler, float32.

    Args:
        filler: Its message; the type names are case sensitive, as in Caffe.
        shape: Shape of the blob.
        seed: Name that seeds a random filler.

    Raises:
        UnfillableError: The type is unknown, or bilinear meets a blob that is no square 4-D kernel.
    """
    maker = _MAKERS.get(filler.type)
    if maker is None:
        raise UnfillableError(f"unknown filler type {filler.type!r}")
    return maker(filler, shape, seed)


def _generator(seed: str) -> np.random.Generator:
    # Made only where it is needed: importing numpy.random costs 50 ms.
    digest = hashlib.sha256(seed.encode("utf-8", "surrogateescape")).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def _constant(filler: FillerParameter, shape: Shape, _seed: str) -> Numbers:
    return np.full(shape, filler.value, np.float32)


def _bilinear(_filler: FillerParameter, shape: Shape, _seed: str) -> Numbers:
    """Upsampling kernel: (1 - |x/f - c|)(1 - |y/f - c|), f = ceil(k/2), c = (k - 1) / 2f.

    As BVLC/caffe has it since 888597e; before, and in most forks, c was (2f - 1 - f mod 2) / 2f, which is
    the same for the usual kernels of even size above 2 and of size 5, 9, 13 ...
    """
    if len(shape) != 4 or shape[2] != shape[3]:
        raise UnfillableError(f"the bilinear filler needs a square kernel of four axes, not {shape}")
    factor = math.ceil(shape[3] / 2)
    centre = (shape[3] - 1) / (2 * factor)
    ramp = 1 - np.abs(np.arange(shape[3]) / factor - centre)
    return np.broadcast_to(np.outer(ramp, ramp), shape).astype(np.float32)


def _uniform(filler: FillerParameter, shape: Shape, seed: str) -> Numbers:
    return _generator(seed).uniform(filler.min, filler.max, shape).astype(np.float32)


def _gaussian(filler: FillerParameter, shape: Shape, seed: str) -> Numbers:
    return _generator(seed).normal(filler.mean, abs(filler.std), shape).astype(np.float32)


def _positive_unitball(_filler: FillerParameter, shape: Shape, seed: str) -> Numbers:
    values = _generator(seed).uniform(
        0, 1, (shape[0] if shape else 1, -(-math.prod(shape) // max(shape[0] if shape else 1, 1)))
    )
    normed: Numbers = (values / values.sum(axis=1, keepdims=True)).astype(np.float32)
    return normed.reshape(shape)


def _fan(filler: FillerParameter, shape: Shape) -> float:
    fan_in = math.prod(shape) / max(shape[0] if shape else 1, 1)
    fan_out = math.prod(shape) / max(shape[1] if len(shape) > 1 else 1, 1)
    return {0: fan_in, 1: fan_out, 2: (fan_in + fan_out) / 2}[filler.variance_norm]


def _xavier(filler: FillerParameter, shape: Shape, seed: str) -> Numbers:
    limit = math.sqrt(3 / _fan(filler, shape))
    return _generator(seed).uniform(-limit, limit, shape).astype(np.float32)


def _msra(filler: FillerParameter, shape: Shape, seed: str) -> Numbers:
    return _generator(seed).normal(0, math.sqrt(2 / _fan(filler, shape)), shape).astype(np.float32)


_MAKERS: dict[str, Callable[[FillerParameter, Shape, str], Numbers]] = {
    "constant": _constant,
    "bilinear": _bilinear,
    "uniform": _uniform,
    "gaussian": _gaussian,
    "positive_unitball": _positive_unitball,
    "xavier": _xavier,
    "msra": _msra,
}
