"""The document as CSV: one row for each run and stage, units in the names of the columns.

Figures that only a mode has, such as those of arrivals in stream, are columns of their own in every row of their run.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.bench_document import BenchDocument, BenchRun, StageSummary
from reports.bench.stage_table import ordered_stages
from toolkit.atomic import write_atomically
from toolkit.errors import EnvironmentFailed

Row = dict[str, Any]


def csv_rows(document: BenchDocument) -> list[Row]:
    """Rows with the same keys in the same order; a run without stages has one, with null for their figures."""
    rows = []
    of_mode = list(dict.fromkeys(name for run in document.runs for name in run.mode_figures))
    for run in document.runs:
        stages: list[str | None] = [*ordered_stages(run)]
        figures = {name: run.mode_figures.get(name) for name in of_mode}
        rows += [{**_run(document, run), **_stage(run, stage), **figures} for stage in stages or [None]]
    return rows


def write_csv(document: BenchDocument, target: Path) -> None:
    """Writes the rows with pandas, atomically; null is an empty field.

    Raises:
        EnvironmentFailed: CTK404 when pandas is missing, CTK401 or CTK402 when the file cannot be written.
    """
    frame = _pandas().DataFrame.from_records(csv_rows(document))
    # Whole numbers stay whole beside empty fields.
    text: str = frame.convert_dtypes().to_csv(index=False, lineterminator="\n")
    write_atomically(target, text.encode())


def _pandas() -> Any:
    try:
        return import_module("pandas")
    except ImportError as error:
        raise EnvironmentFailed(
            "CTK404", "--csv needs pandas, which is not installed", notes=["install it: pip install pandas"]
        ) from error


def _run(document: BenchDocument, run: BenchRun) -> Row:
    return {
        "created": document.created,
        "model": document.model.name,
        "weights": document.model.weights,
        "cpu": document.machine.cpu,
        "mode": document.settings.mode,
        "preset": document.settings.preset,
        "arm": run.arm,
        "origin": run.origin,
        "backend": run.backend,
        "runtime_version": run.runtime_version,
        "device": run.device,
        "precision_requested": run.precision_requested,
        "precision_executed": run.precision_executed,
        "threads": run.threads,
        "batch": run.batch,
        "status": run.status,
        "launches": len(run.launches),
        "load_ms": run.load_ms,
        "first_infer_ms": run.first_infer_ms,
        "peak_rss_bytes": run.peak_rss_bytes,
        "items_per_s": run.items_per_s,
        "plausibility": run.plausibility.verdict if run.plausibility is not None else None,
        "floor_ms": run.plausibility.floor_ms if run.plausibility is not None else None,
    }


def _stage(run: BenchRun, stage: str | None) -> Row:
    figures = (
        run.stages[stage].model_dump() if stage is not None else dict.fromkeys(StageSummary.model_fields)
    )
    interval = figures.pop("ci95_ms") or (None, None)
    return {
        "stage": stage,
        "share": run.share.get(stage) if stage is not None else None,
        "ci95_low_ms": interval[0],
        "ci95_high_ms": interval[1],
        **figures,
    }
