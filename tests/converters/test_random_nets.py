"""Random networks: what onnxruntime computes is what `caffe-reference` computes.

Both come from the same reader; the arithmetic of the two is written separately for every layer type.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from layer_nets import Nets
from random_nets import RandomNet, random_nets

from converters.caffe.prototxt import parse_prototxt

FAST = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SLOW = settings(FAST, max_examples=2000)
RTOL, ATOL = 1e-4, 1e-5  # the parity rule's defaults for f32 (DESIGN §5)
ARGUMENTS = (random_nets(), st.integers(11, 21))


def assert_equal_both_ways(made: RandomNet, opset: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        nets = Nets(Path(folder))
        net = nets.build({}, made.prototxt, made.weights)
        exact = nets.oracle(net, **made.inputs)
        found = nets.onnx(net, opset, **made.inputs)
    assert found.keys() == exact.keys()
    for name, wanted in exact.items():
        assert found[name].shape == wanted.shape, name
        assert np.isfinite(wanted).all(), name
        bound = ATOL + RTOL * np.abs(wanted).max(initial=0)
        assert np.abs(found[name] - wanted).max(initial=0) <= bound, name


@FAST
@given(*ARGUMENTS)
def test_both_executions_agree(made: RandomNet, opset: int):
    assert_equal_both_ways(made, opset)


@pytest.mark.slow
@SLOW
@given(*ARGUMENTS)
def test_both_executions_agree_on_many(made: RandomNet, opset: int):
    assert_equal_both_ways(made, opset)


def test_the_generator_reaches_what_it_should():
    """Otherwise the tests above would be silent about a type, or about blobs that are overwritten."""
    seen: set[str] = set()
    overwritten, fanned_out = [], []

    @settings(FAST, max_examples=300)
    @given(random_nets())
    def collect(made: RandomNet) -> None:
        seen.update(made.types)
        layers = parse_prototxt(made.prototxt.encode(), "random.prototxt").message.layer
        read = [bottom for layer in layers for bottom in layer.bottom]
        overwritten.append(any(set(layer.top) & set(layer.bottom) for layer in layers))
        fanned_out.append(len(read) > len(set(read)))

    collect()
    assert set(SIMPLE.split()) <= seen
    assert sum(overwritten) >= 50
    assert sum(fanned_out) >= 50


SIMPLE = (
    "AbsVal ArgMax Axpy BNLL BatchNorm BatchReindex Bias Clip Concat Convolution ConvolutionDepthwise Crop "
    "Deconvolution Dropout ELU Eltwise Embed Exp Flatten Im2col InnerProduct Interp LRN Log MVN Normalize PReLU "
    "Permute Pooling Power ReLU ReLU6 Reduction Reshape SPP Scale ShuffleChannel Sigmoid Slice Softmax Split "
    "Swish TanH Threshold Tile Upsample"
)
