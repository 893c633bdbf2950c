"""Simulated launches that are not in their steady state: how often a gate is wrong, with its checks and without.

    python -m benchmarks.settling_simulations [--runs 300] [--seed 0] [--json FILE]

Runs are those of `benchmarks.statistics_simulations` on a quiet host. On top of them, the old arm or the new one starts
slowly in every launch, or both do. Their samples then go the way of measured ones: the cut of the warm-up, the medians of
rounds, the doubts about launches, the gate with its margin of 3 %. Wrong is `pass` where the new arm truly takes 8 %
longer, and `regression` where it does not. ``without`` is what the gate would say of the intervals alone.

Bounds, after issue 6: where both arms are steady and the intervals alone are right in 95 % of runs, the gate is right in
90 %, under drifts of the host too; where the old arm is cold, a slowdown passes in at most 10 %. A *new* arm that is
slow in the first half of every process has no bound: five launches of four rounds hold a decay of 20 % for a regression
in 4 of 10 runs, and ten launches of eight rounds in 3 of 100. Exit status 0 when all hold, else 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.baseline.doubts import doubts
from benchmarks.baseline.gates import gate_of
from benchmarks.bench_document import BenchRun, LaunchRecord
from benchmarks.harness.warm_launches import behind_cut
from benchmarks.statistics_simulations import ARMS, DRIFTS, MARGIN, QUIET, Blocks, Protocol, simulate, table
from benchmarks.stats.blocks import round_medians
from benchmarks.stats.paired import compare_medians
from benchmarks.stats.warmup import warmup

SLOWDOWN = 0.08
# The default of `ctk bench`, the one of long trials, and that of `--precise` with as many samples.
PROTOCOLS = (Protocol(), Protocol(5, 16, 20), Protocol(10, 8, 20))
LEAST_RIGHT = 0.9
CLEAR = 0.95
MOST_PASSED = 0.1
# What multiplies durations, of how far the launch has come, from 0 to 1.
StartUp = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def _steady(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.ones_like(t)


def _ramp(t: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.3 - 0.3 * t


def _decay(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Its time constant is half of a launch, so that no cut in the first half takes it away."""
    return np.asarray(1 + 0.2 * np.exp(-2 * t))


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
        """Whether both arms start alike: then their ratio is the true one all the time."""
        return self.old is self.new

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
    "8 %, old ramp 30 %": Case(SLOWDOWN, old=_ramp),
    "0 %, new ramp 30 %": Case(0.0, new=_ramp),
    "8 %, old decay 20 %": Case(SLOWDOWN, old=_decay),
    "0 %, new decay 20 %": Case(0.0, new=_decay),
}


def row(rng: np.random.Generator, case: Case, protocol: Protocol, runs: int) -> dict[str, float]:
    """Shares of right and wrong verdicts of one case, with the checks and without."""
    seen: Counter[str] = Counter()
    for _ in range(runs):
        without, verdict = verdicts(
            _started(simulate(rng, DRIFTS[case.drift], QUIET, case.slowdown, protocol), case)
        )
        seen.update({f"without {without}": 1, f"with {verdict}": 1})
    return {
        "right without": seen[f"without {case.right}"] / runs,
        "right": seen[f"with {case.right}"] / runs,
        "wrong without": seen[f"without {case.wrong}"] / runs,
        "wrong": seen[f"with {case.wrong}"] / runs,
    }  # fmt: skip


def verdicts(arms: dict[str, Blocks]) -> tuple[str, str]:
    """What the gate would say of the intervals alone, and what it says.

    Args:
        arms: Samples of ``old``, ``new`` and ``control``.
    """
    records = {name: [_record(i, blocks) for i, blocks in enumerate(arms[name])] for name in ARMS}
    old, new, control = ([np.array(one.rounds_ms, np.float64) for one in records[name]] for name in ARMS)
    found, ci = compare_medians(old, new), compare_medians(old, control).ci95
    runs = _run("old", records["old"]), _run("new", records["new"])
    gate = gate_of("against", runs, found, ci, MARGIN, doubts([], runs))
    alone = replace(found, change=None, change_ci95=None)
    former = gate_of("against", runs, alone, ci, MARGIN, doubts([], runs))
    return former.verdict, gate.verdict


def broken_bounds(rows: dict[str, dict[str, float]], case: Case) -> list[str]:
    """The bounds that do not hold, in words.

    Args:
        rows: Of one case, by protocol.
        case: What was simulated.
    """
    broken = []
    for name, shares in rows.items():
        if case.is_steady and shares["right without"] >= CLEAR and shares["right"] < LEAST_RIGHT:
            broken.append(
                f"{name}: right in {shares['right']:.1%}, and without checks {shares['right without']:.1%}"
            )
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
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=300, help="of every row")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    runs, rng = max(arguments.runs, 1), np.random.default_rng(arguments.seed)
    found, broken = {}, []
    for name, case in CASES.items():
        rows = {f"{p.launches} x {p.rounds} x {p.iterations}": row(rng, case, p, runs) for p in PROTOCOLS}
        sys.stdout.write(table(name, rows) + "\n\n")
        sys.stdout.flush()
        found[name] = rows
        broken += [f"{name}: {what}" for what in broken_bounds(rows, case)]
    sys.stdout.write(
        "\n".join([f"{runs} runs a row", *(f"broken: {one}" for one in broken or ["none"])]) + "\n"
    )
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"runs": runs, "seed": arguments.seed, **found, "broken": broken})
        )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
