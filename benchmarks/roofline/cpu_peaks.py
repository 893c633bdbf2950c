"""What this machine's processor can do at most, found once by probes and kept in ctk's cache.

A peak is 1.25 times the largest rate that any runtime reached (`benchmark_method.md` §8); the same goes for the
bandwidth of memory. Rates that a busy machine lets through are too small: they are marked, a latency below them
is judged again after new probes (`benchmarks.roofline.guard`), and of all probes the largest rates stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from benchmarks.machine import Machine, describe_machine
from benchmarks.roofline.peaks import Bandwidth, Peaks, Rate
from benchmarks.roofline.probing import (
    RUNTIMES,
    OnStep,
    Probed,
    ProbedRate,
    ProbedStream,
    planned_probes,
    run_probes,
)
from benchmarks.roofline.processor_caches import cache_bytes
from toolkit.atomic import write_atomically
from toolkit.backends.threads import thread_count
from toolkit.cache import artifact, artifact_folder, artifact_key, cache_failures_named, filling, use
from toolkit.errors import EnvironmentFailed
from toolkit.machine import cpu_facts
from toolkit.messages import warn

MARGIN = 1.25
"""A peak over the largest rate reached (`benchmark_method.md` §8)."""
_LIBRARIES = ("numpy", *RUNTIMES)
_FILE = "peaks.json"
_MOST_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class CpuPeaks:
    """Peaks of the processor.

    Attributes:
        peaks: For the guard.
        probed: What they come from.
        is_fresh: Whether the probes ran just now.
    """

    peaks: Peaks
    probed: Probed
    is_fresh: bool


def cpu_peaks(threads: int | None = None, *, again: bool = False, on_step: OnStep | None = None) -> CpuPeaks:
    """The peaks of this machine's processor.

    The first call on a machine takes some 15 s. Its key is the processor, its features and cores, the
    threads, and the version of every runtime.

    Args:
        threads: Threads that compute; the physical cores by default.
        again: Whether to probe anew; the largest rates of old and new probes stay.
        on_step: For progress, while probes run.

    Raises:
        UsageFault: CTK601 for a thread count below 1.
        EnvironmentFailed: CTK407 for more threads than logical processors.
    """
    count = thread_count(threads)
    machine = describe_machine(_LIBRARIES)
    folder = artifact_folder(machine_key(machine, count))
    kept = _kept(folder / _FILE)
    if kept is not None and not again:
        use(folder)
        return CpuPeaks(_peaks(kept, machine, count), kept, is_fresh=False)
    found = run_probes(planned_probes(cpu_facts().by_precision()), count, on_step)
    probed = found if kept is None else merged(kept, found)
    # A process that failed may have been the fastest: next time it gets another chance.
    if not found.failed:
        _keep(folder, probed)
    return CpuPeaks(_peaks(probed, machine, count), probed, is_fresh=True)


def machine_key(machine: Machine, threads: int) -> str:
    """The key of a machine in the cache: 32 hexadecimal digits."""
    facts = machine.model_dump(
        mode="json", include={"cpu", "cores", "logical_cores", "usable_cores", "flags", "versions"}
    )
    return artifact_key({}, {"what": "peaks of the processor, form 1", "threads": threads, **facts})


def merged(old: Probed, new: Probed) -> Probed:
    """The larger rate of each kernel; refusals and failures are those of the new probes."""
    rates: dict[tuple[str, str, str], ProbedRate] = {}
    for rate in (*old.rates, *new.rates):
        place = (rate.backend, rate.kernel, rate.precision)
        rates[place] = max(rate, rates.get(place, rate), key=lambda one: (one.gflops, not one.disturbed))
    streams: dict[str, ProbedStream] = {}
    for stream in (*old.streams, *new.streams):
        known = streams.get(stream.kernel, stream)
        streams[stream.kernel] = max(stream, known, key=lambda one: (one.gb_s, not one.disturbed))
    return Probed(
        rates=list(rates.values()), streams=list(streams.values()), refused=new.refused, failed=new.failed
    )


def _peaks(probed: Probed, machine: Machine, threads: int) -> Peaks:
    by_precision: dict[str, list[ProbedRate]] = {}
    for rate in probed.rates:
        by_precision.setdefault(rate.precision, []).append(rate)
    return Peaks(
        device=machine.cpu or "CPU",
        rates={word: _rate(rates, threads) for word, rates in by_precision.items()},
        bandwidth=_bandwidth(probed, threads),
    )


def _rate(rates: Sequence[ProbedRate], threads: int) -> Rate:
    """1.25 × the fastest; uncertain when any of them was disturbed, since it might be the fastest else."""
    best = max(rates, key=lambda rate: rate.gflops)
    source = f"{MARGIN} × {best.gflops:.1f} GFLOP/s of {best.backend}'s {best.kernel} here, {threads} threads"
    return Rate(best.gflops * MARGIN, source, is_certain=not any(rate.disturbed for rate in rates))


def _bandwidth(probed: Probed, threads: int) -> Bandwidth | None:
    kept = cache_bytes()
    # Where the size of the caches is not known, nothing can be said of what has to be moved.
    if not probed.streams or kept is None:
        return None
    best = max(probed.streams, key=lambda stream: stream.gb_s)
    source = f"{MARGIN} × {best.gb_s:.1f} GB/s of a stream probe ({best.kernel}) here, {threads} threads"
    certain = not any(stream.disturbed for stream in probed.streams)
    return Bandwidth(best.gb_s * MARGIN, source, kept, is_certain=certain)


def _kept(path: Path) -> Probed | None:
    with suppress(OSError, ValidationError, ValueError), path.open("rb") as file:
        return Probed.model_validate_json(file.read(_MOST_BYTES))
    return None


def _keep(folder: Path, probed: Probed) -> None:
    text = probed.model_dump_json(indent=1).encode()
    try:
        artifact(folder.name, lambda place: write_atomically(place / _FILE, text))
        with filling(folder), cache_failures_named(folder):
            write_atomically(folder / _FILE, text)  # where an older one was there
    except EnvironmentFailed as error:
        warn(f"the peaks of this processor are not kept for next time: {error.headline}")
