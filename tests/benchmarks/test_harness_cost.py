"""The script that holds the harness against other loops: its parts, without asserting a time."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from benchmarks.harness.stage_timing import STAGES, durations_ns, time_block
from benchmarks.harness_cost import agreement_of
from benchmarks.infer_alone import infer_alone
from benchmarks.infer_sides import Loop
from benchmarks.measured_net import LAYERS, SIDE, write_network
from toolkit.backends.protocol import BackendInfo, TensorInfo
from toolkit.presets.preset import PreparedPicture


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ((0.98, 1.02), "held"),
        ((1.035, 1.2), "not held"),
        ((0.8, 0.96), "not held"),
        ((0.99, 1.05), "inconclusive"),
        ((0.9, 1.1), "inconclusive"),
        (None, "inconclusive"),
    ],
)
def test_a_bound_is_judged_by_the_whole_interval(interval: tuple[float, float] | None, expected: str):
    assert agreement_of(interval) == expected


class Remembers:
    def __init__(self) -> None:
        self.given: list[float] = []

    def info(self) -> BackendInfo:
        return BackendInfo(
            name="x", runtime_version="1", device="CPU", providers=(), precision_executed="f32", threads=1,
            inputs={"l": TensorInfo((1, 1, 8, 8), "float32")},
            outputs={"ab": TensorInfo((1, 2, 8, 8), "float32")},
        )  # fmt: skip

    def run(self, inputs: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
        self.given.append(float(inputs["l"][0, 0, 0, 0]))
        return {outputs[0]: np.zeros((1, 2, 8, 8), np.float32)}

    def synchronise(self) -> None:
        pass


def test_infer_alone_runs_the_network_and_nothing_else():
    session = Remembers()
    items = [PreparedPicture(np.full((1, 1, 8, 8), i, np.float32), None) for i in range(3)]
    stamps = time_block(infer_alone(session), items)
    assert session.given == [0, 1, 2]
    assert stamps.shape == (3, len(STAGES) + 1)
    assert set(durations_ns(stamps)) == {*STAGES, "total"}


def test_a_loop_answers_and_its_end_is_noticed():
    program = "import sys\nfor line in sys.stdin:\n    if line == '4\\n': break\n    print(int(line) * 2, flush=True)"
    with Loop([sys.executable, "-c", program]) as loop:
        assert loop(3) == 6
        with pytest.raises(OSError, match=r"without an answer|Broken pipe"):
            loop(4)


def test_the_network_is_what_a_preset_reads(tmp_path: Path):
    write_network(tmp_path / "net.onnx")
    model = onnx.load(tmp_path / "net.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert sum(node.op_type == "Conv" for node in model.graph.node) == LAYERS + 1
    shape = [dim.dim_value for dim in model.graph.output[0].type.tensor_type.shape.dim]
    assert shape == [1, 2, SIDE, SIDE]
