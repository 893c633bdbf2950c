"""Whether a host lets one decide anything (benchmark_method.md §7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.bench_document import EnvironmentFinding
from benchmarks.environment.findings import Suspicion, finding, refuse_unknown_names
from benchmarks.environment.host_meter import Conditions, stolen_fraction

MOST_STEAL = 0.02
_MEGABYTE = 1_000_000
# What must be the same before and after; where it is not, the reader should know.
_STEADY = (
    ("frequency", "governors"),
    ("frequency", "max_mhz"),
    ("frequency", "turbo"),
    ("affinity", "usable"),
    ("control_group", "quota_processors"),
    ("memory", "transparent_huge_pages"),
    ("clock", "source"),
)
Host = Mapping[str, Any]


def judge(
    before: Host,
    after: Host,
    blocks: Iterable[Conditions],
    *,
    threads: int,
    memory_needed_bytes: int | None = None,
    allowed: Collection[str] = (),
) -> list[EnvironmentFinding]:
    """What forbids a verdict, what the user allowed, and what a reader should know.

    Too noisy: a quota stopped the process during a block, or more than 2 % of the time that a block wanted was
    stolen (or of all time between `before` and `after`). Problems: fewer usable logical processors than threads, less
    memory than the model needs, a clock that is not monotonic.

    Args:
        before: As `collect` gives it.
        after: The same after the last block.
        blocks: What happened during each block, of all arms and launches.
        threads: Of the arm that has most.
        memory_needed_bytes: Of the largest model; None where nobody can tell.
        allowed: Names from ``--allow-env``.

    Raises:
        UsageFault: CTK603 for an unknown name in `allowed`.
    """
    refuse_unknown_names(allowed)
    seen = list(blocks)
    suspicions = [
        *_throttled(seen),
        *_stolen(seen, before, after),
        *_affinity(before, after, threads),
        *_memory(before, memory_needed_bytes),
        *_clock(before, after),
        *_worth_a_note(before, after, threads),
    ]
    return [finding(suspicion, allowed) for suspicion in suspicions]


def _throttled(blocks: Sequence[Conditions]) -> Iterator[Suspicion]:
    counts = [block.throttled for block in blocks if block.throttled is not None]
    hit = [count for count in counts if count > 0]
    if hit:
        yield Suspicion(
            "throttled",
            f"the quota of the control group stopped the process {_times(sum(hit))} in {len(hit)} of "
            f"{_blocks(len(blocks))}",
        )
    if len(counts) < len(blocks):
        yield Suspicion("throttled", "whether a quota stopped the process is unknown here", note=True)


def _stolen(blocks: Sequence[Conditions], before: Host, after: Host) -> Iterator[Suspicion]:
    shares = [block.steal_fraction for block in blocks if block.steal_fraction is not None]
    hit = [share for share in shares if share > MOST_STEAL]
    over_all = _stolen_between(before, after)
    if hit:
        yield Suspicion(
            "steal",
            f"the host took more than {MOST_STEAL:.0%} of the processor time in {len(hit)} of "
            f"{_blocks(len(blocks))}, {max(hit):.1%} at most",
        )
    elif over_all is not None and over_all > MOST_STEAL:
        yield Suspicion("steal", f"the host took {over_all:.1%} of the processor time from start to end")
    if len(shares) < len(blocks):
        yield Suspicion("steal", "whether the host took processor time is unknown here", note=True)


def _stolen_between(before: Host, after: Host) -> float | None:
    """From the first reading to the last; blocks of a few ticks each cannot prove anything alone.

    The time between the blocks counts as well, and may hide what was stolen in some of them. One tick is taken off
    the sum of all processors, though each is cut by itself: on the strict side, by a tick for each in a whole run.
    """
    counts = [_fact(host, "load", key) for key in ("busy_ticks", "stolen_ticks") for host in (before, after)]
    if None in counts:
        return None
    return stolen_fraction(counts[1] - counts[0], counts[3] - counts[2])


def _affinity(before: Host, after: Host, threads: int) -> Iterator[Suspicion]:
    usable = [
        len(cpus) for host in (before, after) if (cpus := _fact(host, "affinity", "usable")) is not None
    ]
    if usable and min(usable) < threads:
        yield Suspicion(
            "affinity", f"{threads} threads may use only {_count(min(usable), 'logical processor')}"
        )


def _memory(before: Host, needed: int | None) -> Iterator[Suspicion]:
    available = _fact(before, "memory", "available_bytes")
    if needed is None:
        return
    if available is None:
        yield Suspicion("memory", "how much memory is free is unknown here", note=True)
    elif available < needed:
        yield Suspicion(
            "memory",
            f"the model needs {needed / _MEGABYTE:.0f} MB of memory, and {available / _MEGABYTE:.0f} MB are free",
        )


def _clock(before: Host, after: Host) -> Iterator[Suspicion]:
    steps = sum(_fact(host, "clock", "backward_steps") or 0 for host in (before, after))
    first, last = (_fact(host, "clock", "read_at_ns") for host in (before, after))
    went_back = steps > 0 or (first is not None and last is not None and last < first)
    if went_back:
        yield Suspicion("clock", "the clock went backwards")
    elif _fact(before, "clock", "monotonic") is not True:
        yield Suspicion("clock", "the clock is not one that never goes backwards")


def _worth_a_note(before: Host, after: Host, threads: int) -> Iterator[Suspicion]:
    quota = _fact(before, "control_group", "quota_processors")
    if quota is not None and quota < threads:
        yield Suspicion("quota", f"{threads} threads share a quota of {quota:.4g} processors")
    cores = _fact(before, "processor", "usable_cores")
    if cores is not None and cores < threads:
        yield Suspicion("smt", f"{threads} threads share {_count(cores, 'physical core')}")
    load, usable = _fact(before, "load", "average"), _fact(before, "affinity", "usable")
    if load and usable and load[0] > len(usable) / 2:
        yield Suspicion(
            "load",
            f"other programs were running: a load of {load[0]:.1f} on {_count(len(usable), 'processor')}",
        )
    governors = _fact(before, "frequency", "governors") or []
    if governors and governors != ["performance"]:
        yield Suspicion(
            "governor", f"the frequency is governed by {', '.join(governors)}, not by performance"
        )
    for group, key in _STEADY:
        first, last = (_fact(host, group, key) for host in (before, after))
        if first != last:
            yield Suspicion("changed", f"{group} {key} was {first} before and {last} after")


def _fact(host: Host, group: str, key: str) -> Any:
    return host.get(group, {}).get(key)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _blocks(count: int) -> str:
    return _count(count, "block")


def _count(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
