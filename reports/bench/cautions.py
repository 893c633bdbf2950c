"""What a reader of a run must not overlook, one sentence each."""

from __future__ import annotations

from statistics import mean

from benchmarks.bench_document import BenchDocument, BenchRun
from reports.bench.figures import counted

# Above this, neighbouring samples carry less than they seem to (benchmark_method.md §3).
_MUCH_AUTOCORRELATION = 0.2
_MOST_NAMES = 10


def document_cautions(document: BenchDocument) -> list[str]:
    """Warnings of the whole document, each run's with its name."""
    found = [f"{run.arm}: {caution}" for run in document.runs for caution in run_cautions(run)]
    skipped = [picture for picture in document.settings.pictures if not picture.usable]
    if skipped:
        names = ", ".join(picture.name for picture in skipped[:_MOST_NAMES])
        more = len(skipped) - _MOST_NAMES
        names += f" and {more} more" if more > 0 else ""
        found.append(
            f"{counted(len(skipped), 'picture')} of {len(document.settings.pictures)} skipped: {names}"
        )
    return found


def run_cautions(run: BenchRun) -> list[str]:
    """Warnings of one run: precision, warm-up, dependence of its samples, arrivals that it could not serve."""
    return [*_precision(run), *_warmth(run), *_dependence(run), *_overload(run)]


def _precision(run: BenchRun) -> list[str]:
    executed, asked = run.precision_executed, run.precision_requested
    if not run.stages or asked in {executed, "native"}:
        return []
    if executed is None:
        return [f"precision {asked} was asked for, and what was executed is unknown"]
    return [f"precision {asked} was asked for, and {executed} was executed"]


def _warmth(run: BenchRun) -> list[str]:
    cold = sum(not launch.warm for launch in run.launches)
    if not cold:
        return []
    return [f"{cold} of {counted(len(run.launches), 'launch')} still became faster when they ended"]


def _dependence(run: BenchRun) -> list[str]:
    known = [launch.lag1 for launch in run.launches if launch.lag1 is not None]
    # A single launch has so few samples that chance alone often makes 0.2; the mean of several has less of it.
    if not known or mean(known) <= _MUCH_AUTOCORRELATION:
        return []
    return [
        f"neighbouring samples are alike (autocorrelation {mean(known):.2f}, mean of {counted(len(known), 'launch')}): "
        "percentiles and intervals within a launch stand on fewer independent samples than n"
    ]


def _overload(run: BenchRun) -> list[str]:
    dropped, offered = (run.mode_figures.get(name) for name in ("dropped", "offered"))
    if not isinstance(dropped, int) or not dropped:
        return []
    return [
        f"{dropped} of {offered} arrivals were dropped, the queue being full: the latency is of those that were served"
    ]
