"""The parent's side of a child process: starting it, asking it, and saying what became of it.

Nothing here imports a runtime. A child that crashes, hangs or is killed becomes an error with its last words.

The number of threads is set through the runtime, and read back from it; which processors they run on is left
alone. Runtimes size and pin their pools by the affinity that they find (OpenVINO has ENABLE_CPU_PINNING, which is
stored), so setting it would measure another set-up than the user's, and would forbid the kernel to move a thread away
from a busy processor. The mask in force is stored, and one narrower than the threads is an environment problem.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

from benchmarks.harness.error_transport import unpacked
from benchmarks.harness.process_memory import memory_kills
from toolkit.errors import CtkError, EnvironmentFailed, printable

# Every library that computes reads one of these; a child of n threads gets n in all of them.
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
                    "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")  # fmt: skip
MEASURING = "benchmarks.harness.worker"
_MOST_LAST_WORDS = 8192
_SHOWN_LINES = 4
_SHOWN_CHARACTERS = 300
_MOST_ANSWER_BYTES = 256 * 2**20
_CHUNK_BYTES = 2**16
_END_S = 5.0
_HEAR_S = 1.0


class WorkerProcess:
    """A child process that answers commands; `with` ends it.

    Args:
        what: What it is for, for messages, such as ``onnxruntime, launch 2``.
        threads: Number that is put into `THREAD_VARIABLES`; those are left alone when None.
        module: What runs in it: a module of ours that calls `worker.serve`.
    """

    def __init__(self, what: str, threads: int | None = None, module: str = MEASURING) -> None:
        self._what = what
        self._kills_before = memory_kills()
        self._last_words = bytearray()
        self._rest = bytearray()
        self._hearing = threading.Lock()
        self._process = _started(what, threads, module)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it still takes commands."""
        return self._process.poll() is None

    def ask(self, command: str, limit_s: float, **arguments: Any) -> dict[str, Any]:
        """Sends a command and waits for its answer.

        Args:
            command: A word of the module.
            limit_s: Seconds after which the child counts as hanging, and is killed.
            arguments: JSON values.

        Raises:
            EnvironmentFailed: CTK404 when the child crashed, was killed or hung, CTK408 when it was killed for
                memory; the notes have its last words.
            CtkError: What the child itself says went wrong.
        """
        assert self._process.stdin is not None
        line = json.dumps({"command": command, **arguments}).encode() + b"\n"
        try:
            self._process.stdin.write(line)
        except (OSError, ValueError) as error:  # a pipe without a reader, or closed here
            raise self._ended() from error
        answer = self._answer(time.monotonic() + limit_s, limit_s)
        if "error" in answer:
            raise self.told(answer["error"])
        return answer

    def told(self, error: Mapping[str, Any]) -> CtkError:
        """An error that the child has packed, with its last words."""
        self._heard_out()
        return self._with_last_words(unpacked(error))

    def close(self) -> None:
        """Ends the child; a second call does nothing."""
        with suppress(OSError):
            assert self._process.stdin is not None
            if self._process.poll() is None:
                self._process.stdin.write(b'{"command": "quit"}\n')
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_S)
        self.kill()

    def kill(self) -> None:
        """Ends the child at once, whatever it does."""
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
        self._listener.join(_END_S)
        for end in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(OSError):
                assert end is not None
                end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.kill()

    def _answer(self, deadline: float, limit_s: float) -> dict[str, Any]:
        assert self._process.stdout is not None
        seen = 0  # an answer of many chunks is searched once, not again with each of them
        while (end := self._rest.find(b"\n", seen)) < 0:
            seen = len(self._rest)
            if not _readable(self._process.stdout.fileno(), max(deadline - time.monotonic(), 0)):
                self.kill()
                raise self._failure("CTK404", f"gave no answer for {limit_s:.0f} s and was ended")
            chunk = os.read(self._process.stdout.fileno(), _CHUNK_BYTES)
            if not chunk:
                raise self._ended()
            self._rest += chunk
            if len(self._rest) > _MOST_ANSWER_BYTES:
                self.kill()
                raise self._failure("CTK404", "gave an answer without an end")
        line = bytes(self._rest[:end])
        del self._rest[: end + 1]
        try:
            answer = json.loads(line)
        except ValueError as error:
            self.kill()
            raise self._failure("CTK404", "gave an answer that nobody understands") from error
        return dict(answer)

    def _ended(self) -> EnvironmentFailed:
        """The error for a child that is gone although nobody told it to go."""
        try:
            status = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._failure("CTK404", "closed its standard output")
        self._listener.join(_END_S)
        if status == -signal.SIGKILL:
            return self._killed()
        if status < 0:
            return self._failure("CTK404", f"crashed ({_signal_name(-status)})")
        return self._failure("CTK404", f"ended with status {status}")

    def _killed(self) -> EnvironmentFailed:
        kills = memory_kills()
        if kills is not None and self._kills_before is not None and kills > self._kills_before:
            return self._failure("CTK408", "was killed by the kernel, for memory")
        return self._failure("CTK404", "was killed (SIGKILL), as the kernel does when memory runs out")

    def _failure(self, code: str, what: str) -> EnvironmentFailed:
        error = EnvironmentFailed(code, f"the process of {self._what} {what}")
        self._with_last_words(error)
        return error

    def _with_last_words(self, error: CtkError) -> CtkError:
        words = self.last_words()
        if words:
            error.notes = (*error.notes, f"its last words: {words}")
        return error

    def last_words(self) -> str:
        """The end of what the child printed, on one line; empty where it printed nothing."""
        lines = bytes(self._last_words).decode("utf-8", "replace").splitlines()
        kept = [printable(line.strip()) for line in lines if line.strip()][-_SHOWN_LINES:]
        return " | ".join(kept)[-_SHOWN_CHARACTERS:]

    def _listen(self) -> None:
        """Takes what the child prints, so that it never waits for a reader, and keeps the end of it."""
        assert self._process.stderr is not None
        end = self._process.stderr.fileno()
        with suppress(OSError, ValueError):
            while True:
                _readable(end, None)
                with self._hearing:
                    chunk = os.read(end, _CHUNK_BYTES)
                    self._last_words = (self._last_words + chunk)[-_MOST_LAST_WORDS:]
                if not chunk:
                    return

    def _heard_out(self) -> None:
        """Waits until everything that a living child has printed so far was taken."""
        assert self._process.stderr is not None
        deadline = time.monotonic() + _HEAR_S
        with suppress(OSError, ValueError):
            while self._listener.is_alive() and time.monotonic() < deadline:
                if not _readable(self._process.stderr.fileno(), 0):
                    break
                time.sleep(0.001)
        with self._hearing:  # what is no longer in the pipe is in our hands by now
            return


def _readable(descriptor: int, seconds: float | None) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(seconds))


def _started(what: str, threads: int | None, module: str) -> subprocess.Popen[bytes]:
    # -P: a file in the current folder must not stand for a module of ours.
    command = [sys.executable, "-P", "-m", module, str(os.getpid())]
    try:
        return subprocess.Popen(  # noqa: S603 - this interpreter and our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(threads),
            bufsize=0,
            start_new_session=True,  # Ctrl-C is for the parent, which keeps what was measured
        )
    except OSError as error:
        raise EnvironmentFailed(
            "CTK404", f"no process can be started for {what}: {error.strerror}"
        ) from error


def _environment(threads: int | None) -> Mapping[str, str]:
    if threads is None:
        return dict(os.environ)
    return {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
