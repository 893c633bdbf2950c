"""The parent's side of `child`: a backend in a process of its own, which serves several jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

from numpy.typing import NDArray

from benchmarks.harness.worker_process import WorkerProcess
from benchmarks.parity_check.arrays_file import Arrays, read_cases, write_cases
from toolkit.errors import CtkError

# Reading a large network in float64 takes minutes on a slow machine; nothing that works takes longer.
LIMIT_S = 1200.0
_MODULE = "benchmarks.parity_check.child"


@dataclass(frozen=True, slots=True)
class Job:
    """What a backend is to run; see `child.Jobs.run`."""

    backend: str
    artifact: Path
    threads: int
    precision: str = "f32"
    outputs: Sequence[str] | None = None
    twice: bool = False
    unless_equal: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """What it gave.

    Attributes:
        outputs: By name, for each input; none where the job was left because it does what the last one did.
        facts: See `child.Jobs.run`.
    """

    outputs: list[Arrays]
    facts: Mapping[str, Any]


class LoadFailure(Exception):
    """An artifact could not be loaded; `error` says why."""

    def __init__(self, error: CtkError) -> None:
        super().__init__(str(error))
        self.error = error


class ChildProcess:
    """One backend's process; `with` ends it. It serves several jobs, one after another.

    Args:
        what: What it is for, for messages.
        threads: Number that every library that computes is told by its environment variable.
        limit_s: Seconds after which a job counts as hanging, and the process is killed.
    """

    def __init__(self, what: str, threads: int, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._process = WorkerProcess(what, threads, _MODULE)
        self._folder = TemporaryDirectory(prefix="ctk-parity-")

    @property
    def alive(self) -> bool:
        """Whether the process still takes jobs."""
        return self._process.alive

    def run(self, job: Job, cases: Sequence[Mapping[str, NDArray[Any]]]) -> Ran:
        """Runs a job for every input.

        Raises:
            LoadFailure: The artifact cannot be loaded.
            EnvironmentFailed: CTK404 when the process crashed, was killed or hung, CTK408 when it was killed
                for memory; the notes have its last words.
            CtkError: What the backend itself says went wrong.
        """
        folder = Path(self._folder.name)
        given, result = folder / "inputs.npz", folder / "outputs.npz"
        write_cases(given, cases)
        facts = self.ask(
            "run",
            backend=job.backend,
            artifact=str(job.artifact),
            threads=job.threads,
            precision=job.precision,
            inputs=str(given),
            result=str(result),
            outputs=None if job.outputs is None else list(job.outputs),
            twice=job.twice,
            unless_equal=job.unless_equal,
        )
        return Ran([] if facts["equal"] else read_cases(result, "outputs", len(cases)), facts)

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Sends a command of `child` and waits for its answer; raises as `run`."""
        answer = self._process.ask(command, self._limit_s, **arguments)
        if "refused" in answer:
            raise LoadFailure(self._process.told(answer["refused"]))
        return answer

    def close(self) -> None:
        """Ends the process, at once if it does not end by itself; a second call does nothing."""
        self._process.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._process.kill()
        self.close()
