"""`ctk bench` from the command line to its exit status, on scripted backends that take no time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted_backend import small_picture

from benchmarks.bench_document import BenchDocument
from toolkit.errors import EnvironmentFailed

Capture = pytest.CaptureFixture[str]
Bench = Callable[..., int]


def small(*backends: str, launches: int = 1, rounds: int = 1) -> list[str]:
    """A short run, with a control."""
    size = ["--launches", str(launches), "--rounds", str(rounds), "--iterations", "3"]
    return [*named(*backends), *size]


def quick(*backends: str) -> list[str]:
    """One process for each backend, and no control."""
    return [*named(*backends), "--quick"]


def named(*backends: str) -> list[str]:
    """What to measure; what the host does meanwhile must not decide a test."""
    artifacts = [word for name in backends or ("scripted",) for word in ("--artifact", f"{name}=net.onnx")]
    allowed = ["--allow-env", "steal", "--allow-env", "throttled"]
    return [*artifacts, "--images", "p.png", "--threads", "1", *allowed]


def document_in(path: Path) -> BenchDocument:
    return BenchDocument.model_validate_json(path.read_bytes())


def test_a_run_gives_figures_document_and_samples(bench: Bench, tmp_path: Path, capsys: Capture):
    status = bench(*small(launches=2), "--json", "out.json")
    text = capsys.readouterr().out
    document = document_in(tmp_path / "out.json")
    assert status == {"pass": 0, "inconclusive": 3}[document.verdict]
    (run,) = document.runs
    assert (run.backend, run.status, run.runtime_version) == ("scripted", "ok", "7")
    assert run.artifact is not None
    assert run.artifact.path == str(tmp_path / "net.onnx")
    assert document.settings.launches == 2
    assert document.control is not None
    for launch in run.launches:
        assert (tmp_path / "blobs" / str(launch.samples)).stat().st_size > 0
    for shown in (
        "scripted 7 (measured)",
        "share of mean",
        "Control, scripted against itself",
        "atlas200dk-published",
    ):
        assert shown in text
    assert "\x1b" not in text
    assert text.rstrip().splitlines()[-1].startswith("- ")


def test_json_on_standard_output_stands_alone(bench: Bench, tmp_path: Path, capsys: Capture):
    assert bench(*quick(), "--json", "-") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "ctk.bench/1"
    assert document["verdict"] == "inconclusive"
    assert "a quick run gives figures, never a verdict" in document["reasons"]
    assert not (tmp_path / "blobs").exists()


def test_targets_that_fail_one_by_one_cost_no_figures(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    (tmp_path / "file").write_text("")
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert bench(*quick(), "--json", "file/out.json", "--csv", "out.csv") == 4
    captured = capsys.readouterr()
    assert "scripted 7 (measured)" in captured.out
    assert captured.err.count("error: ") == 1
    assert "error: CTK401 " in captured.err
    assert "note: also: CTK404 --csv needs pandas" in captured.err


def test_csv_has_one_row_for_each_run_and_stage_and_quiet_prints_no_summary(
    bench: Bench, tmp_path: Path, capsys: Capture
):
    pandas: Any = pytest.importorskip("pandas")
    bench(*quick(), "--csv", "out.csv", "--json", "out.json", "--quiet")
    assert capsys.readouterr().out == ""
    table = pandas.read_csv(tmp_path / "out.csv")
    assert list(table["stage"]) == ["decode", "pre", "infer", "post", "encode", "total"]
    figures = document_in(tmp_path / "out.json").runs[0].stages
    assert list(table["mean_ms"]) == pytest.approx([figures[stage].mean_ms for stage in table["stage"]])
    assert list(table["n"]) == [figures[stage].n for stage in table["stage"]]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_without_space_the_terminal_still_gets_the_figures(bench: Bench, capsys: Capture):
    assert bench(*quick(), "--json", "/dev/full") == 4
    captured = capsys.readouterr()
    assert "scripted 7 (measured)" in captured.out
    assert "share of mean" in captured.out
    assert captured.err.startswith("error: CTK402 ") or "\nerror: CTK402 " in captured.err


def test_samples_that_cannot_be_kept_cost_no_figures(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    def no_space(*_: object) -> str:
        raise EnvironmentFailed("CTK402", "no space to write the target")

    monkeypatch.setattr("benchmarks.harness.saved_samples.save_samples", no_space)
    assert bench(*quick(), "--json", "out.json") == 4
    captured = capsys.readouterr()
    assert "share of mean" in captured.out
    document = document_in(tmp_path / "out.json")
    assert [run.launches[0].samples for run in document.runs] == [None]
    notes = [note for note in document.notes if "samples" in note]
    assert notes == ["not all samples are kept: CTK402 no space to write the target"]
    assert f"error: CTK401 {notes[0]}" in captured.err


def test_weights_that_are_not_there_are_a_failed_run(bench: Bench, tmp_path: Path, capsys: Capture):
    words = ("--backend", "onnxruntime", "--weights", "released", "--images", "p.png", "--quick")
    assert bench(*words, "--json", "out.json") == 4
    document = document_in(tmp_path / "out.json")
    assert (document.runs[0].status, document.runs[0].failure_code) == ("failed", "CTK403")
    assert (document.model.name, document.model.weights) == ("colorization-v2-norebal", "released")
    assert "error: CTK403 " in capsys.readouterr().err


def test_a_backend_that_dies_is_a_failed_run_and_the_others_go_on(
    bench: Bench, tmp_path: Path, capsys: Capture
):
    assert bench(*quick("scripted", "dying"), "--json", "out.json") == 4
    captured = capsys.readouterr()
    runs = {run.arm: run for run in document_in(tmp_path / "out.json").runs}
    assert runs["scripted"].status == "ok"
    assert runs["dying"].status == "failed"
    assert "last words of the runtime" in str(runs["dying"].failure)
    assert captured.err.count("error: ") == 1
    assert "error: CTK404 not everything could be measured: dying: failed: " in captured.err
    assert captured.err.count("CTK404") == 1
    assert "CTK404 CTK404" not in captured.out
    assert "scripted 7 (measured)" in captured.out


def test_an_interrupt_keeps_what_was_measured(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    from benchmarks.harness.arm_process import ArmProcess

    original = ArmProcess.block

    def block(self: ArmProcess, round_number: int, iterations: int) -> None:
        if round_number == 2:
            raise KeyboardInterrupt
        original(self, round_number, iterations)

    monkeypatch.setattr(ArmProcess, "block", block)
    assert bench(*small(rounds=4), "--json", "out.json") == 130
    captured = capsys.readouterr()
    document = document_in(tmp_path / "out.json")
    assert document.verdict == "incomplete"
    assert document.runs[0].stages["infer"].n > 0
    assert captured.err.splitlines()[-1] == "error: CTK801 interrupted"
    assert "verdict: incomplete" in captured.out


def test_another_precision_than_asked_is_a_warning(bench: Bench, capsys: Capture):
    bench(*quick("rounding"))
    captured = capsys.readouterr()
    assert "warning: rounding: precision f32 was asked for, and bf16 was executed" in captured.err
    assert "precision: f32 asked, bf16 executed" in captured.out


def test_the_gate_puts_the_old_settings_first_and_finds_a_slowdown(
    bench: Bench, tmp_path: Path, capsys: Capture
):
    words = [
        *small("choosy", launches=2, rounds=2),
        "--against-settings",
        "precision=native",
        "--margin",
        "15%",
    ]
    status = bench(*words, "--json", "out.json")
    document = document_in(tmp_path / "out.json")
    gate = document.gate
    assert gate is not None
    assert (gate.old, gate.new, gate.kind) == ("choosy (old)", "choosy", "against-settings")
    # What a loaded host makes of the ratio is open; that nothing is faster than it sleeps is not.
    fastest = {run.arm: run.stages["infer"].min_ms or 0 for run in document.runs}
    assert fastest["choosy (old)"] >= 6
    assert fastest["choosy"] >= 9
    assert [run.precision_requested for run in document.runs] == ["native", "f32"]
    assert status == {"regression": 2, "inconclusive": 3}[gate.verdict]
    expected = {2: "error: CTK201 slower than the gate allows", 3: "error: CTK303 nothing can be concluded"}
    assert expected[status] in capsys.readouterr().err


def test_against_a_file_runs_both_files(bench: Bench, tmp_path: Path):
    (tmp_path / "old.onnx").write_bytes((tmp_path / "net.onnx").read_bytes())
    bench(*small(), "--against", "old.onnx", "--json", "out.json")
    document = document_in(tmp_path / "out.json")
    paths = {run.arm: Path(run.artifact.path).name for run in document.runs if run.artifact}
    assert paths == {"scripted (old)": "old.onnx", "scripted": "net.onnx"}
    assert document.model.name == "net"
    assert document.gate is not None
    assert document.gate.reason == "a single launch gives figures, never a verdict"
    assert document.reference_split.arm == "scripted"


def test_a_first_run_without_a_baseline_is_a_named_state(bench: Bench, tmp_path: Path, capsys: Capture):
    assert bench(*small(), "--baseline", "none.json") == 3
    captured = capsys.readouterr()
    assert "Gate (--baseline): no baseline yet" in captured.out
    assert "no baseline yet" in captured.err


@pytest.mark.parametrize(
    ("saved", "verdict"),
    [("none.json", "description"), ("./x/../none.json", "description"), ("other.json", "inconclusive")],
)
def test_saving_elsewhere_does_not_excuse_a_missing_baseline(
    bench: Bench, tmp_path: Path, capsys: Capture, saved: str, verdict: str
):
    (tmp_path / "x").mkdir()
    status = bench(*small(launches=2), "--baseline", "none.json", "--save-baseline", saved)
    captured = capsys.readouterr()
    assert f"Gate (--baseline): no baseline yet, verdict {verdict}" in captured.out
    if verdict == "inconclusive":
        assert status == 3
        assert "no baseline yet: nothing was compared" in captured.err


def test_a_run_that_cannot_be_a_baseline_is_not_saved(bench: Bench, tmp_path: Path, capsys: Capture):
    assert bench(*small(), "--save-baseline", "base.json") == 3
    assert "CTK302 the run cannot serve as a baseline" in capsys.readouterr().err
    assert not (tmp_path / "base.json").exists()


def test_a_baseline_of_another_schema_is_refused_before_anything_runs(
    bench: Bench, tmp_path: Path, capsys: Capture
):
    (tmp_path / "base.json").write_text('{"schema": "ctk.parity/1"}')
    assert bench(*small(), "--baseline", "base.json") == 5
    captured = capsys.readouterr()
    assert "error: CTK502 the baseline is a document of the schema 'ctk.parity/1'" in captured.err
    assert captured.out == ""


def test_pictures_that_cannot_be_read(bench: Bench, tmp_path: Path, capsys: Capture):
    folder = tmp_path / "pictures"
    folder.mkdir()
    assert bench("--artifact", "scripted=net.onnx", "--images", "pictures") == 5
    assert "error: CTK518 the folder holds no picture" in capsys.readouterr().err
    (folder / "a.png").write_bytes(b"torn")
    small_picture(folder / "b.png")
    bench(*quick()[:2], *quick()[4:], "--images", "pictures", "--json", "out.json")
    assert "1 picture of 2 skipped: a.png" in capsys.readouterr().err
    assert [one.usable for one in document_in(tmp_path / "out.json").settings.pictures] == [False, True]


def test_a_sweep_measures_every_combination_and_keeps_failures(bench: Bench, tmp_path: Path):
    words = [*quick("scripted", "dying"), "--sweep", "precision=f32,native"]
    assert bench(*words, "--json", "out.json") == 4
    statuses = {run.arm: run.status for run in document_in(tmp_path / "out.json").runs}
    assert statuses == {
        "scripted precision=f32": "ok", "scripted precision=native": "ok",
        "dying precision=f32": "failed", "dying precision=native": "failed",
    }  # fmt: skip


def test_a_window_and_a_number_in_flight_are_those_asked_for(bench: Bench, tmp_path: Path):
    words = [
        "--artifact",
        "scripted=net.onnx",
        "--images",
        "p.png",
        "--mode",
        "throughput",
        "--launches",
        "2",
    ]
    bench(*words, "--window", "0.4", "--in-flight", "3", "--json", "out.json")
    (run,) = document_in(tmp_path / "out.json").runs
    assert run.mode_figures["slots"] == 3
    assert 0.4 <= run.mode_figures["window_s"] < 5


def test_layers_that_a_backend_does_not_tell_are_a_warning(bench: Bench, capsys: Capture):
    assert bench(*quick(), "--profile-layers") == 0
    captured = capsys.readouterr()
    assert "warning: scripted: its layers were not timed: CTK604" in captured.err
    assert "share of mean" in captured.out


def test_until_goes_on_with_more_launches(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from benchmarks.stats.until import Until

    states = [Until(False, 0.4, 1, capped=False), Until(True, 0.004, 0, capped=False)]
    monkeypatch.setattr("benchmarks.variations.until_ci.until", lambda *_: states.pop(0))
    monkeypatch.setattr("benchmarks.variations.until_ci.LEAST_LAUNCHES", 1)
    bench(*small(), "--until", "ci=1%", "--json", "out.json")
    document = document_in(tmp_path / "out.json")
    assert (document.settings.launches, document.settings.until_ci) == (2, 0.01)
    assert len(document.runs[0].launches) == 2
    assert "--until ci=1 %: reached, the widest interval is ±0.4 %" in document.notes


def test_the_schema_of_the_document(bench: Bench, capsys: Capture):
    assert bench("--print-schema") == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["properties"]["schema"]["const"] == "ctk.bench/1"
    assert {"runs", "comparisons", "control", "reference_split", "verdict"} <= set(schema["required"])


def test_a_dry_run_says_what_it_would_measure_and_measures_nothing(
    bench: Bench, tmp_path: Path, capsys: Capture
):
    before = sorted(tmp_path.rglob("*"))
    assert bench(*small(launches=3), "--dry-run", "--against-settings", "threads=1 precision=native") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "arm scripted (old): net.onnx; precision native, threads 1, batch 1"
    assert lines[1] == "arm scripted: net.onnx; precision f32, threads 1, batch 1"
    assert lines[2] == "control: scripted (old) against itself"
    assert lines[3].startswith("3 launches × 1 round × 3 iterations: 9 processes")
    assert lines[4].startswith("estimated time: at most about 180 s")
    assert [path for path in sorted(tmp_path.rglob("*")) if "__pycache__" not in path.parts] == before


def test_the_process_of_the_verb_loads_no_runtime(tmp_path: Path):
    program = """
import sys
import reports.bench.measuring, reports.bench.delivery
from reports.commands.bench import command
command(backend=["onnxruntime", "openvino", "opencv", "torch"], dry_run=True)
print(sorted({"onnxruntime", "openvino", "cv2", "torch", "pandas", "matplotlib"} & set(sys.modules)))
"""
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env={**os.environ, "CTK_HOME": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.splitlines()[0].startswith("arm onnxruntime: colorization-v2-norebal, made on demand")
    assert found.stdout.splitlines()[-1] == "[]"


def test_rounds_of_a_matrix_with_latency_are_those_of_latency(bench: Bench, tmp_path: Path, capsys: Capture):
    (tmp_path / "m.toml").write_text(
        'backends = ["scripted", "choosy"]\nmodes = ["latency", "cold"]\n'
        'exclude = [{ backend = "choosy", mode = "cold" }]\n'
    )
    files = [word for name in ("scripted", "choosy") for word in ("--artifact", f"{name}=net.onnx")]
    assert bench("--matrix", "m.toml", "--rounds", "2", *files, "--images", "p.png", "--dry-run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("5 launches × 2 rounds × 10 iterations" in line for line in lines)
    assert lines[-2:] == [lines[0], "mode cold: 10 processes"]
