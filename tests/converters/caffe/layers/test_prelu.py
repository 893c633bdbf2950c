"""PReLU against its branches, channel by channel; the forms of its blob and its fillers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layer_nets import Nets
from numpy.typing import NDArray

from converters.caffe.schema import NetParameter

SLOPES = np.float32([0.25, -0.5, 3])


def _expected(x: Any, slope_of_channel: Sequence[float]) -> NDArray[np.float64]:
    y = np.array(x, np.float64)
    for position in np.ndindex(*x.shape):
        if y[position] < 0:
            y[position] *= float(slope_of_channel[position[1]])
    return y


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3, 4), (4, 3)])
def test_by_channel(nets: Nets, rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    x = rng.normal(size=shape).astype(np.float32)
    nets.agree(
        nets.single("PReLU", shape, blobs=[SLOPES]), _expected(x, SLOPES), x=x, opsets=(11, 15, 16, 21)
    )


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (4, 3)])
def test_shared(nets: Nets, rng: np.random.Generator, shape: tuple[int, ...]) -> None:
    x = rng.normal(size=shape).astype(np.float32)
    net = nets.single("PReLU", shape, "prelu_param { channel_shared: true }", [np.float32(-2)])
    nets.agree(net, _expected(x, [-2] * 3), x=x)


def test_sizes_left_open(nets: Nets, rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 3, 2, 7)).astype(np.float32)
    net = nets.single("PReLU", (1, 3, 4, 5), blobs=[SLOPES], dynamic={"x": (0, 2, 3)})
    nets.agree(net, _expected(x, SLOPES), x=x)


def test_in_place(nets: Nets) -> None:
    text = 'layer { name: "l" type: "PReLU" bottom: "x" top: "x" }'
    net = nets.build({"x": (1, 3)}, text, {"l": [SLOPES]})
    nets.agree(net, [[-0.25, 1, -3]], x=[[-1, -2, -1]])


def test_stated_filler(nets: Nets) -> None:
    net = nets.single("PReLU", (1, 2), "prelu_param { filler { value: 0.125 } }")
    nets.agree(net, [[-0.125, 2]], x=[[-1, 2]])


def test_default_of_a_quarter_is_nobodys_statement(nets: Nets) -> None:
    text = 'layer { name: "l" type: "PReLU" bottom: "x" top: "y" }'
    assert nets.code_of_fault({"x": (1, 2)}, text) == "CTK511"


def test_shared_slope_has_no_axes(nets: Nets) -> None:
    text = 'layer { name: "l" type: "PReLU" bottom: "x" top: "y" prelu_param { channel_shared: true } }'
    assert nets.code_of_fault({"x": (1, 2)}, text, {"l": [np.float32([1])]}) == "CTK510"


def test_shared_slope_of_four_legacy_axes(nets: Nets, tmp_path: Path) -> None:
    message = NetParameter()
    blob = message.layer.add(name="l").blobs.add(num=1, channels=1, height=1, width=1)
    blob.data.append(0.5)
    path = tmp_path / "legacy.caffemodel"
    path.write_bytes(message.SerializeToString())
    net = nets.build(
        {"x": (1, 2)},
        'layer { name: "l" type: "PReLU" bottom: "x" top: "y" prelu_param { channel_shared: true } }',
        path,
    )
    nets.agree(net, [[-0.5, 2]], x=[[-1, 2]])


@pytest.mark.parametrize("shape", [(3,), (1, 2, 1, 1, 1)])
def test_number_of_axes(nets: Nets, shape: tuple[int, ...]) -> None:
    text = 'layer { name: "l" type: "PReLU" bottom: "x" top: "y" }'
    assert nets.code_of_fault({"x": shape}, text) == "CTK508"
