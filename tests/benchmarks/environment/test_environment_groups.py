"""What is read from made-up /proc and /sys trees; the figures are those written into them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.environment.control_group import read_control_group
from benchmarks.environment.frequency import read_frequency
from benchmarks.environment.memory_state import read_memory
from benchmarks.environment.processor import read_processor
from benchmarks.environment.processor_time import read_load, read_ticks
from benchmarks.environment.reading import Roots, Unknown, text_of
from benchmarks.environment.system import read_clock, read_system
from benchmarks.environment.variables import runtime_variables


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    return Roots(tmp_path / "proc", tmp_path / "sys", tmp_path / "root")


def put(file: Path, text: object) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n")


def test_an_empty_system_is_unknown_everywhere_and_every_reason_names_no_folder(roots: Roots):
    groups = [
        read_processor(roots, {0}) | {"name": None},  # Python may know the name
        read_frequency(roots, {0}),
        read_control_group(roots),
        read_load(roots, {0}) | {"tick_ms": None},
    ]
    facts = [fact for group in groups for fact in group.values() if fact is not None]
    assert len(facts) > 15
    assert all(isinstance(fact, Unknown) and fact.reason for fact in facts)
    assert not any(str(roots.proc.parent) in fact.reason for fact in facts)


def test_processor(roots: Roots):
    put(roots.proc / "cpuinfo", "model name : Frob 9000\nflags : avx2 hypervisor sse2 amx_tile\n")
    cpus = roots.sys / "devices/system/cpu"
    put(cpus / "online", "0-3,6")
    put(cpus / "smt/active", 1)
    for cpu, (package, core) in {0: (0, 0), 1: (0, 1), 2: (0, 0), 3: (0, 1), 6: (1, 0)}.items():
        put(cpus / f"cpu{cpu}/topology/physical_package_id", package)
        put(cpus / f"cpu{cpu}/topology/core_id", core)
    found = read_processor(roots, {0, 2})
    assert found == {
        "name": "Frob 9000",
        "flags": ["amx_tile", "avx2"],
        "logical": 5,
        "cores": 3,
        "usable_cores": 1,
        "smt_map": [[0, 2], [1, 3], [6]],
        "smt": True,
        "virtual": True,
    }


@pytest.mark.parametrize("text", ["", "x", "0-", "0-99999999", "1,,2"])
def test_a_list_of_processors_that_is_none_is_unknown(roots: Roots, text: str):
    put(roots.sys / "devices/system/cpu/online", text)
    assert read_processor(roots, {0})["logical"] == Unknown("online: it lists no processors")


def test_frequency_of_the_usable_processors_only(roots: Roots):
    for cpu, (governor, low, high, now) in enumerate(
        [("performance", 800, 3000, 2900), ("powersave", 400, 3500, 1200), ("ondemand", 1, 9000, 1)]
    ):
        folder = roots.sys / f"devices/system/cpu/cpu{cpu}/cpufreq"
        put(folder / "scaling_governor", governor)
        for name, megahertz in (("min", low), ("max", high), ("cur", now)):
            put(folder / f"scaling_{name}_freq", megahertz * 1000)
    put(roots.sys / "devices/system/cpu/intel_pstate/no_turbo", 1)
    assert read_frequency(roots, {0, 1}) == {
        "governors": ["performance", "powersave"],
        "min_mhz": 400.0,
        "max_mhz": 3500.0,
        "current_mhz": 2900.0,
        "turbo": False,
    }


def test_without_a_governor_the_frequency_is_that_of_cpuinfo(roots: Roots):
    put(roots.proc / "cpuinfo", "cpu MHz\t\t: 2596.126\n")
    put(roots.sys / "devices/system/cpu/cpufreq/boost", 1)
    found = read_frequency(roots, {0})
    assert (found["current_mhz"], found["turbo"]) == (2596.126, True)
    assert isinstance(found["governors"], Unknown)


def test_control_group_of_version_2_counts_every_level(roots: Roots):
    put(roots.proc / "self/cgroup", "0::/outer/inner")
    base = roots.sys / "fs/cgroup"
    put(base / "cpu.stat", "usage_usec 5")
    put(base / "outer/cpu.stat", "nr_periods 9\nnr_throttled 3\nthrottled_usec 2500")
    put(base / "outer/cpu.max", "150000 100000")
    put(base / "outer/inner/cpu.stat", "nr_periods 9\nnr_throttled 4\nthrottled_usec 500")
    put(base / "outer/inner/cpu.max", "max 100000")
    assert read_control_group(roots) == {
        "version": 2,
        "quota_processors": 1.5,
        "throttled": 7,
        "throttled_ms": 3.0,
    }


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_control_group_of_version_1_inside_a_container(roots: Roots, mount: str):
    put(roots.proc / "self/cgroup", "5:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n0::/docker/abc")
    folder = roots.sys / "fs/cgroup" / mount  # the outer folders are not to be seen in there
    put(folder / "cpu.stat", "nr_periods 7\nnr_throttled 2\nthrottled_time 4000000")
    put(folder / "cpu.cfs_quota_us", 50_000)
    put(folder / "cpu.cfs_period_us", 100_000)
    assert read_control_group(roots) == {
        "version": 1,
        "quota_processors": 0.5,
        "throttled": 2,
        "throttled_ms": 4.0,
    }


def test_no_quota_is_null_with_that_reason(roots: Roots):
    put(roots.proc / "self/cgroup", "3:cpu:/")
    put(roots.sys / "fs/cgroup/cpu/cpu.stat", "nr_throttled 0")
    put(roots.sys / "fs/cgroup/cpu/cpu.cfs_quota_us", -1)
    put(roots.sys / "fs/cgroup/cpu/cpu.cfs_period_us", 100_000)
    assert read_control_group(roots)["quota_processors"] == Unknown("no quota is set")


STAT = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu0 1 2 3 100 50 4 5 6 1 1\ncpu1 10 20 30 9 9 40 50 60 0 0\ncpu10 7 7 7 7 7 7 7 7 0 0\n"


def test_ticks_of_the_usable_processors_and_the_load(roots: Roots):
    put(roots.proc / "stat", STAT)
    put(roots.proc / "loadavg", "0.50 1.25 2.00 1/140 9")
    assert read_ticks(roots, {0}) == (1 + 2 + 3 + 4 + 5, {"cpu0": 6}, None)
    assert read_ticks(roots, {0, 1}) == (15 + 150, {"cpu0": 6, "cpu1": 60}, None)
    assert read_ticks(roots, {0, 1, 10}) == (15 + 150 + 35, {"cpu0": 6, "cpu1": 60, "cpu10": 7}, 9)
    assert isinstance(read_ticks(roots, {5}), Unknown)
    load = read_load(roots, {0, 1})
    assert (load["average"], load["busy_ticks"], load["stolen_ticks"]) == ([0.5, 1.25, 2.0], 165, 66)
    put(roots.proc / "stat", "cpu0 1 2 3")
    assert isinstance(read_ticks(roots, {0}), Unknown), "an old kernel that counts no stolen time"


def test_memory(roots: Roots):
    put(
        roots.proc / "meminfo",
        "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 600 kB\nSwapTotal: 50 kB\nSwapFree: 20 kB\n"
        "HugePages_Total: 3",
    )
    put(roots.sys / "kernel/mm/transparent_hugepage/enabled", "always [madvise] never")
    assert read_memory(roots) == {
        "total_bytes": 1_024_000,
        "free_bytes": 10_240,
        "available_bytes": 614_400,
        "swap_used_bytes": 30 * 1024,
        "transparent_huge_pages": "madvise",
        "huge_pages": 3,
    }


@pytest.mark.parametrize(
    ("mark", "cgroup", "kind"),
    [
        (".dockerenv", "0::/", "docker"),
        ("run/.containerenv", "0::/", "podman"),
        (None, "0::/kubepods/besteffort/pod1234", "kubernetes"),
        (None, "0::/user.slice", "none seen"),
    ],
)
def test_the_kind_of_container_and_never_its_name(roots: Roots, mark: str | None, cgroup: str, kind: str):
    put(roots.proc / "self/cgroup", cgroup)
    if mark is not None:
        put(roots.root / mark, "")
    assert read_system(roots)["container"] == kind


def test_the_clock_of_this_machine_does_not_go_backwards(roots: Roots):
    put(roots.sys / "devices/system/clocksource/clocksource0/current_clocksource", "tsc")
    first, second = read_clock(roots), read_clock(roots)
    assert (first["source"], first["monotonic"], first["backward_steps"]) == ("tsc", True, 0)
    assert first["read_at_ns"] < second["read_at_ns"]


def test_variables_that_a_runtime_reads_without_places_and_people(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("platform.node", lambda: "frobhost")
    found = runtime_variables(
        {
            "USER": "jane",
            "HOME": "/home/jane",
            "SECRET_TOKEN": "abc",
            "OMP_NUM_THREADS": "4",
            "KMP_AFFINITY": "granularity=fine,compact,1,0",
            "LD_PRELOAD": "/usr/lib/libjemalloc.so",
            "TORCH_X": "made-for-jane",
            "ORT_Y": "at frobhost.example",
            "OV_Z": "C:\\models",
        }
    )
    assert list(found) == ["KMP_AFFINITY", "LD_PRELOAD", "OMP_NUM_THREADS", "ORT_Y", "OV_Z", "TORCH_X"]
    assert found["OMP_NUM_THREADS"] == "4"
    assert found["KMP_AFFINITY"] == "granularity=fine,compact,1,0"
    hidden = {found[name] for name in ("LD_PRELOAD", "ORT_Y", "OV_Z", "TORCH_X")}
    assert len(hidden) == 1
    assert "not recorded" in hidden.pop()


def test_a_file_that_is_no_text_or_a_folder_is_unknown(tmp_path: Path):
    assert text_of(tmp_path) == Unknown(f"{tmp_path.name}: Is a directory")
    (tmp_path / "odd").write_bytes(b"\xff\xfe 7")
    assert "7" in str(text_of(tmp_path / "odd"))
