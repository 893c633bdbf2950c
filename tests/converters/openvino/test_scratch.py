"""Temporary folders: gone after use, and gone at the next use when their process was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from converters.openvino.scratch import scratch_folder

HOLD = """
import sys, tempfile, time
from converters.openvino.scratch import scratch_folder
tempfile.tempdir = sys.argv[1]
with scratch_folder("onnx") as folder:
    (folder / "net.onnx").write_bytes(b"numbers")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def holder(folder: Path) -> tuple[subprocess.Popen[str], Path]:
    """Another process in the middle of a conversion, and its folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def ended(process: subprocess.Popen[str]) -> int:
    process.communicate()
    return process.returncode


def test_gone_after_use(temporary: Path):
    with scratch_folder("ir") as folder:
        (folder / "net.xml").write_text("x")
        assert list(temporary.iterdir()) == [folder]
        with scratch_folder("onnx") as inner:
            assert sorted(temporary.iterdir()) == sorted([folder, inner])
    with pytest.raises(KeyError), scratch_folder("ir"):
        raise KeyError
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_of_a_killed_process(temporary: Path, number: signal.Signals):
    process, left = holder(temporary)
    with scratch_folder("ir"):
        assert (left / "net.onnx").read_bytes() == b"numbers"  # its process still runs
    process.send_signal(number)
    assert ended(process) == -number
    assert left.exists()
    with scratch_folder("ir"):
        assert not left.exists()


def test_what_is_not_a_folder_of_ours_stays(temporary: Path, tmp_path_factory: pytest.TempPathFactory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "kept").touch()
    (temporary / "ctk-onnx-link").symlink_to(elsewhere)
    (temporary / "ctk-onnx-file").touch()
    (temporary / "other").mkdir()
    before = sorted(temporary.iterdir())
    with scratch_folder("onnx"):
        pass
    assert sorted(temporary.iterdir()) == before
    assert (elsewhere / "kept").exists()


def test_process_that_ends_by_itself(temporary: Path):
    process, made = holder(temporary)
    assert made.parent == temporary
    assert ended(process) == 0
    assert list(temporary.iterdir()) == []
