"""The child process that runs one backend for `ctk parity`: ``python -m benchmarks.parity_check.child``.

Commands and answers are those of `benchmarks.harness.worker`: one JSON object a line. Arrays travel in files.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness.worker import Handlers, serve


class Jobs:
    """What this process has run last."""

    def __init__(self) -> None:
        self._executed: str | None = None
        self._first: Mapping[str, Any] | None = None

    def run(
        self,
        *,
        backend: str,
        artifact: str,
        threads: int,
        precision: str,
        inputs: str,
        result: str,
        outputs: Sequence[str] | None = None,
        twice: bool = False,
        unless_equal: bool = False,
    ) -> dict[str, Any]:
        """Loads an artifact and runs it once for each input.

        Args:
            backend: A registered backend.
            artifact: Main file.
            threads: Threads that compute.
            precision: What the backend is asked for.
            inputs: NPZ file, as `arrays_file.write_cases`.
            result: NPZ file for the outputs, likewise.
            outputs: Wanted outputs; all by default.
            twice: Whether the first input runs once more, to see whether the same bits come out.
            unless_equal: Whether to leave it at the first input where that gives the very bits of the last job,
                in the same precision; the caller answers for it that artifact and inputs are the same.

        Returns:
            What was loaded, ``deterministic`` (null where it was not tried), ``equal`` where it was left at the
            first input, so that there is no `result`, and ``warnings``. An error while loading is ``refused``.
        """
        from benchmarks.parity_check.arrays_file import read_cases, write_cases
        from toolkit.messages import collected_warnings

        cases = read_cases(Path(inputs), "inputs")
        with collected_warnings() as warnings:
            session, failure = _opened(backend, artifact, threads, precision)
            if failure is not None:
                return failure
            with session:
                found = [session.run(case, outputs) for case in cases[:1]]
                described = _described(session.info())  # what was executed is known after a run
                equal = unless_equal and self._as_before(described["precision_executed"], found)
                if not equal:
                    found += [session.run(case, outputs) for case in cases[1:]]
                same = _same_bits(found[0], session.run(cases[0], outputs)) if twice and cases else None
        if not equal:
            write_cases(Path(result), found)
        self._executed, self._first = described["precision_executed"], next(iter(found), None)
        return {**described, "deterministic": same, "equal": equal, "warnings": list(warnings)}

    def _as_before(self, executed: str | None, found: Sequence[Mapping[str, Any]]) -> bool:
        if self._first is None or executed is None or not found:
            return False
        return executed == self._executed and _same_bits(self._first, found[0])


def describe(*, backend: str, artifact: str, threads: int) -> dict[str, Any]:
    """Loads an artifact and says what its inputs and outputs are."""
    session, failure = _opened(backend, artifact, threads, "f32")
    if failure is not None:
        return failure
    with session:
        return _described(session.info())


def _opened(backend: str, artifact: str, threads: int, precision: str) -> tuple[Any, dict[str, Any] | None]:
    from benchmarks.harness.error_transport import packed
    from toolkit.backends.opening import open_backend

    try:
        return open_backend(backend, Path(artifact), threads, precision=precision), None
    except Exception as error:
        return None, {"refused": packed(error)}


def _described(info: Any) -> dict[str, Any]:
    return {
        "runtime_version": info.runtime_version,
        "precision_executed": info.precision_executed,
        "inputs": {name: [list(tensor.shape), tensor.dtype] for name, tensor in info.inputs.items()},
        "outputs": {name: [list(tensor.shape), tensor.dtype] for name, tensor in info.outputs.items()},
    }


def _same_bits(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return list(one) == list(other) and all(
        one[name].shape == other[name].shape and one[name].tobytes() == other[name].tobytes() for name in one
    )


def _handlers() -> Handlers:
    return {"run": Jobs().run, "describe": describe}


if __name__ == "__main__":
    sys.exit(serve(_handlers))
