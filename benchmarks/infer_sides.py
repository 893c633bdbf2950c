"""The sides of the comparison in `benchmarks/harness_cost.py`: the harness, and loops that others wrote."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self, TypeAlias

import numpy as np

from benchmarks.harness.arm import Arm
from benchmarks.harness.arm_process import ArmProcess
from benchmarks.harness.plan import Plan

OURS, THEIRS, IN_A_PICTURE = "ours", "theirs", "in a picture"

# A loop as anybody would write it, which knows nothing of ctk.
_BARE = """
import statistics, sys, time
import numpy as np, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads, options.inter_op_num_threads = int(sys.argv[2]), 1
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
given, = session.get_inputs()
x = np.random.default_rng(1).normal(size=given.shape).astype(np.float32)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        started = time.perf_counter_ns()
        session.run(None, {given.name: x})
        times.append(time.perf_counter_ns() - started)
    print(statistics.median(times) / 1e6, flush=True)
"""
_MEDIAN = re.compile(r"Median:\s+([0-9.]+) ms")
Side: TypeAlias = Callable[[int], float]


class Loop:
    """A process that times as many iterations as it is told and answers with their median; `with` ends it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def __call__(self, iterations: int) -> float:
        """Milliseconds.

        Raises:
            OSError: When the process has ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{iterations}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise OSError("the process ended without an answer")
        return float(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


def infer_sides(
    backend: str, artifact: Path, threads: int, picture: Path, launch: int, stack: ExitStack
) -> dict[str, Side]:
    """The sides by name; each takes a number of iterations and gives their median of `infer` in ms.

    Args:
        backend: ``onnxruntime`` or ``openvino``.
        artifact: What it loads; the other program loads the same.
        threads: Of all sides.
        picture: For the harness as a whole.
        launch: Number of the launch.
        stack: Ends their processes.

    Raises:
        CtkError: When the harness cannot load the artifact.
        OSError: From a side, when its process has ended; ValueError when benchmark_app prints no median.
    """
    python = [sys.executable, "-P"]
    ours = Loop([*python, "-m", "benchmarks.infer_alone", backend, str(artifact), str(threads)])
    theirs: Side = lambda iterations: _benchmark_app(artifact, threads, iterations)  # noqa: E731
    if backend == "onnxruntime":
        theirs = stack.enter_context(Loop([*python, "-c", _BARE, str(artifact), str(threads)]))
    process = stack.enter_context(
        ArmProcess(Arm(backend, backend, artifact, threads), Plan(), [picture], launch)
    )
    return {
        OURS: stack.enter_context(ours),
        THEIRS: theirs,
        IN_A_PICTURE: _in_a_picture(process),
    }


def _in_a_picture(process: ArmProcess) -> Side:
    """The harness as `ctk bench` uses it."""
    launch = process.load()

    def side(iterations: int) -> float:
        process.block(len(launch.blocks), iterations)
        return float(np.median(launch.blocks[-1].durations("infer"))) / 1e6

    return side


def _benchmark_app(artifact: Path, threads: int, iterations: int) -> float:
    app = Path(sys.executable).with_name("benchmark_app")
    with TemporaryDirectory() as folder:
        # Beside a hint the program takes no -nthreads, but it takes this.
        config = Path(folder) / "config.json"
        config.write_text(json.dumps({"CPU": {"INFERENCE_NUM_THREADS": str(threads)}}))
        command = [
            str(app), "-m", str(artifact), "-d", "CPU", "-hint", "latency", "-api", "sync",
            "-load_config", str(config), "-infer_precision", "f32", "-niter", str(iterations),
        ]  # fmt: skip
        done = subprocess.run(  # noqa: S603 - the program beside this interpreter
            command, capture_output=True, text=True, check=True, timeout=600
        )
    found = _MEDIAN.search(done.stdout)
    if found is None:
        raise ValueError("benchmark_app printed no median")
    return float(found[1])
