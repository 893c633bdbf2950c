"""What the host did during a block, from counters that are changed in between."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from benchmarks.environment.host_meter import BlockConditions, HostMeter, stolen_fraction
from benchmarks.environment.reading import Roots


def system(
    folder: Path, *, busy: int, stolen: int, throttled: int | None, stolen_of_other: int = 999
) -> Roots:
    roots = Roots(folder / "proc", folder / "sys", folder)
    (roots.proc / "self").mkdir(parents=True, exist_ok=True)
    (roots.proc / "stat").write_text(
        f"cpu0 {busy} 0 0 5000 0 0 0 {stolen} 0 0\ncpu1 0 0 0 0 0 0 0 {stolen_of_other} 0 0\n"
    )
    (roots.proc / "self" / "cgroup").write_text("0::/\n")
    if throttled is not None:
        (roots.sys / "fs" / "cgroup").mkdir(parents=True, exist_ok=True)
        (roots.sys / "fs" / "cgroup" / "cpu.stat").write_text(f"nr_throttled {throttled}\n")
    return roots


def test_the_difference_of_two_readings(tmp_path: Path):
    meter = HostMeter({0}, system(tmp_path, busy=100, stolen=10, throttled=3))
    meter.start()
    system(tmp_path, busy=180, stolen=30, throttled=5)
    found = meter.stop()
    assert found.steal_fraction == pytest.approx((20 - 1) / (80 + 20))
    assert found.throttled == 2
    assert found.involuntary_switches is not None


def test_what_the_system_does_not_tell_is_none(tmp_path: Path):
    meter = HostMeter({7}, system(tmp_path, busy=1, stolen=1, throttled=None))
    meter.start()
    found = meter.stop()
    assert (found.steal_fraction, found.throttled) == (None, None)


@pytest.mark.parametrize(
    ("one", "other", "share"), [(1, 1, 0.0), (2, 1, 1 / 26), (2, 2, 2 / 27), (5, 0, 4 / 28)]
)
def test_a_tick_of_each_processor_is_uncertain(tmp_path: Path, one: int, other: int, share: float):
    """Each counter is cut by itself: a microsecond on each of two processors can show as a tick on each."""
    meter = HostMeter({0, 1}, system(tmp_path, busy=10, stolen=3, throttled=None, stolen_of_other=40))
    meter.start()
    system(tmp_path, busy=33, stolen=3 + one, throttled=None, stolen_of_other=40 + other)
    assert meter.stop().steal_fraction == pytest.approx(share)


@pytest.mark.parametrize(("in_all", "share"), [(1, 0.0), (2, 1 / 25), (3, 2 / 25)])
def test_the_sum_of_the_kernel_proves_more_than_its_parts(tmp_path: Path, in_all: int, share: float):
    """The kernel adds before it cuts: three quarters of a tick on each of two processors make one tick for sure."""
    roots = system(tmp_path, busy=10, stolen=3, throttled=None)
    rows = "cpu {0} 0 0 0 0 0 0 {1} 0 0\ncpu0 {0} 0 0 0 0 0 0 {2} 0 0\ncpu1 0 0 0 0 0 0 0 {3} 0 0\nintr 7\n"
    (roots.proc / "stat").write_text(rows.format(10, 43, 3, 40))
    meter = HostMeter({0, 1}, roots)
    meter.start()
    (roots.proc / "stat").write_text(rows.format(33, 43 + in_all, 4, 41))
    assert meter.stop().steal_fraction == pytest.approx(share)


ALONE = "cpu0 90 0 0 0 0 0 0 2 0 0\n"
TOGETHER = f"{ALONE}cpu1 70000 0 0 0 0 0 0 0 0 0\n"


@pytest.mark.parametrize(("first", "last"), [(ALONE, TOGETHER), (TOGETHER, ALONE)])
def test_a_processor_that_comes_or_goes_leaves_it_unknown(tmp_path: Path, first: str, last: str):
    roots = system(tmp_path, busy=0, stolen=0, throttled=None)
    (roots.proc / "stat").write_text(first)
    meter = HostMeter({0, 1}, roots)
    meter.start()
    (roots.proc / "stat").write_text(last)
    assert meter.stop().steal_fraction is None


@pytest.mark.parametrize(
    ("busy", "stolen", "share"),
    [(0, 0, 0.0), (10, 0, 0.0), (9, 1, 0.0), (8, 2, 0.1), (0, 5, 0.8), (98, 3, 2 / 101)],
)
def test_a_single_tick_proves_nothing(busy: int, stolen: int, share: float):
    assert stolen_fraction(busy, stolen) == pytest.approx(share)


def test_on_this_machine_and_under_the_names_of_a_block():
    meter = HostMeter()
    meter.start()
    sum(range(200_000))
    found = meter.stop()
    assert found.steal_fraction is None or 0 <= found.steal_fraction <= 1
    assert [field.name for field in fields(BlockConditions)] == [
        "steal_fraction",
        "throttled",
        "involuntary_switches",
    ]
