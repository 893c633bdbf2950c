"""The smallest part of a network that shows where a backend departs, saved with its inputs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from numpy.typing import NDArray

from benchmarks.layer_walk.candidate import Candidate
from benchmarks.layer_walk.extracting import extract
from benchmarks.layer_walk.piece import Piece, expected_of, layers_before, piece_of, reference_at
from benchmarks.layer_walk.reproducer_readme import Shown, readme_text
from benchmarks.layer_walk.saved_folder import put_in_place, refuse_foreign
from benchmarks.layer_walk.show import EXPECTED, INPUTS
from benchmarks.parity_check.arrays_file import write_arrays
from benchmarks.parity_check.child_process import LIMIT_S, ChildProcess, Job, LoadFailure
from benchmarks.parity_check.compare import compare_outputs
from benchmarks.parity_check.rule import OutputParity, Tolerance
from converters.caffe.network import Net
from toolkit.atomic import write_atomically
from toolkit.errors import BadInput, EnvironmentFailed

README = "README.md"
_UNFIT_FOR_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
_MOST_NAME = 80
Values = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Reproducer:
    """A saved piece of a network that shows a divergence.

    Attributes:
        folder: Where it is: artifact, ``inputs.npz``, ``expected.npz`` and ``README.md``.
        artifact: Main file of the piece.
        layers: The Caffe layers in it, in order.
        outputs: How its outputs compare, when it was run as it was made.
        command: What shows it; it was run, and ended with exit status 1.
    """

    folder: Path
    artifact: Path
    layers: tuple[str, ...]
    outputs: tuple[OutputParity, ...]
    command: str


def save_reproducer(
    folder: Path,
    net: Net,
    candidate: Candidate,
    layer: str,
    inputs: Values,
    *,
    own_inputs: Values | None = None,
    threads: int,
    limit_s: float = LIMIT_S,
) -> Reproducer | None:
    """Saves the smallest piece that ends with a layer and departs from the reference.

    First the layer alone, with the reference's own values below it; where that passes, more and more of the
    layers before it: then what departs is the way that errors add up, or the runtime's handling of several
    layers together.

    Args:
        folder: Gets a folder of its own for this backend, precision and layer; one that was saved there before
            is replaced.
        net: The network with its parameters.
        candidate: Backend and artifact; its ``cases`` and ``plain`` do not matter here.
        layer: The first divergent layer.
        inputs: float32 inputs of the network for which it departs (`Walked.worst_inputs` names one).
        own_inputs: The artifact's, where it takes others (one that subtracts the mean itself).
        threads: Threads that compute in the backend.
        limit_s: Seconds after which a job counts as hanging.

    Returns:
        What was saved; None where no piece departs, not even all layers that lead to this one.

    Raises:
        BadInput: CTK516 when there is no such layer, or the artifact has no such value.
        EnvironmentFailed: CTK401 or CTK402 when the folder cannot be written, CTK406 when something else is
            there already, CTK404 or CTK408 when the backend fails.
        UsageFault: CTK601 or CTK604 where there are no bounds for what is executed (`Candidate.judged_as`).
    """
    name = _UNFIT_FOR_NAMES.sub("_", f"{candidate.backend}-{candidate.precision}-{layer}")[:_MOST_NAME]
    target = folder / name
    refuse_foreign(target, README)
    before = layers_before(net, layer)
    with (
        TemporaryDirectory(prefix="ctk-reproducer-") as scratch,
        ChildProcess(candidate.backend, threads, limit_s) as child,
    ):
        trials = _Trials(net, candidate, inputs, own_inputs or {}, Path(scratch), child, threads)
        best = _smallest(trials, before)
        if best is None:
            return None
        return _saved(best, candidate, layer, target, threads)


@dataclass(frozen=True, slots=True)
class _Trial:
    """A piece that was run and departs."""

    piece: Piece
    folder: Path
    artifact: Path
    outputs: tuple[OutputParity, ...]
    tolerance: Tolerance
    facts: Mapping[str, Any]


@dataclass(slots=True)
class _Trials:
    """Makes pieces and runs them."""

    net: Net
    candidate: Candidate
    inputs: Values
    own_inputs: Values
    scratch: Path
    child: ChildProcess
    threads: int
    fault: BadInput | None = None

    def of(self, pieces: Mapping[int, Piece]) -> Callable[[int], _Trial | None]:
        """A function that tries one of some pieces, by its number of layers; one pass of the reference for all."""
        names = {name for piece in pieces.values() for name in piece.starts} | set(self.net.inputs)
        values = reference_at(self.net, self.inputs, names)
        return lambda count: self._tried(count, pieces[count], values)

    def _tried(self, count: int, piece: Piece, values: Values) -> _Trial | None:
        """The trial, where it departs; None where it passes, or cannot be cut out there."""
        starts = {name: values[name] for name in (*piece.starts, *self.net.inputs)}
        folder = self.scratch / str(count)
        folder.mkdir(exist_ok=True)
        try:
            artifact, names = extract(self.candidate.artifact, piece, starts, folder)
        except BadInput as fault:
            if fault.code != "CTK516":
                raise
            self.fault = fault  # the artifact lacks that value: perhaps not the one before
            return None
        given = {name: self.own_inputs.get(name, starts[name]) for name in names}
        expected = expected_of(self.net, piece, {name: starts[name] for name in piece.starts})
        trial = self._run(piece, folder, artifact, given, expected)
        write_arrays(folder / INPUTS, given)
        write_arrays(folder / EXPECTED, expected)
        return trial if any(row.status == "fail" for row in trial.outputs) else None

    def _run(self, piece: Piece, folder: Path, artifact: Path, given: Values, expected: Values) -> _Trial:
        one = self.candidate
        job = Job(one.backend, artifact, self.threads, one.precision, list(expected))
        try:
            ran = self.child.run(job, [given])
        except LoadFailure as failure:
            raise failure.error from failure
        _, tolerance = one.judged_as(ran.facts["precision_executed"])
        outputs = compare_outputs(expected, ran.outputs[0], tolerance, "blob").outputs
        return _Trial(piece, folder, artifact, outputs, tolerance, ran.facts)


def _smallest(trials: _Trials, before: Sequence[Any]) -> _Trial | None:
    """Doubles the number of layers until a piece departs, then halves the gap to the last one that passed."""
    counts = [1 << i for i in range(len(before).bit_length()) if 1 << i < len(before)] + [len(before)]
    tried = trials.of({count: piece_of(before, count) for count in counts})
    found, passed = None, 0
    for count in counts:
        found = tried(count)
        if found is not None:
            break
        passed = count
    if found is None:
        if trials.fault is not None:
            raise trials.fault
        return None
    low, high = passed, len(found.piece.layers)
    if high - low > 1:
        tried = trials.of({count: piece_of(before, count) for count in range(low + 1, high)})
    while high - low > 1:
        middle = (low + high) // 2
        smaller = tried(middle)
        found, low, high = (found, middle, high) if smaller is None else (smaller, low, middle)
    return found


def _saved(trial: _Trial, candidate: Candidate, layer: str, target: Path, threads: int) -> Reproducer:
    """Writes what is beside the artifact, puts the folder in its place, and runs the command."""
    words = [
        "-m", "benchmarks.layer_walk.show", ".",
        "--backend", candidate.backend, "--artifact", trial.artifact.name, "--precision", candidate.precision,
        "--rtol", repr(trial.tolerance.rtol), "--atol", repr(trial.tolerance.atol), "--threads", str(threads),
    ]  # fmt: skip
    command = shlex.join(["python", *words])
    shown = Shown(
        layer=layer,
        layers=tuple((one.name, one.type) for one in trial.piece.layers),
        backend=candidate.backend,
        runtime_version=trial.facts["runtime_version"],
        precision_executed=trial.facts["precision_executed"],
        artifact=trial.artifact.name,
        outputs=trial.outputs,
        command=command,
    )
    write_atomically(trial.folder / README, readme_text(shown).encode())
    _check(words, trial.folder)
    put_in_place(trial.folder, target, README)
    names = tuple(one.name for one in trial.piece.layers)
    return Reproducer(target, target / trial.artifact.name, names, trial.outputs, command)


def _check(words: Sequence[str], folder: Path) -> None:
    """Runs the command; only one that shows the divergence is reported.

    Raises:
        EnvironmentFailed: CTK404 when it ends otherwise.
    """
    ran = subprocess.run(  # noqa: S603 - this interpreter and our own module
        [sys.executable, "-P", *words], cwd=folder, capture_output=True, text=True, check=False
    )
    if ran.returncode != 1:
        last = " ".join((ran.stderr or ran.stdout).split())[-300:]
        raise EnvironmentFailed(
            "CTK404",
            f"the reproducer does not show the divergence a second time: exit status {ran.returncode}",
            notes=[f"its last words: {last}"] if last else [],
        )
