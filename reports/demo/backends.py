"""The demo's round of all backends: each one's output for one picture, against caffe-reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from benchmarks.parity_check.compare import compare_outputs
from benchmarks.parity_check.rule import default_tolerance
from reports.demo.document import DemoBackend
from toolkit.backends.listing import backends
from toolkit.backends.opening import open_backend
from toolkit.messages import collected_warnings

Arrays = Mapping[str, NDArray[Any]]
# The first decides; what a runtime would choose by itself is for information.
PRECISIONS = ("f32", "native")
REFERENCE = "caffe-reference"


def check_backends(
    artifacts: Mapping[str, Path],
    inputs: Arrays,
    wanted: Arrays,
    threads: int | None,
    progress: Callable[[str], None],
) -> list[DemoBackend]:
    """One row for each installed backend that loads one of the artifacts, and each precision.

    Args:
        artifacts: Main files by format.
        inputs: Graph inputs.
        wanted: Outputs of caffe-reference for them.
        threads: Threads of each backend; physical cores when None.
        progress: Told what happens next.
    """
    rows = []
    for backend in backends():
        format_ = next((name for name in backend.formats if name in artifacts), None)
        if not backend.installed or backend.name == REFERENCE or format_ is None:
            continue
        for precision in PRECISIONS:
            progress(f"{backend.name} at {precision} against {REFERENCE}")
            rows.append(_row(backend.name, artifacts[format_], precision, inputs, wanted, threads))
    return rows


def _row(
    name: str, artifact: Path, precision: str, inputs: Arrays, wanted: Arrays, threads: int | None
) -> DemoBackend:
    # That native is not f32 is what the row itself says.
    with collected_warnings(), open_backend(name, artifact, threads, precision=precision) as session:
        info = session.info()
        found = session.run(inputs)
    outputs = compare_outputs(dict(wanted), found, default_tolerance(info.precision_executed)).outputs
    return DemoBackend(
        backend=name,
        runtime_version=info.runtime_version,
        artifact=str(artifact),
        precision_requested=precision,
        precision_executed=info.precision_executed,
        decides=precision == PRECISIONS[0],
        outputs=list(outputs),
    )


def deciding_failures(rows: Sequence[DemoBackend]) -> list[str]:
    """The backends whose deciding row fails."""
    return [
        row.backend for row in rows if row.decides and any(output.status == "fail" for output in row.outputs)
    ]
