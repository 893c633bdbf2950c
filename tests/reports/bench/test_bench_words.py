"""Words of the command line of `ctk bench`."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.harness.arm import Arm
from benchmarks.harness.progress import Progress
from reports.bench.arm_settings import settings_of, with_settings
from reports.bench.given_artifacts import given_artifacts
from reports.bench.percentages import fraction_of
from reports.bench.progress_bar import progress_bar, progress_text
from toolkit.errors import UsageFault


@pytest.mark.parametrize(
    ("word", "fraction"), [("3%", 0.03), ("3 %", 0.03), ("0.03", 0.03), ("150%", 1.5), ("0.5%", 0.005)]
)
def test_fractions(word: str, fraction: float):
    assert fraction_of(word, "--margin") == pytest.approx(fraction)


@pytest.mark.parametrize("word", ["3", "1", "0", "-3%", "0%", "nan", "inf%", "three", "", "%", "1000%"])
def test_what_is_no_fraction_is_refused(word: str):
    with pytest.raises(UsageFault, match=r"CTK601 --margin needs a fraction such as 3% or 0\.03"):
        fraction_of(word, "--margin")


def test_artifacts_by_backend_and_for_all():
    given = given_artifacts(["openvino=a=b.xml", "onnxruntime=x.onnx"])
    assert given.by_backend == {"openvino": Path("a=b.xml"), "onnxruntime": Path("x.onnx")}
    assert given.common is None
    assert given_artifacts(["dir/x=1/net.onnx"]).common == Path("dir/x=1/net.onnx")
    assert given_artifacts([]).common is None


def test_a_file_whose_name_looks_like_a_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageFault, match="CTK603 unknown backend 'openvin'") as caught:
        given_artifacts(["openvin=net.xml"])
    assert caught.value.notes == ("did you mean 'openvino'?",)
    Path("openvin=net.xml").write_text("")
    assert given_artifacts(["openvin=net.xml"]).common == Path("openvin=net.xml")


@pytest.mark.parametrize(
    "words", [["a.onnx", "b.onnx"], ["a.onnx", "openvino=b.xml"], ["openvino=a", "openvino=b"]]
)
def test_artifacts_that_leave_it_open_what_runs_where(words: list[str]):
    with pytest.raises(UsageFault, match="CTK601"):
        given_artifacts(words)


def test_settings_of_the_old_side():
    assert settings_of("precision=native  threads=1 batch=4 device=GPU.0") == {
        "precision": "native", "threads": 1, "batch": 4, "device": "GPU.0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("precision", "CTK601"), ("precision=", "CTK601"), ("", "CTK601"), ("threads=none", "CTK601"),
        ("batch=0", "CTK601"), ("threads=1 threads=2", "CTK601"), ("thread=2", "CTK603"),
    ],
)  # fmt: skip
def test_settings_that_mean_nothing(words: str, code: str):
    with pytest.raises(UsageFault, match=code):
        settings_of(words)


def test_settings_must_differ():
    arm = Arm("x", "x", Path("net"), threads=2)
    assert with_settings(arm, {"threads": 1}).threads == 1
    with pytest.raises(UsageFault, match="CTK601 x has these settings already"):
        with_settings(arm, {"threads": 2, "precision": "f32"})


@pytest.mark.parametrize(("seconds", "left"), [(0.4, "0 s"), (59.7, "1 min 0 s"), (125.0, "2 min 5 s")])
def test_progress_says_what_is_left(seconds: float, left: str):
    assert (
        progress_text(Progress("openvino: round 2", 3, 9, seconds)) == f"openvino: round 2, about {left} left"
    )
    assert progress_text(Progress("loading", 0, 0, None)) == "loading"


@pytest.mark.parametrize(
    ("terminal", "quiet", "drawn"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_progress_is_drawn_on_a_terminal_only(
    terminal: bool,
    quiet: bool,
    drawn: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar(quiet) as listener:
        assert (listener is not None) == drawn
        if listener is not None:
            listener(Progress("one arm", 1, 4, 30.0))
    captured = capsys.readouterr()
    assert ("one arm, about 30 s left" in captured.err) == drawn
    assert captured.out == ""
