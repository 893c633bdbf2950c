"""kill -9 at random moments of writing the main model: the old file, the new file, or none; never half of one."""

from __future__ import annotations

import contextlib
import hashlib
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from command import CTK, ctk, environment, leftovers


def sha256(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None


def written_so_far(folder: Path) -> int | None:
    """Size of the temporary file of the model; None before and after it is there."""
    for name in leftovers(folder):
        with contextlib.suppress(FileNotFoundError):
            return (folder / name).stat().st_size
    return None


def wait_for(process: subprocess.Popen[bytes], folder: Path, size: int) -> None:
    """Returns once so many bytes are written, or the temporary file has come and gone, or all is over."""
    seen = False
    while process.poll() is None:
        found = written_so_far(folder)
        if (found is not None and found >= size) or (seen and found is None):
            return
        seen = seen or found is not None
        time.sleep(0.0005)


@pytest.mark.parametrize("kills", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_killed_at_any_moment(kills: int, main_onnx: Path, main_home: Path, tmp_path: Path):
    target = tmp_path / "main.onnx"
    words = [str(CTK), "convert", "caffe:onnx", "--weights", "synthetic", "-o", str(target), "--quiet"]
    new = sha256(main_onnx)
    done = ctk(*words[1:], "--opset", "12", cwd=tmp_path, home=main_home)
    assert done.returncode == 0, done.stderr
    old_bytes = target.read_bytes()
    old = sha256(target)
    chance = random.Random(kills)
    ends = []
    for turn in range(kills):
        starts_absent = turn % 2 == 0
        if starts_absent:
            target.unlink(missing_ok=True)
        elif sha256(target) != old:
            target.write_bytes(old_bytes)
        process = subprocess.Popen(words, cwd=tmp_path, env=environment(main_home), stderr=subprocess.DEVNULL)
        # Up to a little more than the whole: then the kill falls between or behind the last steps.
        wait_for(process, tmp_path, int(chance.uniform(0, 1.1) * len(old_bytes)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = sha256(target)
        assert found in {None if starts_absent else old, new}
        ends.append(process.returncode)
    assert -signal.SIGKILL in ends  # the kills did hit it alive
    done = ctk(*words[1:], cwd=tmp_path, home=main_home)
    assert done.returncode == 0, done.stderr
    assert sha256(target) == new
    assert leftovers(tmp_path) == []
    assert {p.name for p in tmp_path.iterdir()} == {"main.onnx", "main.onnx.ctk.json"}
