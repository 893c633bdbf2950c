"""The document of `ctk bench` as rows."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from bench_documents import document_of, run_of

from benchmarks.bench_document import BenchRun, StageSummary
from reports.bench.csv_rows import csv_rows, write_csv

STAGES = {
    "total": StageSummary(
        n=130, mean_ms=12.5, p50_ms=12.0, ci95_ms=(11.5, 12.25), p95_ms=14.0, p99_needs_n=662
    ),
    "infer": StageSummary(n=130, mean_ms=10.0, p50_ms=9.5),
}
DOCUMENT = document_of(
    [
        run_of("a", stages=STAGES, share={"infer": 0.8}),
        BenchRun(arm="b,c", backend="b", precision_requested="f32", status="failed", failure="it crashed"),
    ]
)


def test_one_row_for_each_run_and_stage_with_the_same_columns():
    rows = csv_rows(DOCUMENT)
    assert [(row["arm"], row["stage"], row["status"]) for row in rows] == [
        ("a", "infer", "ok"), ("a", "total", "ok"), ("b,c", None, "failed"),
    ]  # fmt: skip
    assert len({tuple(row) for row in rows}) == 1
    assert (rows[1]["ci95_low_ms"], rows[1]["ci95_high_ms"], rows[1]["p99_needs_n"]) == (11.5, 12.25, 662)
    assert rows[0]["share"] == 0.8


def test_figures_of_a_mode_are_columns_in_every_row_of_their_run():
    served = run_of("a", stages=STAGES, mode_figures={"offered": 40, "dropped": 3})
    rows = csv_rows(document_of([served, run_of("b", stages=STAGES)]))
    assert [(row["arm"], row["offered"], row["dropped"]) for row in rows] == [
        ("a", 40, 3), ("a", 40, 3), ("b", None, None), ("b", None, None),
    ]  # fmt: skip
    cold = csv_rows(document_of([run_of("a", stages={}, mode_figures={"ready_p50_ms": 812.5})]))
    assert [(row["stage"], row["ready_p50_ms"]) for row in cold] == [(None, 812.5)]


def test_the_file_can_be_read_back(tmp_path: Path):
    pytest.importorskip("pandas")
    write_csv(DOCUMENT, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["arm"] for row in rows] == ["a", "a", "b,c"]
    assert float(rows[1]["mean_ms"]) == 12.5
    assert rows[1]["n"] == "130"
    assert rows[2]["n"] == rows[2]["mean_ms"] == rows[2]["stage"] == ""
