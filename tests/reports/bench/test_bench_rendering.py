"""The document of `ctk bench` as text, from documents that nobody measured."""

from __future__ import annotations

import io
from typing import Any

import pytest
from bench_documents import control_of, document_of, launches_of, run_of

from benchmarks.bench_document import (
    BenchDocument,
    BenchPicture,
    BenchRun,
    Claim,
    Comparison,
    EnvironmentFinding,
    Gate,
    LayerTime,
    Plausibility,
    ReferenceSplit,
    StageSummary,
)
from reports.bench.cautions import document_cautions
from reports.bench.show import show

MEANS = {"decode": 4.0, "pre": 10.0, "infer": 30.0, "post": 5.0, "encode": 1.0}


def summary(mean: float, **parts: Any) -> StageSummary:
    given = {
        "n": 200, "mean_ms": mean, "p50_ms": mean * 0.9, "ci95_ms": (mean * 0.8, mean * 0.95),
        "p90_ms": mean * 1.5, "p95_ms": mean * 1.75, "p99_needs_n": 662, "min_ms": mean * 0.7,
    }  # fmt: skip
    return StageSummary(**(given | parts))


def whole_run(arm: str = "onnxruntime", **parts: Any) -> BenchRun:
    stages = {stage: summary(mean) for stage, mean in (*MEANS.items(), ("total", 50.0))}
    given = {
        "stages": stages, "share": {stage: mean / 50 for stage, mean in MEANS.items()},
        "load_ms": 812.3, "first_infer_ms": 41.5, "peak_rss_bytes": 512_000_000,
    }  # fmt: skip
    return run_of(arm, **(given | parts))


def text_of(document: BenchDocument, width: int | None = None) -> str:
    stream = io.StringIO()
    show(document, stream, width)
    return stream.getvalue()


def row_of(text: str, first: str) -> list[str]:
    """Words of the first line that begins with a word."""
    return next(line.split() for line in text.splitlines() if line.split()[:1] == [first])


def test_every_stage_has_its_figures_with_units_and_n():
    text = text_of(document_of([whole_run()]))
    heads = next(line for line in text.splitlines() if line.startswith("stage "))
    for head in ("mean ms", "share of mean", "p50 ms", "95 % interval of p50 ms", "p90 ms", "p99 ms", " n"):
        assert head in heads
    assert row_of(text, "pre")[:3] == ["pre", "10.00", "█" * 4]  # a fifth of 20 marks
    assert row_of(text, "pre")[3:] == [
        "20.0",
        "9.00",
        "[8.00,",
        "9.50]",
        "15.00",
        "17.50",
        "n/a",
        "(needs",
        "662)",
        "7.00",
        "200",
    ]
    assert row_of(text, "total")[1:3] == ["50.00", "100.0"]
    shown = [float(row_of(text, stage)[3]) for stage in MEANS]
    assert sum(shown) == pytest.approx(100.0)
    assert "medians and percentiles do not" in text


def test_what_ran_is_said_beside_it():
    text = text_of(document_of([whole_run()]))
    assert "onnxruntime 1.2 (measured)" in text
    assert "precision: f32 asked, f32 executed, 2 threads, batch 1, CPU" in text
    assert "load 812.3 ms, first inference 41.50 ms, peak RSS 512 MB, 5 launches, n = 200" in text
    assert "tiny, weights: synthetic (measured)" in text
    assert "weights are synthetic" in text
    assert "Frob 9000, 4 physical cores, 4 usable, 33.0 GB" in text


def test_released_weights_are_no_reason_for_a_caveat():
    document = document_of([whole_run()])
    text = text_of(
        document.model_copy(update={"model": document.model.model_copy(update={"weights": "released"})})
    )
    assert "weights: released" in text
    assert "synthetic" not in text


def test_a_narrow_rendering_keeps_every_figure_within_its_width():
    text = text_of(document_of([whole_run()]), width=80)
    assert (
        max(
            map(
                len,
                text.splitlines()[
                    : text.splitlines().index("Environment: nothing found that forbids a verdict")
                ],
            )
        )
        <= 1000
    )
    tables = [line for line in text.splitlines() if line.startswith(("stage", *MEANS, "total"))]
    assert max(len(line) for line in tables[:14]) <= 80
    assert row_of(text, "pre")[3:] == ["20.0", "9.00", "[8.00,", "9.50]", "200"]
    percentiles = [line.split() for line in tables if line.startswith("pre ")][1]
    assert percentiles == ["pre", "15.00", "17.50", "n/a", "(needs", "662)"]


def test_no_terminal_means_single_lines_and_no_colours():
    text = text_of(document_of([whole_run(artifact={"path": "/" + "x" * 300, "sha256": "0" * 64})]))
    assert "\x1b" not in text
    assert f"artifact: /{'x' * 300}, sha256 000000000000" in text.splitlines()


def test_a_terminal_gets_a_line_through_what_cannot_be_true(monkeypatch: pytest.MonkeyPatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    show(document_of([implausible_run()]), stream, 140)
    assert "\x1b[9;31m30.00\x1b[0m" in stream.getvalue()  # 9 is struck through


def implausible_run() -> BenchRun:
    judged = Plausibility(
        floor_ms=40.0, verdict="implausible", arithmetic="64 GFLOP / 1.6 TFLOP/s = 40.0 ms",
        likely_causes=["an asynchronous call timed without a wait", "a wrong unit"],
    )  # fmt: skip
    return whole_run(plausibility=judged)


def test_an_implausible_figure_is_struck_through_with_its_arithmetic():
    text = text_of(document_of([implausible_run()]))
    assert row_of(text, "infer")[1] == "~~30.00~~"
    assert row_of(text, "pre")[1] == "10.00"
    assert "plausibility of infer: implausible, floor 40.00 ms: 64 GFLOP / 1.6 TFLOP/s = 40.0 ms" in text
    assert (
        "likely causes, in the order to test: an asynchronous call timed without a wait; a wrong unit" in text
    )


def test_a_guard_without_a_peak_says_unknown():
    unknown = Plausibility(floor_ms=None, verdict="unknown", arithmetic="no peak known for NPU")
    assert "plausibility of infer: unknown: no peak known for NPU" in text_of(
        document_of([whole_run(plausibility=unknown)])
    )


def test_what_is_too_short_to_tell_is_no_figure():
    stages = dict(whole_run().stages, encode=summary(0.00001, below_resolution=True))
    text = text_of(document_of([whole_run(stages=stages)]))
    assert row_of(text, "encode")[1] == "<res"
    assert "<res: shorter than 100 readings of the clock" in text


def test_a_failed_run_shows_its_last_words_and_no_table():
    failed = BenchRun(
        arm="openvino", backend="openvino", precision_requested="f32", status="failed",
        failure="the process crashed (SIGSEGV); its last words: ouch", failure_code="CTK404",
    )  # fmt: skip
    text = text_of(document_of([failed, whole_run()]))
    assert "failed: CTK404 the process crashed (SIGSEGV); its last words: ouch" in text
    assert text.count("stage ") == 1


def test_predicted_and_imported_figures_carry_the_word():
    text = text_of(document_of([whole_run("a", origin="predicted"), whole_run("b", origin="imported")]))
    assert "a 1.2 (predicted)" in text
    assert "b 1.2 (imported)" in text


def test_comparisons_are_ratios_with_interval_and_verdict():
    compared = Comparison(
        a="onnxruntime", b="openvino", stage="infer", ratio=0.75, ci95=(0.7, 0.8), cross_check=(0.72, 0.79),
        n_launches=5, n_rounds=20, verdict="faster", executed_precisions="f32 against bf16",
    )  # fmt: skip
    text = text_of(document_of([whole_run()], comparisons=[compared]))
    line = next(line for line in text.splitlines() if "[0.700, 0.800]" in line)
    assert line.split() == [
        "infer",
        "onnxruntime",
        "openvino",
        "0.750",
        "[0.700,",
        "0.800]",
        "[0.720,",
        "0.790]",
        "5",
        "×",
        "4",
        "faster",
    ]
    assert "openvino / onnxruntime, infer: between different executed precisions, f32 against bf16" in text
    assert "a description, which never sets the exit status" in text


def test_a_ratio_that_moves_is_said_where_it_kept_a_verdict_away():
    compared = Comparison(
        a="onnxruntime", b="openvino", stage="infer", ratio=1.1, ci95=(1.05, 1.15), n_launches=5, n_rounds=20,
        verdict="inconclusive", change=0.88, change_ci95=(0.85, 0.91),
    )  # fmt: skip
    said = "openvino / onnxruntime, infer: the ratio changes by -12.0% from the first half of each launch"
    assert said in text_of(document_of([whole_run()], comparisons=[compared]))
    for harmless in (
        {"verdict": "slower"},
        {"change_ci95": (0.7, 1.1)},
        {"change_ci95": None, "change": None},
    ):
        other = compared.model_copy(update=harmless)
        assert said not in text_of(document_of([whole_run()], comparisons=[other]))


def test_the_control_says_what_the_host_can_tell_apart():
    text = text_of(document_of([whole_run()], control=control_of(0.99, 1.02, resolution=0.0149)))
    assert "x against itself, infer: ratio 1.000 [0.990, 1.020], same" in text
    assert "the smallest difference that this host resolved: 1.49 %" in text


def test_no_control_is_said():
    document = document_of([whole_run()]).model_copy(update={"control": None})
    assert "Control: none ran" in text_of(document)


def test_a_gate_shows_ratio_interval_allowance_and_need():
    gate = Gate(
        kind="against", state="compared", old="openvino (old)", new="openvino", margin=0.03, ratio=1.08,
        ci95=(1.02, 1.14), verdict="inconclusive", reason="the interval holds 1.03", launches_needed=12,
    )  # fmt: skip
    text = text_of(document_of([whole_run()], gate=gate))
    assert "Gate (--against): compared, verdict inconclusive" in text
    assert "openvino over openvino (old): 1.080 [1.020, 1.140], allowed up to 1.030" in text
    assert "about 12 launches would decide" in text


def test_a_missing_baseline_is_a_named_state():
    gate = Gate(
        kind="baseline", state="no baseline yet", old=None, new=None, margin=0.03, verdict="description",
        reason="no baseline yet: this run becomes it",
    )  # fmt: skip
    assert "Gate (--baseline): no baseline yet" in text_of(document_of([whole_run()], gate=gate))


def test_findings_about_the_host():
    findings = [
        EnvironmentFinding(name="steal", severity="too_noisy", message="the host took 5.0 %"),
        EnvironmentFinding(name="affinity", severity="note", message="2 threads may use 1", allowed=True),
    ]
    text = text_of(document_of([whole_run()], findings=findings))
    assert "too noisy: steal: the host took 5.0 %" in text
    assert "note: affinity: 2 threads may use 1, allowed by --allow-env" in text


def split_document(**split: Any) -> BenchDocument:
    published = Claim(
        name="atlas", source="a README", device="Atlas 200 DK", what="a picture", total_ms=144.0, infer_ms=0.43,
        floor_ms=2.91, state="implausible", arithmetic="63.97 GFLOP / 22 TOPS = 2.91 ms",
    )  # fmt: skip
    given = {
        "arm": "onnxruntime", "measured_total_ms": 50.0, "measured_infer_ms": 30.0, "pre_and_post_ms": 20.0,
        "larger_part": "infer", "total_if_infer_were_free_ms": 20.0,
    }  # fmt: skip
    reference = ReferenceSplit(published=published, **(given | split))
    return document_of([whole_run()], reference_split=reference, claims=[published])


def test_the_published_split_stands_beside_ours_and_is_no_speed_up():
    text = text_of(split_document())
    row = next(line for line in text.splitlines() if line.startswith("atlas "))
    assert row.split()[4:8] == ["144.0", "~~0.430~~", "143.6", "0.3"]
    assert "infer implausible (floor 2.91 ms)" in row
    ours = next(line for line in text.splitlines() if line.startswith("onnxruntime  ") and "Frob" in line)
    assert ours.split()[3:7] == ["50.00", "30.00", "20.00", "60.0"]
    assert "measured, means" in ours
    assert "the larger part here is infer" in text
    assert "if infer were free, the total would be 20.00 ms instead of 50.00 ms" in text
    assert "no speed-up can be read from it" in text
    assert "faster" not in text


def test_every_run_has_its_split_beside_the_published_one():
    first = split_document()
    slower = {name: summary(mean * 2) for name, mean in (*MEANS.items(), ("total", 50.0))}
    failed = BenchRun(arm="gone", backend="gone", precision_requested="f32", status="failed", failure="dead")
    text = text_of(
        first.model_copy(update={"runs": [*first.runs, whole_run("other", stages=slower), failed]})
    )
    rows = [line.split() for line in text.splitlines() if "means per picture" in line]
    assert [row[0] for row in rows] == ["onnxruntime", "other"]
    assert rows[1][3:5] == ["100.0", "60.00"]
    assert "if infer were free, the total would be 40.00 ms instead of 100.0 ms" in text
    assert "faster" not in text


def test_a_split_that_was_not_measured_here_says_so():
    nothing = dict.fromkeys(
        (
            "arm",
            "measured_total_ms",
            "measured_infer_ms",
            "pre_and_post_ms",
            "larger_part",
            "total_if_infer_were_free_ms",
        )
    )
    text = text_of(split_document(**nothing))
    assert (
        next(line for line in text.splitlines() if line.startswith("ours"))
        .rstrip()
        .endswith("not measured here")
    )
    assert "if infer were free" not in text


def test_every_reason_of_the_verdict_is_listed():
    text = text_of(
        document_of([whole_run()], verdict="inconclusive", reasons=["too noisy", "openvino: skipped"])
    )
    assert text.endswith("verdict: inconclusive\n- too noisy\n- openvino: skipped\n")


def test_layers_are_listed_slowest_first_with_their_caffe_names():
    layers = [
        LayerTime(
            name="a", caffe_layers=["conv1", "relu1"], kind="Conv", precision="f32", mean_ms=1.0, share=0.25
        ),
        LayerTime(name="b", caffe_layers=[], kind="Reorder", precision=None, mean_ms=3.0, share=0.75),
    ]
    lines = text_of(document_of([whole_run(layers=layers)])).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("Caffe layers"))
    assert lines[start + 1].split() == ["-", "b", "Reorder", "unknown", "3.00", "█" * 15, "75.0"]
    assert lines[start + 2].split() == ["conv1,", "relu1", "a", "Conv", "f32", "1.00", "█" * 5, "25.0"]
    assert lines[start + 3].startswith("sum over layers 4.00 ms, beside a median of infer of 27.00 ms")


def test_figures_of_a_mode():
    run = whole_run(items_per_s=12.5, mode_figures={"in_flight": 2, "littles_law": 1.987654, "dropped": None})
    text = text_of(document_of([run]))
    assert "12.5 items/s" in text
    assert row_of(text, "littles_law") == ["littles_law", "1.9877"]
    assert row_of(text, "dropped") == ["dropped", "-"]


def test_names_from_outside_cannot_steer_the_terminal():
    text = text_of(document_of([whole_run("evil\x1b[2J[bold]arm")]))
    assert "\x1b" not in text
    assert "evil\\x1b[2J[bold]arm" in text


@pytest.mark.parametrize(
    ("asked", "executed", "said"),
    [
        ("f32", "f32", None),
        ("native", "bf16", None),
        ("f16", "bf16", "x: precision f16 was asked for, and bf16 was executed"),
        ("f32", None, "x: precision f32 was asked for, and what was executed is unknown"),
    ],
)
def test_another_precision_than_asked_is_a_warning(asked: str, executed: str | None, said: str | None):
    run = run_of("x", precision_requested=asked, precision_executed=executed)
    assert document_cautions(document_of([run])) == ([said] if said else [])


def test_dependent_samples_and_cold_launches_are_warnings():
    lags = (0.1, 0.5, None, 0.3, 0.46)
    launches = [one.model_copy(update={"lag1": lag}) for one, lag in zip(launches_of(5.0), lags, strict=True)]
    launches[1] = launches[1].model_copy(update={"warm": False})
    cold, dependent = document_cautions(document_of([run_of("x", launches=launches)]))
    assert cold == "x: 1 of 5 launches still became faster when they ended"
    assert "autocorrelation 0.34, mean of 4 launches" in dependent


def test_arrivals_that_were_dropped_are_a_warning():
    overloaded = run_of("x", mode_figures={"offered": 40, "dropped": 3})
    (said,) = document_cautions(document_of([overloaded]))
    assert said.startswith("x: 3 of 40 arrivals were dropped")
    served = run_of("x", mode_figures={"offered": 40, "dropped": 0})
    assert document_cautions(document_of([served])) == []


def test_a_single_launch_with_dependent_samples_among_others_may_be_chance():
    launches = [one.model_copy(update={"lag1": 0.05}) for one in launches_of(5.0)]
    launches[3] = launches[3].model_copy(update={"lag1": 0.4})
    assert document_cautions(document_of([run_of("x", launches=launches)])) == []


def test_skipped_pictures_are_listed_and_counted():
    pictures = [
        {"name": "a.png", "sha256": "0" * 64, "width": 4, "height": 3},
        {
            "name": "b.png",
            "sha256": None,
            "width": None,
            "height": None,
            "usable": False,
            "reason": "CTK518 torn",
        },
    ]
    document = document_of([whole_run()], settings={"pictures": pictures})
    assert document_cautions(document) == ["1 picture of 2 skipped: b.png"]
    text = text_of(document)
    assert "pictures: a.png 4×3;" in text
    assert "skipped: b.png: CTK518 torn" in text


def test_fewer_iterations_than_asked_are_said():
    text = text_of(document_of([whole_run()], settings={"iterations": 3}))
    assert "5 launches × 4 rounds × 3 iterations (10 asked; fewer, to end in time)" in text


@pytest.mark.parametrize(
    ("mode", "iterations", "size"),
    [
        ("stream", 40, "5 launches × 40 arrivals, "),
        ("throughput", 0, "5 launches, "),
        ("cold", 1, "5 launches, "),
    ],
)
def test_a_mode_says_how_much_was_measured_in_what_it_counts(mode: str, iterations: int, size: str):
    settings = {"mode": mode, "iterations": iterations, "iterations_asked": iterations}
    text = text_of(document_of([whole_run()], settings=settings))
    assert f"mode {mode}, preset exact, {size}" in text


def test_times_of_a_batch_are_said_to_be_those_of_a_batch():
    assert "times are those of a whole batch of 4 pictures" in text_of(document_of([run_of("a", batch=4)]))
    assert "batch of" not in text_of(document_of([run_of("a")]))


def test_many_skipped_pictures_are_counted_and_a_few_named():
    skipped = [
        BenchPicture(name=f"{n}.png", sha256=None, width=None, height=None, usable=False) for n in range(300)
    ]
    (said,) = document_cautions(document_of([run_of("a")], settings={"pictures": skipped}))
    assert said.endswith("9.png and 290 more")
    assert len(said) < 200
