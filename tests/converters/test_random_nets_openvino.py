"""Random networks: what OpenVINO computes from the IR is what `caffe-reference` computes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ir_running import run_ir
from layer_nets import Nets
from random_nets import RandomNet, random_nets

from converters.onnx.emit import emit_onnx
from converters.onnx.stream_writer import write_onnx
from converters.onnx_to_openvino import OnnxToOpenvino
from converters.request import ConversionRequest

FAST = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SLOW = settings(FAST, max_examples=1000)
RTOL, ATOL = 1e-4, 1e-5  # the parity rule's defaults for f32 (DESIGN §5)
ARGUMENTS = (random_nets(), st.integers(11, 21))


def assert_agrees(made: RandomNet, opset: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        net = Nets(Path(folder)).build({}, made.prototxt, made.weights)
        exact = Nets(Path(folder)).oracle(net, **made.inputs)
        source = Path(folder, "net.onnx")
        write_onnx(source, emit_onnx(net, opset)[0], dict)
        artifact = OnnxToOpenvino().convert(ConversionRequest((source,), output=Path(folder, "net.xml")))
        found = run_ir(artifact.path, made.inputs)
    for name, wanted in exact.items():
        assert found[name].shape == wanted.shape, name
        bound = ATOL + RTOL * np.abs(wanted).max(initial=0)
        assert np.abs(found[name] - wanted).max(initial=0) <= bound, name


@FAST
@given(*ARGUMENTS)
def test_openvino_agrees(made: RandomNet, opset: int):
    assert_agrees(made, opset)


@pytest.mark.slow
@SLOW
@given(*ARGUMENTS)
def test_openvino_agrees_on_many(made: RandomNet, opset: int):
    assert_agrees(made, opset)
