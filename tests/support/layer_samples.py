"""One layer as a network: what the oracle and onnxruntime make of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from caffe_samples import caffemodel, input_layer, layer, small_net
from numpy.typing import NDArray
from onnx_samples import run_onnx, written

from converters.caffe.network import Net
from converters.caffe.reference import run_reference
from toolkit.messages import collected_warnings

Array = NDArray[np.float64]


def one_layer(
    folder: Path,
    kind: str,
    inputs: Sequence[NDArray[Any]],
    body: str = "",
    blobs: Sequence[Any] = (),
    tops: int = 1,
) -> Net:
    """A network of that layer alone: inputs in0, in1 ..., tops out0, out1 ..."""
    text = "".join(input_layer(*array.shape, name=f"in{i}") for i, array in enumerate(inputs))
    bottoms = [f"in{i}" for i in range(len(inputs))]
    text += layer("op", kind, bottoms, [f"out{i}" for i in range(tops)], body)
    with collected_warnings():
        return small_net(folder, text, caffemodel([("op", kind, blobs)] if blobs else []) or None)


def both(
    net: Net, folder: Path, inputs: Sequence[NDArray[Any]], opset: int = 13
) -> list[tuple[Array, Array]]:
    """Per top, what the oracle makes, and onnxruntime."""
    given = {f"in{i}": array for i, array in enumerate(inputs)}
    oracle = run_reference(net, given)
    runtime = run_onnx(written(net, folder / f"op{opset}.onnx", opset), given)
    return [(oracle[name], runtime[name].astype(np.float64)) for name in net.outputs]


def assert_both(
    folder: Path,
    kind: str,
    inputs: Sequence[NDArray[Any]],
    expected: Array | Sequence[Array],
    body: str = "",
    blobs: Sequence[Any] = (),
    opset: int = 13,
) -> Net:
    """The oracle equals what the test expects to float64 rounding, onnxruntime to float32 rounding."""
    wanted = list(expected) if isinstance(expected, (list, tuple)) else [expected]
    net = one_layer(folder, kind, inputs, body, blobs, len(wanted))
    for (oracle, runtime), right in zip(both(net, folder, inputs, opset), wanted, strict=True):
        largest = float(np.abs(right).max(initial=1e-30))
        assert oracle.dtype == np.float64
        assert oracle.shape == runtime.shape == right.shape == net.values[net.outputs[0]].shape
        assert np.abs(oracle - right).max(initial=0) <= 1e-12 * largest
        assert np.abs(runtime - right).max(initial=0) <= 2e-5 * largest
    return net


def floats(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)
