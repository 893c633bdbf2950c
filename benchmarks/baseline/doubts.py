"""Why nothing may be concluded from figures, whatever they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benchmarks.bench_document import BenchRun, EnvironmentFinding

# A launch may seem to get faster by chance, in about 1 % of all; two of them, and more than a fifth, hardly do.
_MOST_COLD = 0.2
_LEAST_COLD = 2


def doubts(findings: Iterable[EnvironmentFinding], runs: Iterable[BenchRun]) -> list[str]:
    """One sentence for each: a host too noisy, launches that were not warm, a figure below what is possible.

    Args:
        findings: Of the document; those that the user allowed are notes by then.
        runs: The runs that a conclusion would be drawn from.
    """
    noisy = [f"the host was too noisy: {one.message}" for one in findings if one.severity == "too_noisy"]
    return noisy + [doubt for run in runs for doubt in (*not_warm(run), *implausible(run))]


def implausible(run: BenchRun) -> Iterator[str]:
    """Says so of a run whose inference is faster than the device allows."""
    if run.plausibility is not None and run.plausibility.verdict == "implausible":
        why = run.plausibility.arithmetic
        yield f"{run.arm}: implausible: {why or 'infer is faster than the device allows'}"


def not_warm(run: BenchRun) -> Iterator[str]:
    """Says so of a run of which two launches, and more than a fifth of them, still got faster at their end."""
    cold = [launch for launch in run.launches if not launch.warm]
    if len(cold) >= _LEAST_COLD and len(cold) > _MOST_COLD * len(run.launches):
        yield f"{run.arm}: still getting faster at the end of {len(cold)} of {len(run.launches)} launches"
