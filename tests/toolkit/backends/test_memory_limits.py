"""What memory is free, on made-up machines, and models that do not fit."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from toolkit.backends import memory
from toolkit.backends.memory import available_bytes, refuse_too_large
from toolkit.errors import EnvironmentFailed

MEMINFO = "MemTotal:       16000000 kB\nMemFree:          100 kB\nMemAvailable:    {} kB\n"


def system(folder: Path, *, free_kib: int | None = 1_000_000, cgroup: str = "") -> Path:
    """A /proc of a machine with so much memory available, in such a control group."""
    (folder / "proc" / "self").mkdir(parents=True)
    if free_kib is not None:
        (folder / "proc" / "meminfo").write_text(MEMINFO.format(free_kib))
    (folder / "proc" / "self" / "cgroup").write_text(cgroup)
    return folder / "proc"


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text + "\n")


def test_what_is_free(tmp_path: Path):
    assert available_bytes(system(tmp_path), tmp_path / "none") == 1_024_000_000


def test_nothing_told_is_nothing_known(tmp_path: Path):
    assert available_bytes(system(tmp_path, free_kib=None), tmp_path) is None
    assert available_bytes(tmp_path / "no-proc", tmp_path) is None


def test_the_least_of_all_limits_above_counts_and_file_pages_are_free(tmp_path: Path):
    proc = system(tmp_path, cgroup="0::/outer/inner\n")
    root = tmp_path / "cg"
    group(root / "outer" / "inner", memory__max="max", memory__current="5")
    stat = "anon 7\ninactive_file 400\nactive_file 3"
    group(root / "outer", memory__max="9000", memory__current="1000", memory__stat=stat)
    group(root)
    assert available_bytes(proc, root) == 9000 - 1000 + 400


def test_control_groups_of_version_1_and_a_container_that_sees_only_its_own(tmp_path: Path):
    proc = system(tmp_path, cgroup="9:name=systemd:/\n4:cpu,memory:/docker/abc\n0::/\n")
    root = tmp_path / "cg"
    group(root / "memory", memory__limit_in_bytes="5000", memory__usage_in_bytes="6000")
    assert available_bytes(proc, root) == 0, "more is used than allowed: nothing is left, not less"


def test_a_limit_of_the_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    proc = system(tmp_path)
    (proc / "self" / "statm").write_text("10 5 1 1 0 1 0")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (10 * resource.getpagesize() + 77, -1))
    assert available_bytes(proc, tmp_path) == 77


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="not Linux")
def test_this_machine_agrees_with_psutil():
    code = "from toolkit.backends.memory import *; print(available_bytes())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0 < int(done.stdout) <= psutil.virtual_memory().available * 1.1


def test_a_model_larger_than_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    main, beside = tmp_path / "net.xml", tmp_path / "net.bin"
    main.write_bytes(b"x" * 1_000_000)
    beside.write_bytes(b"x" * 2_000_000)
    files = [main, beside, tmp_path / "missing"]
    monkeypatch.setattr(memory, "available_bytes", lambda: 3_000_000)
    refuse_too_large(files, "openvino")
    monkeypatch.setattr(memory, "available_bytes", lambda: None)
    refuse_too_large(files, "openvino")
    monkeypatch.setattr(memory, "available_bytes", lambda: 2_900_000)
    with pytest.raises(EnvironmentFailed, match=r"CTK408 .*3\.0 MB.* openvino .*2\.9 MB.*net\.xml") as caught:
        refuse_too_large(files, "openvino")
    assert len(caught.value.notes) == 1
