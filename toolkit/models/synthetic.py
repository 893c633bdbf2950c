"""Synthetic weights for the colorization v2 network: deterministic, bit for bit, and this is their definition.

Raw words of PCG64 are turned into numbers by exact steps only, never by a sampler whose stream could differ
between NumPy versions. For blob ``i`` of a layer::

    key  = "LAYER:i"                                   e.g. conv4_2:0
    seed = first 8 bytes of sha256(key), little endian
    u    = float32(PCG64(seed) word >> 40) × 2⁻²⁴      in [0, 1), exact; blob in C order
    v    = (u − 0.5) × float32(√12)                    mean 0, variance 1

    convolution    weights v × float32(gain × √(2 / fan_in)), bias v × 0.05
                   fan_in = Cin·k², of a deconvolution Cin·k²/stride²; its weights are (Cin, Cout, k, k)
                   gain = 0.04 for bw_conv1_1 (its input is in tens), 0.55 for conv8_313 (times 2.606 after)
    BatchNorm      mean (0.30 + 0.40 u) S, variance (0.50 + 0.50 u) S, factor S
                   S = 999.98 (a training run's moving average) up to block 4, 1 from block 5 on

As in the released files, `conv8_313_rh` (a constant filler) and `class8_ab` (the coefficients) are not stored.
All arithmetic after the words is float32. The file's SHA-256 is in the model cards.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from toolkit.models.colorization_v2 import LayerRow, Window, layers

Blobs = list[NDArray[np.float32]]

_GAIN = {"bw_conv1_1": 0.04, "conv8_313": 0.55}
_NOT_STORED = {"class8_ab"}
_F = np.float32


def synthetic_layers() -> Iterator[tuple[str, str, Blobs]]:
    """Name, type and float32 blobs of each layer that the caffemodel stores, one layer in memory at a time.

    Convolutions come first and BatchNorms after them, in the order of the network: the order of the file.
    """
    channels = {row.top: row.window.channels for row in layers() if row.window is not None}
    for row in layers():
        if row.window is not None and row.name not in _NOT_STORED:
            yield row.name, row.type, _window_blobs(row, row.window)
    for row in layers():
        if row.type == "BatchNorm":
            yield row.name, row.type, _norm_blobs(row.name, channels[row.bottom])


def _window_blobs(row: LayerRow, window: Window) -> Blobs:
    kernel = (window.kernel, window.kernel)
    fan_in = float(window.channels_in * window.kernel**2)
    shape = (window.channels, window.channels_in, *kernel)
    if row.type == "Deconvolution":
        fan_in /= window.stride**2
        shape = (window.channels_in, window.channels, *kernel)
    scale = _F(_GAIN.get(row.name, 1.0) * math.sqrt(2.0 / fan_in))
    weights = _unit(f"{row.name}:0", shape)
    weights *= scale
    return [weights, _unit(f"{row.name}:1", (window.channels,)) * _F(0.05)]


def _norm_blobs(name: str, channels: int) -> Blobs:
    factor = _F(999.98) if name < "conv5" else _F(1.0)
    mean = (_F(0.30) + _F(0.40) * _uniform(f"{name}:0", (channels,))) * factor
    variance = (_F(0.50) + _F(0.50) * _uniform(f"{name}:1", (channels,))) * factor
    return [mean, variance, np.array([factor], _F)]


def _unit(key: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    values = _uniform(key, shape)
    values -= _F(0.5)
    values *= _F(math.sqrt(12.0))
    return values


def _uniform(key: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "little")
    words = np.random.PCG64(seed).random_raw(math.prod(shape))
    words >>= np.uint64(40)
    values = words.astype(_F)
    values *= _F(2.0**-24)
    return values.reshape(shape)
