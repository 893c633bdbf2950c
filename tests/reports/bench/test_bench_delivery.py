"""Targets of a document: one that cannot be written costs none of the others."""

from __future__ import annotations

import errno
import io
import sys
from pathlib import Path

import pytest
from bench_documents import document_of, run_of

from benchmarks.baseline.stored import load_baseline
from reports.bench.delivery import Targets, delivered
from toolkit.errors import UsageFault

DOCUMENT = document_of([run_of("openvino", share={"infer": 1.0})])


class Full(io.StringIO):
    """A stream without space, which tells it with the first line, or only when it is flushed."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self._at = at

    def write(self, text: str) -> int:
        self._refuse("write")
        return super().write(text)

    def flush(self) -> None:
        self._refuse("flush")

    def _refuse(self, what: str) -> None:
        if what == self._at:
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("at", ["write", "flush"])
def test_standard_output_without_space_costs_neither_the_csv_nor_the_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, at: str
):
    pytest.importorskip("pandas")
    monkeypatch.setattr(sys, "stdout", Full(at))
    targets = Targets(None, tmp_path / "out.csv", tmp_path / "base.json")
    failures = delivered(DOCUMENT, targets, None)
    assert [(failure.code, failure.exit_status) for failure in failures] == [("CTK402", 4)]
    assert (tmp_path / "out.csv").read_text().startswith("created,")
    assert load_baseline(tmp_path / "base.json") == DOCUMENT
    assert "saved as a baseline" in capsys.readouterr().err


def test_a_baseline_that_is_refused_is_not_said_to_be_saved(tmp_path: Path, capsys: pytest.CaptureFixture):
    interrupted = DOCUMENT.model_copy(update={"verdict": "incomplete"})
    failures = delivered(interrupted, Targets(None, None, tmp_path / "base.json", summary=False), None)
    assert [failure.code for failure in failures] == ["CTK302"]
    assert not (tmp_path / "base.json").exists()
    assert "saved" not in capsys.readouterr().err


def test_two_outputs_never_go_to_one_file(tmp_path: Path):
    for json, baseline in ((str(tmp_path / "x"), None), (None, tmp_path / "x")):
        with pytest.raises(UsageFault, match="two outputs were given the same file"):
            Targets(json, tmp_path / "x", baseline)
    Targets("-", tmp_path / "x", tmp_path / "y")
