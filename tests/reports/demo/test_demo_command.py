"""`ctk demo` up to the point where it would compute, and its verdict as an exit status."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from bench_documents import document_of as bench_document_of
from bench_documents import run_of
from command import ctk
from parity_documents import document_of as parity_document_of
from parity_documents import output_of, pair_of

from benchmarks.bench_document import BenchDocument, BenchRun, Environment, EnvironmentFinding
from benchmarks.parity_check.verdict import INTERRUPTED
from benchmarks.parity_document import ParityDocument
from reports.commands import demo
from reports.demo import run
from reports.demo.document import ColouredPicture, DemoArtifact, DemoDocument
from toolkit.app import main
from toolkit.errors import CheckFailed

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


def demo_of(parity: ParityDocument, bench: BenchDocument | None) -> DemoDocument:
    made = DemoArtifact(
        format="onnx",
        path="x.onnx",
        sha256="0" * 64,
        size_bytes=1234567,
        convert_s=0.5,
        layers=57,
        parameters=99,
    )
    return DemoDocument(
        model="net", weights="synthetic", artifacts=[made, made.model_copy(update={"path": "x.xml"})],
        coloured=[ColouredPicture(picture="coffee", path="pictures/coffee.png")], parity=parity, bench=bench,
    )  # fmt: skip


def quick(*runs: BenchRun) -> BenchDocument:
    document = bench_document_of(list(runs) or [run_of("onnxruntime")])
    settings = document.settings.model_copy(update={"quick": True})
    return document.model_copy(update={"settings": settings})


FAILED = pair_of(outputs=[output_of("fail", reason="too far")], verdict="fail")
DEAD = run_of("openvino", status="failed", failure="it died", failure_code="CTK408", stages={}, launches=[])


@pytest.mark.parametrize(
    ("parity", "bench", "status", "said"),
    [
        (parity_document_of([pair_of()]), quick(), 0, ""),
        (
            parity_document_of([FAILED], verdict="fail", reasons=["class8_ab: too far"]), quick(), 1,
            "error: CTK101 1 of 1 backend differs from caffe-reference\nnote: class8_ab: too far\n",
        ),
        (
            parity_document_of([pair_of()], verdict="inconclusive", reasons=["the control x was not seen"]), quick(), 3,
            "error: CTK301 nothing can be concluded: the control x was not seen\n",
        ),
        (parity_document_of([pair_of()]), quick(run_of("onnxruntime"), DEAD), 4, "error: CTK408 "),
    ],
)  # fmt: skip
def test_the_verdicts_of_both_verbs_are_the_exit_status(
    parity: ParityDocument, bench: BenchDocument, status: int, said: str,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture,
):  # fmt: skip
    made = demo_of(parity, bench)
    monkeypatch.setattr("reports.demo.run.run_demo", lambda *_: made)
    assert main(["demo", "-o", str(tmp_path)]) == status
    captured = capsys.readouterr()
    assert captured.err.startswith(said)
    assert bool(captured.err) == bool(said)
    assert "x.xml: 1,234,567 bytes, 57 layers, 99 parameters, converted in 0.50 s" in captured.out
    assert f"\nverdict: {parity.verdict}\n" in captured.out
    assert DemoDocument.model_validate_json((tmp_path / "demo.json").read_bytes()) == made


def test_both_verbs_run_on_the_very_artifacts_that_were_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    given = {}
    monkeypatch.setattr(run, "colour_pictures", lambda *_: [])
    monkeypatch.setattr(
        run, "parity", lambda **words: given.setdefault("parity", words) and parity_document_of([pair_of()])
    )
    monkeypatch.setattr(run, "bench", lambda **words: given.setdefault("bench", words) and quick())
    found = run.run_demo(run.DemoSettings("colorization-v2-norebal", tmp_path, 1), lambda _: None)
    files = given["bench"]["artifacts"]
    assert files == given["parity"]["artifacts"]
    assert {"onnxruntime", "openvino", "opencv"} <= set(files)
    assert "caffe-reference" not in files
    for made, suffix in zip(found.artifacts, (".onnx", ".xml"), strict=True):
        path = Path(made.path)
        assert path.suffix == suffix
        assert sha256(path.read_bytes()).hexdigest() == made.sha256
    assert {str(path) for path in files.values()} == {made.path for made in found.artifacts}
    assert given["bench"]["quick"] is True


def test_after_an_interrupt_nothing_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "colour_pictures", lambda *_: [])
    monkeypatch.setattr(
        run, "parity", lambda **_: parity_document_of([FAILED], verdict="fail", reasons=[INTERRUPTED])
    )
    monkeypatch.setattr(run, "bench", lambda **_: pytest.fail("it was interrupted before"))
    assert (
        run.run_demo(run.DemoSettings("colorization-v2-norebal", tmp_path, 1), lambda _: None).bench is None
    )


@pytest.mark.parametrize(
    ("parity", "bench"),
    [
        (parity_document_of([FAILED], verdict="fail", reasons=[INTERRUPTED, "class8_ab: too far"]), None),
        (
            parity_document_of([pair_of()]),
            quick().model_copy(update={"verdict": "incomplete", "reasons": ["interrupted"]}),
        ),
    ],
)
def test_an_interrupt_is_130_and_keeps_what_there_is(
    parity: ParityDocument, bench: BenchDocument | None,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture,
):  # fmt: skip
    monkeypatch.setattr("reports.demo.run.run_demo", lambda *_: demo_of(parity, bench))
    assert main(["demo", "-o", str(tmp_path)]) == 130
    assert f"\nverdict: {parity.verdict}\n" in capsys.readouterr().out
    assert (tmp_path / "demo.json").is_file()


def test_a_noisy_host_is_told_and_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    steal = EnvironmentFinding(name="steal", severity="too_noisy", message="the host took 7 % away")
    noisy = quick().model_copy(update={"environment": Environment(before={}, after={}, findings=[steal])})
    monkeypatch.setattr(
        "reports.demo.run.run_demo", lambda *_: demo_of(parity_document_of([pair_of()]), noisy)
    )
    assert main(["demo", "-o", str(tmp_path)]) == 0
    assert "too noisy: steal: the host took 7 % away" in capsys.readouterr().out


def test_a_document_that_cannot_be_written_costs_no_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    (tmp_path / "demo.json").mkdir()
    failed = parity_document_of([FAILED], verdict="fail", reasons=["class8_ab: too far"])
    monkeypatch.setattr("reports.demo.run.run_demo", lambda *_: demo_of(failed, quick()))
    assert main(["demo", "-o", str(tmp_path)]) == 4
    captured = capsys.readouterr()
    assert "\nverdict: fail\n" in captured.out
    assert captured.err.startswith("error: CTK401 ")
    assert "note: also: CTK101 " in captured.err


@pytest.mark.slow
def test_the_whole_demo_by_the_installed_command(tmp_path: Path):
    done = ctk("demo", "-o", "made", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = DemoDocument.model_validate_json((tmp_path / "made" / "demo.json").read_bytes())
    assert document.parity.verdict == "pass"
    assert len(document.parity.controls) == 14
    assert {run.status for run in document.bench.runs} == {"ok"}
    assert {run.backend for run in document.bench.runs} == {pair.backend for pair in document.parity.pairs}
    for one in document.coloured:
        assert (tmp_path / one.path).read_bytes().startswith(b"\x89PNG")
    for word in ("share of mean", "Controls: 14 of 14", "atlas200dk-published", "\nverdict: pass\n"):
        assert word in done.stdout
