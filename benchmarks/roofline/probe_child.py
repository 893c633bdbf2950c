"""The child process of a probe: loads one runtime, times one kernel after the other, prints one line of JSON.

    python -m benchmarks.roofline.probe_child kernels openvino --precision bf16 --threads 2
    python -m benchmarks.roofline.probe_child stream --threads 2

It prints ``{"rates": [{"kernel", "precision", "gflops", "disturbed"}, …]}``, for memory ``{"streams": [{"kernel",
"gb_s", "disturbed"}, …]}``, or ``{"refused": reason}`` where the runtime does not do what is asked.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.roofline.best_run import best_run
from benchmarks.roofline.probe_models import INPUT, KERNELS, Kernel, ProbeSize, write_probe
from benchmarks.roofline.stream_probe import stream_bytes, stream_rates
from toolkit.backends.opening import open_backend
from toolkit.backends.precision import parts_of
from toolkit.backends.protocol import BackendInfo, Session
from toolkit.errors import CtkError

TINY = ProbeSize(channels=8, plane=8, inner=32, rows=32)
"""For tests: large enough to run, far too small to tell anything."""
_NARROWEST_FIRST = ("i8", "f16", "bf16", "f32")
# Winograd's algorithm makes a rate that is no rate of arithmetic.
_OPTIONS: Mapping[str, Mapping[str, Any]] = {"opencv": {"winograd": False}}


def main() -> int:
    """Probes what the command line says; 0 also where a runtime refuses."""
    given = _parsed()
    try:
        found = _stream(given) if given.what == "stream" else _kernels(given)
    except CtkError as error:
        found = {"refused": error.headline}
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("what", choices=["kernels", "stream"])
    parser.add_argument("backend", nargs="?", default="")
    parser.add_argument("--precision", default="f32")
    parser.add_argument("--quantised", action="store_true")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=0.3)
    parser.add_argument("--tiny", action="store_true")
    return parser.parse_args()


def _stream(given: argparse.Namespace) -> dict[str, Any]:
    size = 2**20 if given.tiny else stream_bytes()
    rates = stream_rates(given.threads, given.seconds, size)
    return {"streams": [{"kernel": name, **rate._asdict()} for name, rate in rates.items()]}


def _kernels(given: argparse.Namespace) -> dict[str, Any]:
    size = TINY if given.tiny else ProbeSize.for_threads(given.threads)
    with TemporaryDirectory(prefix="ctk-probe-") as folder:
        return {"rates": [_rate(kernel, size, given, Path(folder)) for kernel in KERNELS]}


def _rate(kernel: Kernel, size: ProbeSize, given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    path = folder / f"{kernel}.onnx"
    write_probe(path, kernel, size, quantised=given.quantised)
    options = _OPTIONS.get(given.backend, {})
    with open_backend(given.backend, path, given.threads, precision=given.precision, **options) as session:
        inputs = {INPUT: np.random.default_rng(2).standard_normal(size.input_shape(kernel), dtype=np.float32)}
        session.run(inputs)
        best = best_run(partial(_run, session, inputs), given.seconds)
        precision = executed_by_kernel(session.info(), quantised=given.quantised)
    gflops = size.flops(kernel) / best.seconds / 1e9
    return {"kernel": kernel, "precision": precision, "gflops": gflops, "disturbed": best.disturbed}


def _run(session: Session, inputs: Mapping[str, NDArray[np.float32]]) -> None:
    session.run(inputs)
    session.synchronise()


def executed_by_kernel(info: BackendInfo, *, quantised: bool) -> str:
    """The precision of the kernels, read back; a rounding beside them may have another.

    Args:
        info: What the session says of itself.
        quantised: Whether the file asks for integers. A runtime that tells nothing about such a file is
            taken at the file's word: what it then reaches is what any such run can reach.
    """
    word = info.precision_executed
    if word is None:
        return "i8" if quantised else info.precision_requested
    return next((part for part in _NARROWEST_FIRST if part in parts_of(word)), word)


if __name__ == "__main__":
    sys.exit(main())
