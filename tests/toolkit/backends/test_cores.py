"""Counting physical cores, on made-up machines and on this one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from toolkit.backends.cores import physical_cores, usable_cpus


def machine(folder: Path, cores: list[tuple[int, int]]):
    """A /sys folder in which processor i lies on core `cores[i]` = (package, core)."""
    for cpu, (package, core) in enumerate(cores):
        topology = folder / f"cpu{cpu}" / "topology"
        topology.mkdir(parents=True)
        (topology / "physical_package_id").write_text(f"{package}\n")
        (topology / "core_id").write_text(f"{core}\n")
    return folder


def test_two_threads_on_each_core_of_two_packages(tmp_path: Path):
    folder = machine(tmp_path, [(0, 0), (0, 1), (1, 0), (1, 1)] * 2)
    assert physical_cores(range(8), folder) == 4
    assert physical_cores([0, 4], folder) == 1
    assert physical_cores([0, 2, 5], folder) == 3


def test_without_a_description_every_processor_counts(tmp_path: Path):
    assert physical_cores(range(3), tmp_path) == 3
    assert physical_cores([], tmp_path) == 1


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no processor affinity")
def test_counts_only_processors_that_this_process_may_use():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cpus() == {min(before)}
        assert physical_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
