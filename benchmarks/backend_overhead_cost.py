"""What a run through a backend object costs more than the bare call of its runtime.

    python benchmarks/backend_overhead_cost.py [--rounds 60] [--calls 100] [--json FILE]

At most 20 µs for each backend (issue 5). A network of one small convolution and a ReLU is run on one thread,
through `Session.run` and by the runtime's own call with the same arrays and the same copies of the outputs.
Both arms run in every round, in a shuffled order; of every round the medians are taken, and of their
differences over all rounds the median is the cost. Exit status 0 when every cost is within the bound,
1 otherwise, 4 when a backend could not be measured.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter_ns
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from toolkit.backends.opening import open_backend
from toolkit.errors import CtkError

BOUND_US = 20.0
SHAPE = (1, 1, 16, 16)
Array = NDArray[np.float32]
Call = Callable[[], object]


class Cost(NamedTuple):
    """Medians of one backend, in microseconds.

    Attributes:
        session_us: Of `Session.run`.
        bare_us: Of the runtime's own call.
        added_us: Of the differences between them, round by round.
    """

    session_us: float
    bare_us: float
    added_us: float


def main() -> int:
    """Measures, prints a table, and returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    costs: dict[str, Cost] = {}
    missing: dict[str, str] = {}
    with TemporaryDirectory() as folder:
        path = _written(Path(folder) / "small.onnx")
        for name in BARE:
            try:
                costs[name] = _cost_of(name, path, max(arguments.rounds, 1), max(arguments.calls, 1))
            except CtkError as error:
                missing[name] = error.headline
    held = all(cost.added_us <= BOUND_US for cost in costs.values())
    _print(costs, missing, held)
    if arguments.json:
        rows = {name: cost._asdict() for name, cost in costs.items()}
        found = {"origin": "measured", "costs": rows, "missing": missing, "bound_us": BOUND_US}
        arguments.json.write_text(json.dumps(found))
    return 1 if not held else 4 if missing else 0


def _print(costs: dict[str, Cost], missing: dict[str, str], held: bool) -> None:
    print(f"{'backend':14}{'Session.run':>14}{'bare call':>14}{'added':>14}")
    for name, cost in costs.items():
        print(f"{name:14}" + "".join(f"{figure:>11.1f} µs" for figure in cost))
    for name, why in missing.items():
        print(f"{name:14} not measured: {why}")
    print(f"bound          {BOUND_US:g} µs added: {'held' if held else 'NOT held'}")


def _cost_of(name: str, path: Path, rounds: int, calls: int) -> Cost:
    """Measures one backend; both arms must compute the same."""
    x = np.random.default_rng(5).normal(size=SHAPE).astype(np.float32)
    with open_backend(name, path, threads=1) as session:
        bare = BARE[name](path, x)
        inputs = {"x": x}
        np.testing.assert_allclose(session.run(inputs)["y"], np.asarray(bare()), atol=1e-5)
        return _measured(lambda: session.run(inputs), bare, rounds, calls)


def _measured(session: Call, bare: Call, rounds: int, calls: int) -> Cost:
    """Both arms round by round, in an order drawn anew each time; the first fifth warms up."""
    drawn = random.Random(7)  # noqa: S311 - an order, no secret
    arms = {"session": session, "bare": bare}
    found: dict[str, list[float]] = {name: [] for name in arms}
    for _ in range(rounds + max(1, rounds // 5)):
        for name in drawn.sample(sorted(arms), 2):
            found[name].append(_median_us(arms[name], calls))
    ours, theirs = (found[name][-rounds:] for name in ("session", "bare"))
    added = [a - b for a, b in zip(ours, theirs, strict=True)]
    return Cost(median(ours), median(theirs), median(added))


def _median_us(call: Call, calls: int) -> float:
    stamps = [perf_counter_ns()]
    for _ in range(calls):
        call()
        stamps.append(perf_counter_ns())
    return median(b - a for a, b in pairwise(stamps)) / 1000


def _kernel() -> Array:
    return np.random.default_rng(6).normal(size=(2, 1, 3, 3)).astype(np.float32)


def _written(path: Path) -> Path:
    """The network as an ONNX file."""
    from onnx import TensorProto, helper, numpy_helper, save_model

    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv"),
        helper.make_node("Relu", ["c"], ["y"], name="relu"),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 2, 14, 14))]
    body = helper.make_graph(nodes, "small", inputs, outputs, [numpy_helper.from_array(_kernel(), "w")])
    save_model(helper.make_model(body, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def _bare_onnxruntime(path: Path, x: Array) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    runtime = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda: runtime.run(["y"], {"x": x})[0]


def _bare_openvino(path: Path, x: Array) -> Call:
    import openvino

    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
    request = openvino.Core().compile_model(str(path), "CPU", settings).create_infer_request()

    def call() -> Any:
        request.set_input_tensor(0, openvino.Tensor(x, shared_memory=True))
        request.infer()
        return request.get_output_tensor(0).data.copy()

    return call


def _bare_opencv(path: Path, x: Array) -> Call:
    import cv2

    net = cv2.dnn.readNetFromONNX(str(path))

    def call() -> Any:
        net.setInput(x)
        return net.forward().copy()

    return call


def _bare_torch(path: Path, x: Array) -> Call:  # noqa: ARG001 - the same network, written down anew
    import torch

    convolution = torch.nn.Conv2d(1, 2, 3, bias=False)
    with torch.no_grad():
        convolution.weight.copy_(torch.from_numpy(_kernel()))
    module = torch.nn.Sequential(convolution, torch.nn.ReLU()).eval()

    def call() -> Any:
        with torch.inference_mode():
            return module(torch.from_numpy(x)).numpy()

    return call


BARE: dict[str, Callable[[Path, Array], Call]] = {
    "onnxruntime": _bare_onnxruntime,
    "openvino": _bare_openvino,
    "opencv": _bare_opencv,
    "torch": _bare_torch,
}


if __name__ == "__main__":
    sys.exit(main())
