"""Simulated arms that are not in their steady state: how often a gate is wrong, and what the check of it is worth.

    python -m benchmarks.settling_simulations [--runs 1000] [--seed 0] [--json FILE]

Runs are those of `benchmarks.statistics_simulations` on a quiet host. On top of them, the old arm, the new one or both
start slowly in every launch. Their samples then go the way of measured ones: the cut of the warm-up, the medians of
rounds, the doubts about launches, the gate with its margin of 3 %. `before` is the gate without the change of the
ratio within launches (`stats.settling`), which only the launches themselves can put in doubt. Wrong is ``pass`` where the
new arm truly takes 8 % longer, and ``regression`` where it does not.

Bounds: steady arms never get a wrong verdict, and with ten launches get the right one in 90 %; a true slowdown passes
in at most 5 % whatever starts slowly. Two things have no bound, and are what one must know of the default, 5 x 4 x 10:
behind the cut of the warm-up it calls an 8 % slowdown a regression in some 80 % of runs, and holds a new arm that starts
20 % slower, and decays over half of each launch, for a regression in some 20 %. Exit status 0 when all bounds hold,
else 1.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.baseline.doubts import doubts
from benchmarks.baseline.gates import gate_of
from benchmarks.bench_document import BenchRun, LaunchRecord
from benchmarks.harness.warm_launches import behind_cut
from benchmarks.simulation_script import concluded, options
from benchmarks.statistics_simulations import ARMS, DRIFTS, MARGIN, QUIET, Blocks, Protocol, simulate, table
from benchmarks.stats.blocks import round_medians
from benchmarks.stats.paired import compare_medians
from benchmarks.stats.warmup import warmup

SLOWDOWN = 0.08
# The default of `ctk bench`, that of --precise, and that of `benchmarks.real_trials`.
PROTOCOLS = {"5 x 4 x 10": Protocol(), "10 x 4 x 10": Protocol(10), "10 x 8 x 20": Protocol(10, 8, 20)}
LEAST_RIGHT = 0.9
MOST_PASSED = 0.05
# What multiplies durations, of how far the launch has come, from 0 to 1.
StartUp = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def _steady(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.ones_like(t)


def _ramp(by: float) -> StartUp:
    return lambda t: np.asarray(1 + by * (1 - t))


def _decay(by: float) -> StartUp:
    """Its time constant is half of a launch, so that no cut in the first half takes it away."""
    return lambda t: np.asarray(1 + by * np.exp(-2 * t))


@dataclass(frozen=True, slots=True)
class Case:
    """What is simulated.

    Attributes:
        slowdown: True one of the new arm.
        old: How the old arm, and with it the control, starts in every launch.
        new: How the new arm starts.
        drift: Of the host, one of `statistics_simulations.DRIFTS`.
    """

    slowdown: float
    old: StartUp = _steady
    new: StartUp = _steady
    drift: str = "linear, random slope"

    @property
    def is_steady(self) -> bool:
        """Whether no arm starts slowly."""
        return self.old is self.new is _steady

    @property
    def right(self) -> str:
        """The verdict that is true."""
        return "regression" if self.slowdown > MARGIN else "pass"

    @property
    def wrong(self) -> str:
        """The verdict that is not."""
        return "pass" if self.slowdown > MARGIN else "regression"


CASES = {
    "8 %, steady": Case(SLOWDOWN),
    "8 %, steady, slow AR(1)": Case(SLOWDOWN, drift="slow AR(1), 4 %"),
    "8 %, steady, +10 %": Case(SLOWDOWN, drift="+10 % linear"),
    "0 %, steady": Case(0.0),
    "8 %, old ramp 30 %": Case(SLOWDOWN, old=_ramp(0.3)),
    "0 %, new ramp 30 %": Case(0.0, new=_ramp(0.3)),
    "8 %, old decay 20 %": Case(SLOWDOWN, old=_decay(0.2)),
    "0 %, new decay 20 %": Case(0.0, new=_decay(0.2)),
    "8 %, both ramp 30 %": Case(SLOWDOWN, old=_ramp(0.3), new=_ramp(0.3)),
    "8 %, decays 40 and 20 %": Case(SLOWDOWN, old=_decay(0.4), new=_decay(0.2)),
    "0 %, decays 20 and 40 %": Case(0.0, old=_decay(0.2), new=_decay(0.4)),
}


def row(rng: np.random.Generator, case: Case, protocol: Protocol, runs: int) -> dict[str, float]:
    """Shares of right and wrong verdicts of one case, without the check of the ratio and with it."""
    seen: Counter[str] = Counter()
    for _ in range(runs):
        arms = simulate(rng, DRIFTS[case.drift], QUIET, case.slowdown, protocol)
        before, verdict = verdicts(_started(arms, case))
        seen.update([f"before {before}", verdict])
    return {
        "right before": seen[f"before {case.right}"] / runs,
        "right": seen[case.right] / runs,
        "wrong before": seen[f"before {case.wrong}"] / runs,
        "wrong": seen[case.wrong] / runs,
    }


def verdicts(arms: dict[str, Blocks]) -> tuple[str, str]:
    """What the gate says without the change of the ratio within launches, and what it says with it.

    Args:
        arms: Samples of ``old``, ``new`` and ``control``.
    """
    records = {name: [_record(i, blocks) for i, blocks in enumerate(arms[name])] for name in ARMS}
    old, new, control = ([np.array(one.rounds_ms, np.float64) for one in records[name]] for name in ARMS)
    found, ci = compare_medians(old, new), compare_medians(old, control).ci95
    runs = _run("old", records["old"]), _run("new", records["new"])
    ratios = (replace(found, change=None, change_ci95=None), found)
    before, now = (gate_of("against", runs, one, ci, MARGIN, doubts([], runs)).verdict for one in ratios)
    return before, now


def broken_bounds(rows: Mapping[str, Mapping[str, float]], case: Case) -> list[str]:
    """The bounds that do not hold, in words.

    Args:
        rows: Of one case, by protocol.
        case: What was simulated.
    """
    broken = []
    for name, shares in rows.items():
        if case.is_steady and shares["wrong"] > 0:
            broken.append(f"{name}: wrong in {shares['wrong']:.1%}")
        if case.is_steady and PROTOCOLS[name].launches >= 10 and shares["right"] < LEAST_RIGHT:
            broken.append(f"{name}: right in only {shares['right']:.1%}")
        if case.wrong == "pass" and shares["wrong"] > MOST_PASSED:
            broken.append(f"{name}: a slowdown passed in {shares['wrong']:.1%}")
    return broken


def _started(arms: dict[str, Blocks], case: Case) -> dict[str, Blocks]:
    starts = {"old": case.old, "new": case.new, "control": case.old}
    return {name: [_slowed(launch, starts[name]) for launch in blocks] for name, blocks in arms.items()}


def _slowed(launch: list[NDArray[np.int64]], start: StartUp) -> list[NDArray[np.int64]]:
    samples = np.concatenate(launch)
    slowed = np.rint(samples * start(np.arange(len(samples)) / len(samples))).astype(np.int64)
    return np.split(slowed, len(launch))


def _record(number: int, blocks: list[NDArray[np.int64]]) -> LaunchRecord:
    """As `harness.summarising.launch_record`, which takes stamps of all stages: here is only one."""
    found = warmup(np.concatenate(blocks))
    medians = round_medians([behind_cut(blocks, found.cut)])[0]
    return LaunchRecord(
        launch=number, load_ms=None, first_infer_ms=None, peak_rss_bytes=None, warmup_n=found.cut,
        n=sum(map(len, blocks)) - found.cut, warm=found.warm,
        rounds_ms=[None if np.isnan(one) else float(one) / 1e6 for one in medians],
    )  # fmt: skip


def _run(arm: str, launches: list[LaunchRecord]) -> BenchRun:
    return BenchRun(
        arm=arm, backend=arm, runtime_version="simulated", device="CPU", precision_requested="f32",
        precision_executed="f32", threads=1, launches=launches, status="ok",
    )  # fmt: skip


def main() -> int:
    """Simulates, prints the tables, and returns the exit status."""
    asked = options(__doc__, 1000)
    rng = np.random.default_rng(asked.seed)
    found, broken = {}, []
    for name, case in CASES.items():
        rows = {words: row(rng, case, protocol, asked.runs) for words, protocol in PROTOCOLS.items()}
        sys.stdout.write(table(name, rows) + "\n\n")
        sys.stdout.flush()
        found[name] = rows
        broken += [f"{name}, {what}" for what in broken_bounds(rows, case)]
    return concluded(asked, found, broken)


if __name__ == "__main__":
    sys.exit(main())
