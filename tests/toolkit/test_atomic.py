"""A target is the old file or the new one, whatever happens while it is written."""

import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.atomic import atomic_writer, write_all, write_atomically
from toolkit.errors import EnvironmentFailed

OLD = b"old content\n"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(OLD)
    return path


def test_a_new_file_appears_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "folder" / "net.onnx"
    with atomic_writer(path) as file:
        write_all(file, b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert names(path.parent) == ["net.onnx"]


def test_the_old_file_is_there_until_the_end(target: Path) -> None:
    with atomic_writer(target) as file:
        write_all(file, b"new")
        assert target.read_bytes() == OLD
    assert target.read_bytes() == b"new"


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, MemoryError])
def test_an_exception_leaves_the_old_file_and_nothing_else(target: Path, kind: type[BaseException]) -> None:
    def fails() -> None:
        with atomic_writer(target) as file:
            write_all(file, b"half of it")
            raise kind("in the middle")

    with pytest.raises(kind, match="in the middle"):
        fails()
    assert target.read_bytes() == OLD
    assert names(target.parent) == ["net.onnx"]


@given(data=st.binary(max_size=3000), most=st.integers(1, 700))
def test_partial_writes_are_continued(data: bytes, most: int) -> None:
    class Slow:
        def __init__(self) -> None:
            self.got = b""

        def write(self, view: memoryview) -> int:
            self.got += bytes(view[:most])
            return min(most, len(view))

    slow = Slow()
    write_all(slow, data)
    assert slow.got == data


RUNS_OUT = """
import resource, signal, sys
from pathlib import Path
from toolkit.atomic import atomic_writer, write_all
from toolkit.errors import CtkError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
try:
    with atomic_writer(Path(sys.argv[1])) as file:
        for _ in range(64):
            write_all(file, bytes(1 << 12))
except CtkError as error:
    print(error.headline, error.exit_status)
"""


def test_no_space_is_ctk402_and_leaves_the_old_file(target: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", RUNS_OUT, str(target)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"CTK402 no space to write the target: File too large ({target}) 4\n"
    assert target.read_bytes() == OLD
    assert names(target.parent) == ["net.onnx"]


def test_a_path_below_a_regular_file_is_ctk401(target: Path) -> None:
    with pytest.raises(EnvironmentFailed) as caught:
        write_atomically(target / "below" / "net.onnx", b"new")
    assert caught.value.code == "CTK401"
    assert str(target / "below" / "net.onnx") in caught.value.headline
    assert target.read_bytes() == OLD


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write into a read-only folder")
def test_a_read_only_folder_is_ctk401(target: Path) -> None:
    target.parent.chmod(0o555)
    try:
        with pytest.raises(EnvironmentFailed, match="CTK401"):
            write_atomically(target, b"new")
    finally:
        target.parent.chmod(0o755)
    assert target.read_bytes() == OLD


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(EnvironmentFailed, match="CTK401 the target cannot be written: Is a directory"):
        write_atomically(tmp_path / "folder", b"new")
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("name", ["a\0b", "x" * 300])
def test_impossible_names_are_ctk401(tmp_path: Path, name: str) -> None:
    with pytest.raises(EnvironmentFailed, match="CTK401"):
        write_atomically(tmp_path / name, b"new")
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["猫" * 80, "[net]*?.onnx", "-", "a b\n.onnx", "x" * 255])
def test_long_and_strange_names(tmp_path: Path, name: str) -> None:
    write_atomically(tmp_path / name, b"one")
    write_atomically(tmp_path / name, b"two")
    assert (tmp_path / name).read_bytes() == b"two"
    assert names(tmp_path) == [name]


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    real, link, second = tmp_path / "store" / "net.onnx", tmp_path / "net.onnx", tmp_path / "second.onnx"
    real.parent.mkdir()
    real.write_bytes(OLD)
    link.symlink_to("store/net.onnx")
    second.symlink_to("net.onnx")
    write_atomically(second, b"new")
    assert (str(second.readlink()), str(link.readlink())) == ("net.onnx", "store/net.onnx")
    assert real.read_bytes() == b"new"
    assert names(real.parent) == ["net.onnx"]


def test_a_link_to_nothing_is_filled(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").symlink_to(tmp_path / "store" / "net.onnx")
    write_atomically(tmp_path / "net.onnx", b"new")
    assert (tmp_path / "net.onnx").is_symlink()
    assert (tmp_path / "store" / "net.onnx").read_bytes() == b"new"


def test_a_loop_of_links_is_ctk401(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(EnvironmentFailed, match="CTK401"):
        write_atomically(tmp_path / "a", b"new")
    assert names(tmp_path) == ["a", "b"]


def test_permissions_of_the_old_file_are_kept(target: Path) -> None:
    target.chmod(0o640)
    write_atomically(target, b"new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        write_atomically(pipe, b"through the pipe")
        assert reader.communicate()[0] == b"through the pipe"
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(EnvironmentFailed, match=r"CTK401.*not a regular file"), atomic_writer(pipe):
        pass
    write_atomically(Path("/dev/null"), b"gone")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


# Writes one letter over and over; the letter and the length tell whole files from halves.
WRITES = """
import itertools, sys
from pathlib import Path
from toolkit.atomic import atomic_writer, write_all
for letter in itertools.cycle(b"abcdefgh"):
    with atomic_writer(Path(sys.argv[1])) as file:
        for _ in range(8):
            write_all(file, bytes([letter]) * (1 << 15))
    print("x", end="", flush=True)
"""
LENGTH = 8 << 15


def killed_while_writing(target: Path, delay_s: float) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITES, str(target)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.read(1)  # the first file is there: from now on every moment counts
        time.sleep(delay_s)
        writer.send_signal(signal.SIGKILL)


def kills(target: Path, count: int) -> None:
    for number in range(count):
        # Steps of an irrational fraction spread the moments evenly over some writes.
        killed_while_writing(target, (number * 0.6180339887 % 1) * 0.02)
        data = target.read_bytes()
        assert len(data) == LENGTH
        assert data == data[:1] * LENGTH
        assert len(names(target.parent)) <= 2
    write_atomically(target, b"the end")
    assert target.read_bytes() == b"the end"
    assert names(target.parent) == [target.name]


def test_ten_kills_leave_whole_files(tmp_path: Path) -> None:
    kills(tmp_path / "net.onnx", 10)


@pytest.mark.slow
def test_two_hundred_kills_leave_whole_files(tmp_path: Path) -> None:
    kills(tmp_path / "net.onnx", 200)


HOLDS = """
import sys, time
from pathlib import Path
from toolkit.atomic import atomic_writer, write_all
with atomic_writer(Path(sys.argv[1])) as file:
    write_all(file, b"slow")
    print("open", flush=True)
    sys.stdin.read()
"""


def test_leftovers_of_dead_processes_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    target = tmp_path / "net.onnx"
    command = [sys.executable, "-c", HOLDS, str(target)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as dead, subprocess.Popen(command, **pipes) as living:
        for process in (dead, living):
            assert process.stdout.readline() == b"open\n"
        dead.kill()
        dead.wait()
        assert len(names(tmp_path)) == 2
        write_atomically(target, b"quick")
        left = names(tmp_path)
        assert len(left) == 2
        assert f"-{living.pid}-" in left[0] or f"ctk-tmp-{living.pid}-" in left[0]
        with suppress(BrokenPipeError):
            living.communicate()
    assert target.read_bytes() == b"slow"
    assert names(tmp_path) == ["net.onnx"]


def test_a_leftover_with_the_number_of_a_living_process_goes(target: Path) -> None:
    # In a container every run may have the same process number, so the number alone says nothing.
    (target.parent / f".net.onnx.ctk-tmp-{os.getpid()}-0123abcd").write_bytes(b"left over")
    (target.parent / ".other.onnx.ctk-tmp-1-0123abcd").write_bytes(b"of another target")
    write_atomically(target, b"new")
    assert names(target.parent) == [".other.onnx.ctk-tmp-1-0123abcd", "net.onnx"]
