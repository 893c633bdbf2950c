"""Faults that are made on purpose, and must fail: run by one backend through the same code and rule."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from benchmarks.parity_check.arrays_file import Arrays
from benchmarks.parity_check.child_process import ChildProcess, Job, LoadFailure, Ran
from benchmarks.parity_check.control_outputs import ControlOutputs
from benchmarks.parity_check.judging import judge_all, tolerance_of
from benchmarks.parity_check.pairs import PairOutputs, Settings
from benchmarks.parity_check.references import Oracle
from benchmarks.parity_check.rule import OutputParity, Tolerance
from benchmarks.parity_check.where import layer_namer
from converters.caffe.network import Net
from toolkit.backends.listing import backend_class, formats_of
from toolkit.content import HEAD_BYTES, sniff
from toolkit.errors import CtkError, UsageFault
from toolkit.files import opened

# One input is enough to see a fault that the check can see at all, and keeps them cheap.
INPUTS = 1
# The first of these that passed runs them; any other backend that loads ONNX after them.
_PREFERRED = ("onnxruntime", "openvino", "opencv", "torch")


def run_all_controls(
    oracle: Oracle,
    settings: Settings,
    pairs: Sequence[PairOutputs],
    net: Net | None = None,
) -> list[ControlOutputs]:
    """Runs the controls that the network admits, for the first input, on one of the backends that were judged.

    Args:
        oracle: Finds the sound ONNX artifact.
        settings: What all pairs have in common; notes go there.
        pairs: Those that ran.
        net: The network with its parameters, where layers are to be named; they are not when None.
    """
    chosen = _chosen(pairs)
    if chosen is None:
        settings.notes.append("no control could be run: no backend that was judged loads ONNX")
        return []
    try:
        artifact = _onnx_of(chosen, oracle)
        with _Runner(chosen.pair.backend, artifact, settings) as runner:
            return _run(runner, artifact, chosen, settings, net)
    except CtkError as error:
        settings.notes.append(f"no control could be run: {error.headline}")
        return []


def _run(
    runner: _Runner,
    artifact: Path,
    chosen: PairOutputs,
    settings: Settings,
    net: Net | None,
) -> list[ControlOutputs]:
    from benchmarks.faults.controls import run_controls

    # A control vouches for the pair, so it is judged by that one's rule, whatever its own artifact holds.
    executed, stored = chosen.pair.precision_executed, chosen.stored
    bounds, usual = tolerance_of(settings.stated, executed, stored), _usual(executed, stored)
    if bounds is None or usual is None:
        settings.notes.append(f"no control could be run: {executed} with weights in {stored} has no rule")
        return []
    clean = chosen.outputs[:INPUTS]
    if str(artifact.absolute()) != chosen.pair.artifact:  # it was judged with an artifact of another format
        clean = runner.ran(artifact).outputs

    def judged(outputs: Sequence[Arrays]) -> list[OutputParity]:
        count = len(outputs)
        return judge_all(
            settings.references[:count], outputs, settings.names[:count], bounds, settings.optional
        ).outputs

    if any(output.status == "fail" for output in judged(clean)):
        settings.notes.append(
            f"no control could be run: what {runner.backend} gives for the artifact without a fault fails itself"
        )
        return []
    found = run_controls(
        artifact,
        lambda path: runner.ran(path).outputs,
        judged,  # type: ignore[arg-type]  # outputs are those that `runner` gave
        backend=runner.backend,
        clean=clean,
        tolerance=usual,
        picture_quality=None if settings.seen is None else settings.seen.delta_e2000,  # type: ignore[arg-type]
        name_layer=None if net is None else layer_namer(net, runner.backend, settings, artifact, bounds),
    )
    settings.notes.extend(found.left_out)
    return [ControlOutputs(one.row, [dict(o) for o in one.outputs], executed, stored) for one in found.ran]


def _usual(executed: str | None, stored: str | None) -> Tolerance | None:
    """The default bounds, never those that the user stated; None where there are none."""
    try:
        return tolerance_of(None, executed, stored)
    except UsageFault:
        return None


class _Runner:
    """Runs faulty artifacts in one process, and in a new one after a fault that ended it."""

    def __init__(self, backend: str, sound: Path, settings: Settings) -> None:
        self.backend = backend
        self._settings = settings
        self._cases = settings.cases_for(sound)[:INPUTS]
        self._kept = ExitStack()
        self._child: ChildProcess | None = None

    def ran(self, artifact: Path) -> Ran:
        """What an artifact gives; raises as `ChildProcess.run`, and what loading raises."""
        if self._child is None or not self._child.alive:
            name = f"{self.backend}, a control"
            self._child = self._kept.enter_context(
                ChildProcess(name, self._settings.threads, self._settings.limit_s)
            )
        try:
            return self._child.run(Job(self.backend, artifact, self._settings.threads), self._cases)
        except LoadFailure as failure:
            raise failure.error from failure

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()


def _chosen(pairs: Sequence[PairOutputs]) -> PairOutputs | None:
    """One that passes before one that fails: a faulty artifact may hold the very fault of a control."""
    ran = {one.pair.backend: one for one in pairs if one.pair.decides and one.outputs}
    able = [
        ran[backend]
        for backend in dict.fromkeys((*_PREFERRED, *ran))
        if backend in ran and "onnx" in formats_of(backend, backend_class(backend))
    ]
    return min(able, key=lambda one: one.pair.verdict != "pass", default=None)


def _onnx_of(chosen: PairOutputs, oracle: Oracle) -> Path:
    """The artifact that was judged, where it is ONNX; else one of the same network."""
    assert chosen.pair.artifact is not None
    artifact = Path(chosen.pair.artifact)
    with opened(artifact, "artifact") as file:
        kind = sniff(file.read(HEAD_BYTES))
    return artifact if kind == "onnx" else oracle.artifacts.in_one_of(("onnx",))
