"""The child process and its parent: isolation, deadlines, and what either imports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest
from scripted_backend import register, small_picture

from benchmarks.harness import arm_process, worker_process
from benchmarks.harness.arm import Arm
from benchmarks.harness.error_transport import packed, unpacked
from benchmarks.harness.plan import Plan
from benchmarks.harness.process_memory import memory_kills, peak_rss_bytes
from benchmarks.harness.worker_process import WorkerProcess
from toolkit.errors import BadInput, EnvironmentFailed, InternalFault, UsageFault, Where


def test_a_block_before_an_artifact_is_our_own_fault_and_the_child_lives_on():
    with WorkerProcess("the test", threads=1) as worker:
        with pytest.raises(InternalFault, match="CTK702"):
            worker.ask("run", 60, iterations=1, launch=0, round=0)
        found = worker.ask("environment", 60)["variables"]
        assert found["OMP_NUM_THREADS"] == "1"
        assert found["OPENBLAS_NUM_THREADS"] == "1"
        assert os.getpgid(worker.pid) != os.getpgid(0)  # Ctrl-C of the terminal does not reach it


def test_an_ended_child_is_reported_and_closing_twice_is_nothing():
    worker = WorkerProcess("the test")
    worker.kill()
    with pytest.raises(EnvironmentFailed, match=r"CTK404 the process of the test was killed \(SIGKILL\)"):
        worker.ask("environment", 5)
    worker.close()
    worker.close()


def test_a_kill_by_the_kernel_for_memory_is_told_from_others(monkeypatch: pytest.MonkeyPatch):
    counts = iter([6, 7])  # of /proc/vmstat, when the child starts and when it is gone
    monkeypatch.setattr(worker_process, "memory_kills", lambda: next(counts))
    worker = WorkerProcess("the test")
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(EnvironmentFailed, match=r"CTK408 .*was killed by the kernel, for memory"):
        worker.ask("environment", 20)
    worker.close()


def test_the_count_of_kills_for_memory_is_that_of_the_kernel(tmp_path: Path):
    (tmp_path / "vmstat").write_text("nr_free_pages 4\noom_kill_other 9\noom_kill 12\n")
    assert memory_kills(tmp_path) == 12
    assert memory_kills(tmp_path / "none") is None
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "status").write_text("Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t 1024 kB\n")
    assert peak_rss_bytes(tmp_path) == 2 * 2**20


def test_a_child_ends_with_its_parent(tmp_path: Path):
    program = (
        "import os, time\n"
        "from benchmarks.harness.worker_process import WorkerProcess\n"
        "worker = WorkerProcess('x'); worker.ask('environment', 60)\n"
        "print(worker.pid, flush=True); os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    child = int(done.stdout)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and _runs(child):
        time.sleep(0.02)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_the_parent_imports_no_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    register(tmp_path, monkeypatch)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "import benchmarks\n"
        "assert 'numpy' not in sys.modules\n"
        f"document = benchmarks.bench(Path({str(tmp_path / 'net.onnx')!r}), backends=['scripted'],"
        f" images=[Path({str(small_picture(tmp_path / 'p.png'))!r})], quick=True)\n"
        "assert document.runs[0].status == 'ok', document.runs[0].failure\n"
        "from benchmarks.harness.arms_of import Wanted, names_of\n"
        "assert 'onnxruntime' in names_of(Wanted(None, (), {}, 'exact', 'f32', 1))\n"
        "heavy = {'onnxruntime', 'openvino', 'cv2', 'torch', 'onnx', 'tensorflow'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize(
    "error",
    [
        BadInput("CTK503", "it is damaged", Where("net.prototxt", 3, 4, "conv1"), ["do this", "or that"]),
        UsageFault("CTK604", "not offered"),
        InternalFault("CTK702", "a bug"),
    ],
)
def test_errors_come_through_as_they_were(error: BadInput):
    again = unpacked(packed(error))
    assert type(again) is type(error)
    assert (again.headline, again.notes) == (error.headline, error.notes)


def test_errors_that_are_none_of_ours():
    assert unpacked(packed(MemoryError())).code == "CTK408"
    found = unpacked(packed(KeyError("k")))
    assert (found.code, found.exit_status) == ("CTK404", 4)
    assert "KeyError" in found.what


class TellsStamps:
    """Stands for a child process; its clock stands still or goes as it is told."""

    rows: ClassVar[list[list[int]]] = []

    def __init__(self, *_: object) -> None:
        pass

    def ask(self, command: str, _limit_s: float, **_: object) -> dict[str, object]:
        if command == "load":
            return {"load_ms": 1, "first_infer_ms": 1, "info": {}, "variables": {}, "peak_rss_bytes": 1}
        nothing = dict.fromkeys(("involuntary_switches", "steal_fraction", "throttled", "peak_rss_bytes"))
        return {"stamps": self.rows, **nothing}


def test_a_clock_that_goes_backwards_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(arm_process, "WorkerProcess", TellsStamps)
    process = arm_process.ArmProcess(Arm("a", "scripted", Path("a"), 1), Plan(), [], 0)
    launch = process.load()
    monkeypatch.setattr(TellsStamps, "rows", [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]])
    process.block(0, 2)
    assert launch.blocks[0].durations("total").tolist() == [5, 5]
    monkeypatch.setattr(TellsStamps, "rows", [[0, 1, 2, 3, 4, 5], [6, 7, 5, 9, 10, 11]])
    with pytest.raises(EnvironmentFailed, match="CTK410"):
        process.block(1, 2)
    assert len(launch.blocks) == 1


def test_a_parent_that_is_process_1_is_no_dead_one():
    program = (
        "import os, sys\n"
        "from benchmarks.harness import worker\n"
        "os.getppid = lambda: int(sys.argv[2])\n"
        "worker._end_with_parent()\n"
        "print('lives')\n"
    )
    for told, seen, output in (("1", "1", "lives\n"), ("77", "1", ""), ("77", "77", "lives\n")):
        done = subprocess.run(
            [sys.executable, "-c", program, told, seen],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.stdout, done.stderr) == (output, "")


def test_the_child_is_told_who_its_parent_is(monkeypatch: pytest.MonkeyPatch):
    commands: list[list[str]] = []
    real = subprocess.Popen

    def popen(command: list[str], **options: object) -> object:
        commands.append(command)
        return real([sys.executable, "-c", "pass"], **options)

    monkeypatch.setattr(worker_process.subprocess, "Popen", popen)
    WorkerProcess("the test").close()
    assert commands[0][-2:] == ["benchmarks.harness.worker", str(os.getpid())]


def test_a_long_answer_is_read_in_linear_time(monkeypatch: pytest.MonkeyPatch):
    size = 8 * 2**20
    program = (
        "import sys\n"
        f"sys.stdout.write('{{\"a\": \"' + 'x' * {size} + '\"}}\\n{{\"b\": 2}}\\n')\n"
        "sys.stdout.flush(); sys.stdin.read()\n"
    )
    real = subprocess.Popen
    monkeypatch.setattr(
        worker_process.subprocess,
        "Popen",
        lambda _, **options: real([sys.executable, "-c", program], **options),
    )
    searched = 0

    class Counting(bytearray):
        def find(self, what: bytes, start: int = 0) -> int:  # type: ignore[override]
            nonlocal searched
            searched += len(self) - start
            return super().find(what, start)

    with WorkerProcess("the test") as worker:
        worker._rest = Counting()
        assert len(worker.ask("environment", 60)["a"]) == size
        assert worker.ask("environment", 60) == {"b": 2}
    assert searched < 2 * size


class TellsBlocks(TellsStamps):
    """Keeps what blocks were asked for."""

    asked: ClassVar[list[dict[str, object]]] = []

    def ask(self, command: str, _limit_s: float, **arguments: object) -> dict[str, object]:
        if command == "run":
            self.asked.append(arguments)
        return super().ask(command, _limit_s, **arguments)


def test_every_block_begins_where_the_one_before_ended(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(arm_process, "WorkerProcess", TellsBlocks)
    monkeypatch.setattr(TellsStamps, "rows", [[0, 1, 2, 3, 4, 5]])
    monkeypatch.setattr(TellsBlocks, "asked", [])
    for launch in range(2):
        arm = Arm("a", "scripted", Path("a"), 1, batch=4)
        process = arm_process.ArmProcess(arm, Plan(launches=2, rounds=3, iterations=5), [], launch)
        process.load()
        for number in (-1, 0, 1, 2):
            process.block(number, 5)
    blocks = [one for one in TellsBlocks.asked if one["round"] != -1]
    assert [one["first"] for one in blocks] == [0, 20, 40, 60, 80, 100]
