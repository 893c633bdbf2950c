"""The modes with a backend whose duration and failures are told to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Never

import pytest
from plugin_samples import lay_distribution
from scripted_backend import register, scripted_arm, small_picture

from benchmarks.bench_document import BenchDocument, BenchModel, Environment
from benchmarks.harness.arm import Arm
from benchmarks.harness.assembling import Facts
from benchmarks.harness.progress import Progress
from benchmarks.harness.samples import Launch
from benchmarks.modes import running
from benchmarks.modes.mode_document import mode_document
from benchmarks.modes.mode_plan import ModePlan
from benchmarks.modes.running import measure_mode
from benchmarks.modes.throughput import measure_throughput
from toolkit.errors import EnvironmentFailed, UsageFault

FACTS = Facts(
    BenchModel(name="net", weights="own"),
    Environment(before={}, after={}, findings=[]),
    pictures=[],
    sha256={},
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    register(tmp_path, monkeypatch)
    small_picture(tmp_path / "p.png")
    return tmp_path


def measured(
    arms: Sequence[Arm], plan: ModePlan, folder: Path, said: list[Progress] | None = None
) -> BenchDocument:
    found = measure_mode(arms, plan, [folder / "p.png"], None if said is None else said.append)
    document = mode_document(found, plan, FACTS)
    assert BenchDocument.model_validate_json(document.to_json()) == document
    assert document.settings.mode == plan.mode
    return document


def test_throughput_of_sleeping_inferences_is_slots_over_time(folder: Path):
    plan = ModePlan("throughput", launches=2, window_s=0.6, warmup_s=0.1, in_flight=3)
    said: list[Progress] = []
    arms = [scripted_arm("a", folder, ms=20), scripted_arm("b", folder, batch=2, ms=20)]
    document = measured(arms, plan, folder, said)
    one, two = document.runs
    # 3 at a time, 20 ms each: at most 150 a second; how much less is the host's doing.
    figures = one.mode_figures
    assert figures["slots"] == 3
    assert one.items_per_s is not None
    assert 0 < one.items_per_s <= 150 * 1.1
    assert figures["items_per_s_low"] <= one.items_per_s <= figures["items_per_s_high"]
    assert 1 < figures["in_flight_mean"] <= 3
    assert figures["residence_mean_ms"] >= 20
    assert figures["littles_law_line"].startswith("Little's law: L = ")
    assert one.stages.keys() == {"infer"}
    assert one.stages["infer"].p50_ms >= 20
    assert two.items_per_s == pytest.approx(2 * two.mode_figures["inferences_per_s"], rel=0.01)
    assert [sorted(ran) for ran in document.order] == [["a", "b"]] * 2
    assert [len(run.launches) for run in document.runs] == [2, 2]
    assert [(progress.done, progress.total) for progress in said] == [(k, 4) for k in range(4)]


def test_a_stream_that_is_too_fast_drops_what_the_queue_cannot_hold(folder: Path):
    plan = ModePlan("stream", launches=1, window_s=0.5, rate=100.0, queue=2)
    (run,) = measured([scripted_arm("a", folder, ms=40)], plan, folder).runs
    figures = run.mode_figures
    assert figures["offered"] == 50
    assert figures["served"] + figures["dropped"] == 50
    assert figures["dropped"] >= 30  # of 50 in half a second it can serve 12, and 3 more at the end
    assert figures["late"] == figures["served"]  # 40 ms are more than the 10 between two arrivals
    assert figures["latency_p50_ms"] >= 80  # two wait before it, and are waited for
    assert figures["latency_mean_ms"] - figures["wait_mean_ms"] >= 40  # what serving one takes
    assert figures["latency_p90_ms"] is None
    assert figures["latency_p90_needs_n"] == 64
    assert run.items_per_s is not None
    assert 0 < run.items_per_s <= 25.5


def test_a_stream_that_is_slow_enough_drops_nothing(folder: Path):
    plan = ModePlan("stream", launches=1, window_s=0.5, rate=8.0)
    (run,) = measured([scripted_arm("a", folder, ms=5)], plan, folder).runs
    assert run.mode_figures["offered"] == 4
    assert run.mode_figures["served"] == 4
    assert run.mode_figures["dropped"] == 0
    assert run.mode_figures["latency_p50_ms"] >= 5
    assert set(run.share) == {"decode", "pre", "infer", "post", "encode"}


def test_cold_starts_are_a_process_each(folder: Path):
    document = measured([scripted_arm("a", folder, ms=10)], ModePlan("cold", launches=2), folder)
    (run,) = document.runs
    figures = run.mode_figures
    assert [launch.launch for launch in run.launches] == [0, 1]
    assert run.stages == {}
    assert figures["n_launches"] == 2
    assert figures["first_infer_p50_ms"] >= 10
    assert figures["second_infer_p50_ms"] >= 10
    parts = [figures[f"{name}_p50_ms"] for name in ("start", "load", "first_infer")]
    assert figures["ready_p50_ms"] == pytest.approx(sum(parts), rel=1e-6)
    assert figures["start_p50_ms"] > 1  # no Python starts faster
    assert run.load_ms == pytest.approx(figures["load_p50_ms"])
    assert document.verdict == "pass"


def test_an_arm_that_fails_is_out_and_the_others_go_on(folder: Path):
    plan = ModePlan("throughput", launches=1, window_s=0.2, warmup_s=0.0, in_flight=1)
    arms = [scripted_arm("bad", folder, at=3, how="raise"), scripted_arm("good", folder, ms=2)]
    document = measured(arms, plan, folder)
    bad, good = document.runs
    assert bad.status == "failed"
    assert "no such operator" in str(bad.failure)
    assert good.status == "ok"
    assert document.verdict == "fail"
    assert document.order == [["good"]]


def test_ctrl_c_keeps_what_was_measured(folder: Path, monkeypatch: pytest.MonkeyPatch):
    real, calls = running.measure_cold, []

    def interrupted(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(running, "measure_cold", interrupted)
    document = measured([scripted_arm("a", folder)], ModePlan("cold", launches=3), folder)
    assert document.verdict == "incomplete"
    assert len(document.runs[0].launches) == 1


def test_little_that_does_not_hold_forbids_a_pass(folder: Path):
    # One inference in flight of a window that holds only a few of them.
    plan = ModePlan("throughput", launches=1, window_s=0.01, warmup_s=0.0, in_flight=4)
    document = measured([scripted_arm("a", folder, ms=30)], plan, folder)
    (run,) = document.runs
    state = run.mode_figures["littles_law"]
    assert (document.verdict == "pass") == (state == "holds")
    assert state == "holds" or "Little's law" in document.reasons[-1]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"mode": "stream"}, "needs a rate"),
        ({"mode": "stream", "rate": 0.0}, "not between 0 and"),
        ({"mode": "stream", "rate": float("nan")}, "not between 0 and"),
        ({"mode": "stream", "rate": 1e9}, "not between 0 and"),
        ({"mode": "stream", "rate": 1.0, "queue": 0}, "1 to 100000 arrivals, not 0"),
        ({"mode": "throughput", "window_s": 0.0}, "more than 0 s"),
        ({"mode": "throughput", "in_flight": 0}, "1 to 1024, not 0"),
        ({"mode": "cold", "launches": 0}, "launches must be at least 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, Any], words: str):
    with pytest.raises(UsageFault, match=words) as fault:
        ModePlan(**settings)
    assert fault.value.code == "CTK601"


def test_arms_must_have_different_names(folder: Path):
    arms = [scripted_arm("a", folder)] * 2
    with pytest.raises(UsageFault, match="different names"):
        measure_mode(arms, ModePlan("cold"), [folder / "p.png"])


_FLYING = """
from scripted_runtime import Scripted, Session
from toolkit.backends.session_pool import SessionPool


class InFlight(Session):
    def info(self):
        from dataclasses import replace
        return replace(super().info(), device="ASYNC", precision_executed="bf16")


class Flying(Scripted):
    @classmethod
    def load_async(cls, artifact, *, threads=None, precision="f32", device=None, in_flight=None, **script):
        pool = SessionPool()
        pool.add(InFlight(threads, precision, script))
        return pool
"""


def test_what_throughput_tells_is_of_the_session_that_was_timed(folder: Path):
    lay_distribution(
        folder,
        {"ctk.backends": {"flying": "flying_runtime:Flying"}},
        name="flying",
        modules={"flying_runtime": _FLYING},
    )
    arm = replace(scripted_arm("a", folder, ms=2), backend="flying")
    (run,) = measured([arm], ModePlan("throughput", launches=1, window_s=0.1, warmup_s=0.0), folder).runs
    assert (run.status, run.precision_executed, run.device) == ("ok", "bf16", "ASYNC")


class Asked:
    """Stands for the process of a slow arm: keeps how long a window was asked for."""

    def __init__(self) -> None:
        self.windows: list[float] = []

    def load_with(self, *_: object, **__: object) -> dict[str, Any]:
        return {"slots": 1}

    def launch_of(self, _: object) -> Launch:
        return Launch(0, 1.0, 3_600_000.0, {})

    def command(self, _word: str, _seconds: float, *, window_s: float, **_: object) -> dict[str, Any]:
        self.windows.append(window_s)
        nothing = dict.fromkeys(("involuntary_switches", "steal_fraction", "throttled", "peak_rss_bytes"))
        return {"spans": [[0, 10], [10, 20]], "window": [0, 20], **nothing}


def test_a_window_does_not_grow_without_end():
    slow: Any = Asked()
    for window_s in (5.0, 600.0):
        measure_throughput(slow, ModePlan("throughput", window_s=window_s), 0)
    assert slow.windows == [120.0, 600.0]


@pytest.mark.parametrize("mode", ["throughput", "stream"])
def test_figures_outlive_the_judgement_of_their_plausibility(folder: Path, mode: Any):
    def fails(_run: object) -> Never:
        raise EnvironmentFailed("CTK409", "the cache is full")

    def interrupts(_run: object) -> Never:
        raise KeyboardInterrupt

    plan = ModePlan(mode, launches=1, window_s=0.2, warmup_s=0.0, rate=20.0 if mode == "stream" else None)
    found = measure_mode([scripted_arm("a", folder, ms=2)], plan, [folder / "p.png"])
    (run,) = mode_document(found, plan, replace(FACTS, plausibility=fails)).runs
    assert run.items_per_s is not None
    assert run.plausibility is not None
    assert (run.plausibility.verdict, "the cache is full" in str(run.plausibility.arithmetic)) == (
        "unknown",
        True,
    )
    document = mode_document(found, plan, replace(FACTS, plausibility=interrupts))
    assert (document.verdict, document.runs[0].items_per_s) == ("incomplete", run.items_per_s)
