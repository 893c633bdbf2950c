"""The machine's description against psutil and a made-up /proc/cpuinfo."""

from __future__ import annotations

import getpass
import os
import platform
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

import pytest

from benchmarks.machine import describe_machine, library_version

CPUINFO = """processor\t: 0
model name\t: Frob(R) 9000 @ 3:2
flags\t\t: fpu sse2 avx512_bf16 amx_tile avx512_vnni avx2
power management:

processor\t: 1
model name\t: Another
flags\t\t: fpu f16c
"""


def test_reads_the_first_processor(tmp_path: Path):
    (tmp_path / "cpuinfo").write_text(CPUINFO)
    found = describe_machine(cpuinfo=tmp_path / "cpuinfo")
    assert found.cpu == "Frob(R) 9000 @ 3:2"
    assert found.flags == ("amx_tile", "avx2", "avx512_bf16", "avx512_vnni")


def test_arm_calls_its_flags_features(tmp_path: Path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nFeatures\t: fp asimd asimdhp i8mm bf16\n")
    assert describe_machine(cpuinfo=tmp_path / "cpuinfo").flags == ("asimd", "asimdhp", "bf16", "i8mm")


def test_what_is_unknown_is_null(tmp_path: Path):
    found = describe_machine(("numpy", "no-such-distribution"), cpuinfo=tmp_path / "missing")
    assert found.flags is None
    assert found.versions == {"numpy": version("numpy"), "no-such-distribution": None}
    assert '"flags":null' in found.model_dump_json()


def test_the_runtimes_are_among_the_libraries():
    names = ("opencv-python-headless", "openvino", "onnxruntime", "torch")
    assert {name: describe_machine().versions[name] for name in names} == {
        name: installed(name) for name in names
    }


def installed(name: str) -> str | None:
    return next(
        (found.version for found in distributions() if (found.name or "").lower().replace("_", "-") == name),
        None,
    )


def test_another_distribution_of_opencv_counts(monkeypatch: pytest.MonkeyPatch):
    def version_of(name: str) -> str:
        if name != "opencv-contrib-python":
            raise PackageNotFoundError(name)
        return "4.99"

    monkeypatch.setattr("benchmarks.machine.version", version_of)
    assert library_version("opencv-python-headless") == "4.99"
    assert library_version("torch") is None


def test_agrees_with_psutil():
    psutil = pytest.importorskip("psutil", reason="psutil is not installed")
    found = describe_machine()
    assert found.memory_bytes == psutil.virtual_memory().total
    assert found.logical_cores == psutil.cpu_count()
    assert found.cores == psutil.cpu_count(logical=False)
    assert found.usable_cores <= found.cores


def test_names_no_person_and_no_host():
    text = describe_machine().model_dump_json()
    assert str(Path.home()) not in text or str(Path.home()) == "/"
    assert getpass.getuser() not in {"", *text.split('"')}
    assert platform.node() not in text or platform.node() in {"", "localhost"}
    assert os.sep + "work" not in text
