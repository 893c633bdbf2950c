"""What makes a host unfit, one fault at a time on an otherwise good one."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from benchmarks.bench_document import EnvironmentFinding
from benchmarks.environment import BlockConditions, judge, refuse_unknown_names
from toolkit.errors import UsageFault

GOOD: dict[str, Any] = {
    "processor": {"usable_cores": 4},
    "frequency": {"governors": ["performance"], "max_mhz": 3000.0, "turbo": False},
    "affinity": {"usable": [0, 1, 2, 3]},
    "control_group": {"quota_processors": None},
    "load": {"average": [0.4, 9.0, 9.0], "busy_ticks": 1000, "stolen_ticks": 50},
    "memory": {"available_bytes": 1_000_000_000, "transparent_huge_pages": "madvise"},
    "clock": {"monotonic": True, "backward_steps": 0, "read_at_ns": 5, "source": "tsc"},
}
QUIET = BlockConditions(0.0, 0, 3)


def changed(**facts: Any) -> dict[str, Any]:
    host = deepcopy(GOOD)
    for name, value in facts.items():
        group, key = name.split("__")
        host[group][key] = value
    return host


def found(
    *, before: Any = GOOD, after: Any = GOOD, blocks: Any = (QUIET, QUIET), **options: Any
) -> list[EnvironmentFinding]:
    return judge(before, after, blocks, **({"threads": 4, "memory_needed_bytes": 10**8} | options))


def brief(findings: list[EnvironmentFinding]) -> list[tuple[str, str]]:
    return [(one.name, one.severity) for one in findings]


def test_nothing_is_found_on_a_good_host():
    assert found() == []


FAULTS = {
    "throttled": ({"blocks": [QUIET, BlockConditions(0.0, 2, 0)]}, "too_noisy", "2 times in 1 of 2 blocks"),
    "steal": (
        {"blocks": [QUIET, BlockConditions(0.021, 0, 0)]},
        "too_noisy",
        "in 1 of 2 blocks, 2.1% at most",
    ),
    "affinity": (
        {"before": changed(affinity__usable=[2]), "after": changed(affinity__usable=[2])},
        "problem",
        "4 threads may use only 1 logical processor",
    ),
    "memory": (
        {"memory_needed_bytes": 2 * 10**9},
        "problem",
        "needs 2000 MB of memory, and 1000 MB are free",
    ),
    "clock": ({"after": changed(clock__read_at_ns=4)}, "problem", "the clock went backwards"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_alone(name: str):
    options, severity, words = FAULTS[name]
    (one,) = found(**options)
    assert (one.name, one.severity, one.allowed) == (name, severity, False)
    assert words in one.message


@pytest.mark.parametrize("name", FAULTS)
def test_each_is_downgraded_by_its_own_name_only(name: str):
    options, severity, _ = FAULTS[name]
    (one,) = found(**options, allowed=[name])
    assert (one.severity, one.allowed) == ("note", True)
    assert one.message.endswith(f"(allowed by --allow-env {name})")
    others = [other for other in FAULTS if other != name]
    assert brief(found(**options, allowed=others)) == [(name, severity)]


def test_exactly_two_percent_is_not_more_than_two_percent():
    assert found(blocks=[BlockConditions(0.02, 0, 0)]) == []


def test_steal_in_blocks_too_short_to_prove_it_shows_from_start_to_end():
    # 900 ticks worked and 31 were stolen in between: 30 of 931 for certain
    after = changed(load__busy_ticks=1900, load__stolen_ticks=81)
    (one,) = found(after=after)
    assert (one.name, one.severity) == ("steal", "too_noisy")
    assert "3.2%" in one.message


@pytest.mark.parametrize("fact", [{"clock__backward_steps": 1}, {"clock__monotonic": False}])
def test_other_clocks_that_cannot_be_trusted(fact: dict[str, Any]):
    assert brief(found(before=changed(**fact))) == [("clock", "problem")]


def test_what_cannot_be_checked_is_said_and_forbids_nothing():
    unknown = changed(
        memory__available_bytes=None, load__busy_ticks=None, control_group__quota_processors=None
    )
    notes = found(before=unknown, after=unknown, blocks=[BlockConditions(None, None, None)])
    assert brief(notes) == [("throttled", "note"), ("steal", "note"), ("memory", "note")]
    assert all("unknown here" in one.message and not one.allowed for one in notes)


def test_what_a_reader_should_know():
    before = changed(
        control_group__quota_processors=1.5, processor__usable_cores=2, frequency__governors=["powersave"]
    )
    after = deepcopy(before)
    after["frequency"]["turbo"] = True
    notes = found(before=before, after=after)
    assert [one.name for one in notes] == ["quota", "smt", "governor", "changed"]
    assert {one.severity for one in notes} == {"note"}
    assert "turbo was False before and True after" in notes[-1].message


def test_what_ran_before_is_worth_a_note():
    (one,) = found(before=changed(load__average=[2.1, 0.0, 0.0]))
    assert (one.name, one.severity) == ("load", "note")
    assert "a load of 2.1 on 4 processors" in one.message


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UsageFault) as caught:
        refuse_unknown_names(["steal", "throtled"])
    assert (caught.value.code, caught.value.notes) == ("CTK603", ("did you mean 'throttled'?",))
    with pytest.raises(UsageFault, match="unknown environment problem 'governor'"):
        found(allowed=["governor"])
