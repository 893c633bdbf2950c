"""Words of `ctk bench`, and settings of a matrix, that mean nothing or do not go together: 64, before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Capture = pytest.CaptureFixture[str]
Bench = Callable[..., int]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--backend", "scriptd"], "CTK603", "unknown backend 'scriptd'"),
        (["--artifact", "scriptd=net.onnx"], "CTK603", "unknown backend 'scriptd'"),
        (["--artifact", "net.onnx", "--artifact", "scripted=net.onnx"], "CTK601", "stays open"),
        (
            ["--artifact", "net.onnx", "--model", "colorization-v2-norebal"],
            "CTK601",
            "--model and --artifact",
        ),
        (
            ["--against", "net.onnx", "--baseline", "b.json", "--backend", "scripted"],
            "CTK601",
            "exclude each other",
        ),
        (["--against", "net.onnx"], "CTK601", "--against compares old and new in one backend"),
        (["--quick", "--precise"], "CTK601", "--launches, --precise and --quick"),
        (["--quick", "--baseline", "b.json"], "CTK601", "--quick gives figures"),
        (["--quick", "--save-baseline", "b.json"], "CTK601", "it excludes --save-baseline"),
        (["--max-regression", "3%"], "CTK601", "--max-regression belongs to --baseline"),
        (["--margin", "3"], "CTK601", "--margin needs a fraction such as 3% or 0.03, not '3'"),
        (["--against-settings", "precison=native", "--backend", "scripted"], "CTK603", "'precison'"),
        (["--preset", "exakt"], "CTK603", "unknown preset 'exakt'"),
        (["--model", "colorization-v3"], "CTK603", "colorization-v3"),
        (["--allow-env", "steel"], "CTK603", "unknown environment problem 'steel'"),
        (["--dry-run", "--json", "-"], "CTK601", "--dry-run and --json"),
        (["--mode", "stream"], "CTK601", "--mode stream needs --rate"),
        (["--rate", "2"], "CTK601", "--rate belongs to --mode stream"),
        (["--window", "2"], "CTK601", "--window belongs to --mode throughput or stream"),
        (["--mode", "cold", "--window", "2"], "CTK601", "--window belongs to --mode throughput or stream"),
        (["--mode", "cold", "--in-flight", "2"], "CTK601", "--in-flight belongs to --mode throughput"),
        (["--mode", "throughput", "--queue", "2"], "CTK601", "--queue belongs to --mode stream"),
        (["--mode", "throughput", "--window", "0"], "CTK601", "the window must be more than 0 s"),
        (["--mode", "throughput", "--in-flight", "2000"], "CTK601", "must be 1 to 1024, not 2000"),
        (
            ["--mode", "stream", "--rate", "5", "--queue", "1000000000000"],
            "CTK601",
            "the queue must hold 1 to 100000 arrivals",
        ),
        (["--matrix", "m.toml", "--window", "2"], "CTK601", "--matrix and --window exclude each other"),
        (["--mode", "cold", "--until", "ci=1%"], "CTK601", "--until belongs to --mode latency"),
        (["--mode", "cold", "--baseline", "b.json"], "CTK601", "--baseline belongs to --mode latency"),
        (["--quick", "--until", "ci=1%"], "CTK601", "--quick and --until"),
        (["--until", "1%"], "CTK601", "until '1%'"),
        (["--sweep", "threads=1,1"], "CTK601", "twice"),
        (["--sweep", "batch=1,2", "--baseline", "b.json"], "CTK601", "--sweep and --baseline"),
        (["--sweep", "batch=1,2", "--save-baseline", "b.json"], "CTK601", "--sweep and --save-baseline"),
        (["--matrix", "m.toml", "--backend", "scripted"], "CTK601", "--matrix and --backend"),
        (["--matrix", "m.toml", "--save-baseline", "b.json"], "CTK601", "--matrix and --save-baseline"),
        (["--weights", "released", "--artifact", "net.onnx"], "CTK601", "--weights and --artifact FILE"),
        (["--weights", "stolen"], "CTK601", "stolen"),
        (["--mode", "cool"], "CTK601", "cool"),
        (["--matrix", "m.toml", "--precision", "f16"], "CTK601", "--matrix and --precision"),
        (["--matrix", "m.toml", "--batch", "1"], "CTK601", "--matrix and --batch"),
        (["--quick", "--rounds", "4"], "CTK601", "--quick and --rounds"),
        (["--quick", "--iterations", "10"], "CTK601", "--quick and --iterations"),
        (["--mode", "cold", "--rounds", "2"], "CTK601", "--rounds belongs to --mode latency"),
        (["--mode", "throughput", "--iterations", "9"], "CTK601", "--iterations belongs to --mode latency"),
        (
            ["--mode", "stream", "--rate", "2", "--rounds", "4"],
            "CTK601",
            "--rounds belongs to --mode latency, not to stream",
        ),
        (
            ["--backend", "scripted", "--artifact", "choosy=net.onnx"],
            "CTK601",
            "an artifact is given for choosy, which is not among the backends",
        ),
        (["--backend", "scripted", "--precision", "f33"], "CTK601", "no precision is called 'f33'"),
        (
            ["--backend", "scripted", "--against-settings", "precision=nativ"],
            "CTK601",
            "no precision is called 'nativ'",
        ),
    ],
)
def test_words_that_mean_nothing(bench: Bench, words: list[str], code: str, said: str, capsys: Capture):
    assert bench(*words) == 64
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {code} ")
    assert said in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("settings", "words", "said"),
    [
        ("launches = 3", ["--quick"], "the matrix sets launches"),
        ("iterations = 3", ["--quick"], "the matrix sets iterations"),
        ("rounds = 2", ["--rounds", "2"], "rounds is given here and in the matrix"),
        ("launches = 3", ["--launches", "4"], "launches is given here and in the matrix"),
        ("queue = 3", [], "the matrix sets queue, which belongs to the mode stream"),
        ("window_s = 3.0", [], "the matrix sets window_s, which belongs to the mode throughput or stream"),
    ],
)
def test_a_matrix_and_the_line_do_not_both_say_how_much(
    bench: Bench, tmp_path: Path, capsys: Capture, settings: str, words: list[str], said: str
):
    (tmp_path / "m.toml").write_text(f'backends = ["scripted"]\n[settings]\n{settings}\n')
    assert bench("--matrix", "m.toml", *words) == 64
    assert said in capsys.readouterr().err


def test_a_matrix_does_not_say_what_no_mode_of_it_reads(bench: Bench, tmp_path: Path, capsys: Capture):
    (tmp_path / "m.toml").write_text('backends = ["scripted"]\nmodes = ["cold"]\n[settings]\nrounds = 3\n')
    assert bench("--matrix", "m.toml") == 64
    assert "the matrix sets rounds, which belongs to the mode latency" in capsys.readouterr().err


def test_a_matrix_of_two_modes_does_not_fit_on_standard_output(bench: Bench, tmp_path: Path, capsys: Capture):
    (tmp_path / "m.toml").write_text('backends = ["scripted"]\nmodes = ["latency", "cold"]\n')
    assert bench("--matrix", "m.toml", "--json", "-") == 64
    assert "error: CTK601 --json - takes one document" in capsys.readouterr().err
