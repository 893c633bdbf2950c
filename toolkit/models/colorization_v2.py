"""Our own description of the network `LtoAB` (colorization v2, 2016): 57 layers as data.

Read off the structure in `science.md` §1: eight blocks of convolutions, each followed by an in-place ReLU;
a BatchNorm *after* the last ReLU of blocks 1 to 7; a deconvolution that doubles the plane; then 313 logits,
times 2.606 (6 / ln 10 to three decimals), softmax, and a 1×1 convolution with the coefficients. Values that
are Caffe's defaults (stride 1, dilation 1, no padding) are not stated. The prototxt is rendered from this by
`converters.caffe.model_files`; both models, with and without class rebalancing, share it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

NETWORK_NAME = "LtoAB"
INPUT_SHAPE = (1, 1, 224, 224)
SOFTMAX_SCALE = 2.606
"""Filler of `conv8_313_rh`; the reciprocal of the annealed mean's temperature, 1 / 0.3837."""


@dataclass(frozen=True, slots=True)
class Window:
    """A convolution's or deconvolution's parameters; kernels, strides, pads and dilations are square."""

    channels_in: int
    channels: int
    kernel: int
    stride: int = 1
    pad: int = 0
    dilation: int = 1


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One layer: Caffe name and type, the blobs it reads and makes, and its parameters where it has some."""

    name: str
    type: str
    bottom: str | None
    top: str | None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class _Block:
    """Equal convolutions conv``number``_1, _2 …; the last one has its own stride."""

    number: int
    channels: int
    count: int
    last_stride: int = 1
    dilation: int = 1


_BLOCKS = (
    _Block(1, 64, 2, last_stride=2),
    _Block(2, 128, 2, last_stride=2),
    _Block(3, 256, 3, last_stride=2),
    _Block(4, 512, 3),
    _Block(5, 512, 3, dilation=2),
    _Block(6, 512, 3, dilation=2),
    _Block(7, 512, 3),
)


def layers() -> tuple[LayerRow, ...]:
    """The 57 layers in the order of execution."""
    rows = [LayerRow("data_l", "Input", None, "data_l")]
    bottom, channels = "data_l", INPUT_SHAPE[1]
    for block in _BLOCKS:
        rows += _block_rows(block, bottom, channels)
        bottom, channels = f"conv{block.number}_{block.count}norm", block.channels
    return (*rows, *_head_rows(bottom, channels))


def _block_rows(block: _Block, bottom: str, channels: int) -> Iterator[LayerRow]:
    for index in range(1, block.count + 1):
        stride = block.last_stride if index == block.count else 1
        window = Window(channels, block.channels, 3, stride, pad=block.dilation, dilation=block.dilation)
        yield from _with_relu(f"{block.number}_{index}", "Convolution", bottom, window)
        bottom, channels = f"conv{block.number}_{index}", block.channels
    yield LayerRow(f"{bottom}norm", "BatchNorm", bottom, f"{bottom}norm")


def _head_rows(bottom: str, channels: int) -> Iterator[LayerRow]:
    yield from _with_relu("8_1", "Deconvolution", bottom, Window(channels, 256, 4, stride=2, pad=1))
    yield from _with_relu("8_2", "Convolution", "conv8_1", Window(256, 256, 3, pad=1))
    yield from _with_relu("8_3", "Convolution", "conv8_2", Window(256, 256, 3, pad=1))
    yield LayerRow("conv8_313", "Convolution", "conv8_3", "conv8_313", Window(256, 313, 1))
    yield LayerRow("conv8_313_rh", "Scale", "conv8_313", "conv8_313_rh")
    yield LayerRow("class8_313_rh", "Softmax", "conv8_313_rh", "class8_313_rh")
    yield LayerRow("class8_ab", "Convolution", "class8_313_rh", "class8_ab", Window(313, 2, 1))
    yield LayerRow("Silence", "Silence", "class8_ab", None)


def _with_relu(suffix: str, kind: str, bottom: str, window: Window) -> Iterator[LayerRow]:
    # The release calls the first convolution bw_conv1_1, and its blob conv1_1.
    name = "bw_conv1_1" if suffix == "1_1" else f"conv{suffix}"
    yield LayerRow(name, kind, bottom, f"conv{suffix}", window)
    yield LayerRow(f"relu{suffix}", "ReLU", f"conv{suffix}", f"conv{suffix}")
