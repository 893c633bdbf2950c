"""Why nothing may be concluded from figures, whatever they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from benchmarks.baseline.launch_medians import medians_of
from benchmarks.bench_document import BenchRun, EnvironmentFinding
from benchmarks.stats.settling import falls_alike

# A launch may seem to get faster by chance, in about 1 % of all; two of them, and more than a fifth, hardly do.
_MOST_COLD = 0.2
_LEAST_COLD = 2


def doubts(findings: Iterable[EnvironmentFinding], runs: Iterable[BenchRun]) -> list[str]:
    """One sentence for each: a host too noisy, launches that were not warm, a figure below what is possible.

    Args:
        findings: Of the document; those that the user allowed are notes by then.
        runs: The runs that a conclusion would be drawn from, each by itself.
    """
    runs = list(runs)
    return [*_of_host_and_figures(findings, runs), *(doubt for run in runs for doubt in not_warm(run))]


def doubts_of_pair(findings: Iterable[EnvironmentFinding], old: BenchRun, new: BenchRun) -> list[str]:
    """As `doubts`, of two runs whose rounds are paired.

    Launches in which both got faster forbid nothing: what they share is taken out by pairing, and a slow ramp by
    nothing else (benchmark_method.md §5). Whether their ratio moved is asked of the ratio (`stats.settling.moves`).

    Args:
        findings: As for `doubts`.
        old: One run.
        new: The other one.
    """
    found = _of_host_and_figures(findings, (old, new))
    cold = {run.arm: {launch.launch for launch in run.launches if not launch.warm} for run in (old, new)}
    for run, other in ((old, new), (new, old)):
        alone = len(cold[run.arm] - cold[other.arm])
        if _are_too_many(alone, run):
            found.append(
                f"{run.arm}: still getting faster at the end of {alone} of {len(run.launches)} launches, "
                f"in which {other.arm} was not"
            )
    return found


def implausible(run: BenchRun) -> Iterator[str]:
    """Says so of a run whose inference is faster than the device allows."""
    if run.plausibility is not None and run.plausibility.verdict == "implausible":
        why = run.plausibility.arithmetic
        yield f"{run.arm}: implausible: {why or 'infer is faster than the device allows'}"


def not_warm(run: BenchRun) -> Iterator[str]:
    """Says so of a run whose launches still got faster: two of them at their end and more than a fifth, or all alike."""
    cold = sum(not launch.warm for launch in run.launches)
    if _are_too_many(cold, run):
        yield f"{run.arm}: still getting faster at the end of {cold} of {len(run.launches)} launches"
    elif falls_alike([np.log(launch[launch > 0]) for launch in medians_of(run)]):
        yield f"{run.arm}: launches are faster in their second half than in their first"


def _of_host_and_figures(findings: Iterable[EnvironmentFinding], runs: Iterable[BenchRun]) -> list[str]:
    noisy = [f"the host was too noisy: {one.message}" for one in findings if one.severity == "too_noisy"]
    return noisy + [doubt for run in runs for doubt in implausible(run)]


def _are_too_many(cold: int, run: BenchRun) -> bool:
    return cold >= _LEAST_COLD and cold > _MOST_COLD * len(run.launches)
