"""A backend's own process: what it gives, and what is said when it crashes, hangs or is killed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from plugin_samples import lay_distribution

from benchmarks.parity_check.child_process import ChildProcess, Job, LoadFailure
from toolkit.errors import CtkError, EnvironmentFailed

# A backend that doubles what it gets, and fails as the text behind its artifact's magic bytes says.
_RUNTIME = """
import os, resource, signal, sys, time
import numpy as np
from toolkit.backends.protocol import BackendInfo, TensorInfo
from toolkit.errors import BadInput, UsageFault
from toolkit.messages import warn


class Moody:
    formats = ("onnx",)

    @classmethod
    def load(cls, artifact, *, threads=None, precision="f32", device=None):
        mood = artifact.read_bytes()[8:].decode()
        if mood == "damaged":
            raise BadInput("CTK517", "the file is damaged")
        if mood == "one precision" and precision != "f32":
            raise UsageFault("CTK604", "no such precision")
        return Session(mood, threads, precision)


class Session:
    def __init__(self, mood, threads, precision):
        self.mood, self.threads, self.precision, self.calls = mood, threads, precision, 0

    def info(self):
        return BackendInfo(
            name="moody", runtime_version="7", device="CPU", providers=(), threads=self.threads,
            precision_executed="f32", precision_requested=self.precision,
            inputs={"x": TensorInfo((1, 2), "float32")}, outputs={"y": TensorInfo((1, 2), "float32")},
        )

    def run(self, inputs, outputs=None):
        self.calls += 1
        warn(f"run {self.calls}")
        print("from Python", os.environ["OMP_NUM_THREADS"], flush=True)
        if self.mood == "fickle":
            return {"y": inputs["x"] * self.calls}
        if self.calls == 2:
            self.fail()
        return {name: inputs["x"] * 2 for name in (outputs or ["y"])}

    def fail(self):
        if self.mood == "crash":
            print("last words of the runtime", flush=True)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.kill(os.getpid(), signal.SIGSEGV)
        if self.mood == "exit":
            os._exit(3)
        if self.mood == "hang":
            time.sleep(600)
        if self.mood == "raise":
            raise ValueError("no such operator")
        if self.mood == "read":
            sys.stdin.readline()

    def close(self): pass
    def synchronise(self): pass
    def __enter__(self): return self
    def __exit__(self, *_): pass
"""
CASES = [{"x": np.full((1, 2), number, np.float32)} for number in (1, 2, 3)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lay_distribution(
        tmp_path, {"ctk.backends": {"moody": "moody_runtime:Moody"}}, modules={"moody_runtime": _RUNTIME}
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def job(folder: Path, mood: str, **others: object) -> Job:
    artifact = folder / "net.onnx"
    artifact.write_bytes(b"\x08\x08\x12\x04test" + mood.encode())
    return Job("moody", artifact, 1, **others)  # type: ignore[arg-type]


def test_outputs_for_every_input_and_what_ran(folder: Path):
    with ChildProcess("moody", 1) as child:
        ran = child.run(job(folder, "well", twice=True), CASES)
        again = child.run(job(folder, "well", outputs=["z"]), CASES[:1])
    assert [float(one["y"][0, 1]) for one in ran.outputs] == [2, 4, 6]
    assert ran.facts["precision_executed"] == "f32"
    assert ran.facts["deterministic"] is True
    assert ran.facts["warnings"] == ["run 1", "run 2", "run 3", "run 4"]
    assert ran.facts["inputs"] == {"x": [[1, 2], "float32"]}
    assert list(again.outputs[0]) == ["z"]
    assert again.facts["deterministic"] is None


def test_a_second_run_with_other_bits_is_told(folder: Path):
    with ChildProcess("moody", 1) as child:
        assert child.run(job(folder, "fickle", twice=True), CASES).facts["deterministic"] is False


def test_a_job_that_does_what_the_last_one_did_is_left_at_the_first_input(folder: Path):
    with ChildProcess("moody", 1) as child:
        child.run(job(folder, "well"), CASES)
        again = child.run(job(folder, "well", unless_equal=True), CASES)
        other = child.run(job(folder, "well", unless_equal=True), CASES[1:])
        renewed = child.run(job(folder, "well", unless_equal=True, outputs=["z"]), CASES[1:])
    assert (again.facts["equal"], again.outputs, again.facts["warnings"]) == (True, [], ["run 1"])
    assert other.facts["equal"] is False
    assert [float(one["y"][0, 1]) for one in other.outputs] == [4, 6]
    assert (renewed.facts["equal"], len(renewed.outputs)) == (False, 2)


def test_a_runtime_that_reads_takes_no_command_away(folder: Path):
    with ChildProcess("moody", 1) as child:
        child.run(job(folder, "read"), CASES)
        assert len(child.run(job(folder, "well"), CASES).outputs) == 3


@pytest.mark.parametrize(
    ("mood", "says"),
    [("crash", r"crashed \(SIGSEGV\)"), ("exit", "ended with status 3"), ("hang", "gave no answer for 2 s")],
)
def test_a_process_that_dies_is_an_error_with_its_last_words(folder: Path, mood: str, says: str):
    with ChildProcess("moody", 1, limit_s=2) as child, pytest.raises(EnvironmentFailed, match=says) as caught:
        child.run(job(folder, mood), CASES)
    assert caught.value.code == "CTK404"
    (words,) = caught.value.notes
    assert "from Python 1" in words
    assert ("last words of the runtime" in words) is (mood == "crash")


def test_what_a_backend_raises_arrives_and_the_process_goes_on(folder: Path):
    with ChildProcess("moody", 1) as child:
        with pytest.raises(CtkError, match="CTK404 it failed: ValueError: no such operator"):
            child.run(job(folder, "raise"), CASES)
        with pytest.raises(LoadFailure) as caught:
            child.run(job(folder, "damaged"), CASES)
        assert caught.value.error.code == "CTK517"
        assert caught.value.error.exit_status == 5
        assert child.run(job(folder, "well"), CASES).outputs


def test_nothing_is_left_behind(folder: Path, monkeypatch: pytest.MonkeyPatch):
    scratch = folder / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    descriptors = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else None
    with ChildProcess("moody", 1) as child:
        child.run(job(folder, "well"), CASES)
        assert list(scratch.iterdir())
    assert not list(scratch.iterdir())
    if descriptors is not None:
        assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
