"""`ctk demo` up to the point where it would compute, and its verdict as an exit status."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from benchmarks.image_quality.delta_e2000 import DeltaE2000
from benchmarks.parity_check.compare import Verdict
from benchmarks.parity_check.rule import OutputParity
from reports.commands import demo
from reports.demo.document import Control, DemoParity, PictureParity
from reports.demo.verdict import refuse_verdict
from toolkit.app import main
from toolkit.errors import CheckFailed, Inconclusive

Capture = pytest.CaptureFixture[str]


def test_a_folder_below_a_file_cannot_be_written(tmp_path: Path, capsys: Capture):
    (tmp_path / "file").write_text("")
    assert main(["demo", "-o", str(tmp_path / "file" / "x")]) == 4
    assert capsys.readouterr().err.startswith("error: CTK401 the target cannot be written: Not a directory")


def test_dry_run_says_what_it_would_write(tmp_path: Path, capsys: Capture):
    assert main(["demo", "--dry-run", "-o", str(tmp_path / "new")]) == 0
    assert f"{tmp_path}/new/demo.json" in capsys.readouterr().out
    assert not (tmp_path / "new").exists()


def test_quiet_dry_run_prints_nothing(capsys: Capture):
    assert main(["demo", "--dry-run", "--quiet"]) == 0
    assert tuple(capsys.readouterr()) == ("", "")


@pytest.mark.parametrize("target", ["-", "out.json"])
def test_a_dry_run_has_no_document(target: str, capsys: Capture):
    assert main(["demo", "--dry-run", "--json", target]) == 64
    captured = capsys.readouterr()
    assert captured.err.startswith("error: CTK601 --dry-run and --json exclude each other")
    assert captured.out == ""


def test_dry_run_knows_the_models(capsys: Capture):
    assert main(["demo", "--dry-run", "--model", "colorization-v3"]) == 64
    assert capsys.readouterr().err.startswith("error: CTK603 ")


@pytest.mark.parametrize("terminal", [False, True])
def test_progress_is_told_on_a_terminal_only(
    tmp_path: Path, terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    def one_step(_settings: object, progress: demo.Progress) -> None:
        progress("the next step")
        raise CheckFailed("CTK101", "enough")

    monkeypatch.setattr("reports.demo.run.run_demo", one_step)
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    assert main(["demo", "-o", str(tmp_path)]) == 1
    assert ("note: the next step" in capsys.readouterr().err) == terminal


def parity(status: Literal["pass", "fail"], seen: bool, verdict: Verdict) -> DemoParity:
    output = OutputParity(
        name="class8_ab", status=status, reason="too far", max_abs=1, max_rel=1, rmse=1, cosine=1,
        rule="some rule", smallest_passing_rtol=1,
    )  # fmt: skip
    difference = DeltaE2000(mean=0, p95=0, max=0)
    picture = PictureParity(
        picture="coffee", width=1, height=1, outputs=[output], delta_e2000=difference, coloured=None
    )
    control = Control(fault="temperature dropped", outputs=[], delta_e2000=difference, seen=seen)
    return DemoParity(
        reference="caffe-reference", backend="onnxruntime", precision_executed="f32",
        pictures=[picture], controls=[control], verdict=verdict,
    )  # fmt: skip


def test_a_pass_is_no_error():
    refuse_verdict(parity("pass", True, "pass"))


def test_a_failure_names_picture_output_and_rule():
    with pytest.raises(CheckFailed, match="CTK101 1 of 1 outputs differ") as caught:
        refuse_verdict(parity("fail", True, "fail"))
    assert caught.value.notes == ("coffee, class8_ab: too far; rule: some rule",)


def test_a_fault_that_was_not_seen_decides():
    with pytest.raises(Inconclusive, match=r"CTK301 .*fault made on purpose") as caught:
        refuse_verdict(parity("fail", False, "inconclusive"))
    assert caught.value.notes == ("not seen: temperature dropped",)


def test_no_picture_concludes_nothing():
    empty = parity("pass", True, "inconclusive").model_copy(update={"pictures": [], "controls": []})
    with pytest.raises(Inconclusive, match="CTK301"):
        refuse_verdict(empty)
