"""The harness's `infer` back to back, in a process of its own: ``python -m benchmarks.infer_alone BACKEND FILE THREADS``.

For `benchmarks/harness_cost.py`: the loading, the call and the clock of the harness, without the stages around the
network. Each line on standard input is a number of iterations, each on standard output their median in ms.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import numpy as np

from benchmarks.harness.picture_pipeline import only_input_and_output, picture_pipeline
from benchmarks.harness.stage_timing import Pipeline, durations_ns, time_block
from toolkit.backends.opening import open_backend
from toolkit.backends.protocol import Session
from toolkit.presets.preset import PreparedPicture
from toolkit.presets.registry import preset_named


def main() -> None:
    """Answers until its input ends."""
    backend, artifact, threads = sys.argv[1:]
    session = open_backend(backend, Path(artifact), int(threads))
    source, _ = only_input_and_output(session.info())
    pipeline = infer_alone(session)
    shape = [size or 1 for size in session.info().inputs[source].shape]
    generator = np.random.default_rng(1)
    for line in sys.stdin:
        items = [
            PreparedPicture(generator.normal(size=shape).astype(np.float32), None) for _ in range(int(line))
        ]
        gc.collect()
        gc.disable()
        times = durations_ns(time_block(pipeline, items))["infer"]
        gc.enable()
        sys.stdout.write(f"{float(np.median(times)) / 1e6}\n")
        sys.stdout.flush()


def infer_alone(session: Session) -> Pipeline:
    """The harness's pipeline whose other stages give back what they get."""
    own = picture_pipeline(session, preset_named("exact"))
    return Pipeline(decode=_same, pre=_same, infer=own.infer, post=_same, encode=_same)


def _same(value: object) -> object:
    return value


if __name__ == "__main__":
    main()
