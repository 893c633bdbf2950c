"""Walks the layers of artifacts: each backend in a process of its own, the reference once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.layer_walk.candidate import Candidate
from benchmarks.layer_walk.exposing import with_every_value
from benchmarks.layer_walk.named_values import named_values
from benchmarks.layer_walk.piece import is_caffe
from benchmarks.layer_walk.walked import Walked, largest_change, notes_on
from benchmarks.layer_walk.walking import LayerWalker, Values
from benchmarks.parity_check.child_process import LIMIT_S, ChildProcess, Job, LoadFailure, Ran
from benchmarks.parity_check.rule import Tolerance
from converters.caffe.layers.registry import Array
from converters.caffe.network import Net
from converters.caffe.reference import iterate_reference
from toolkit.errors import CtkError, UsageFault, Where

__all__ = ["Candidate", "Walked", "walk_artifacts"]

Reference = Callable[[int], Iterable[tuple[str, Array]]]
_MOST_BYTES = 400 * 2**20
"""Values inside that all candidates together may give at a time; one picture of the main network has 144 MB."""


def walk_artifacts(
    net: Net,
    candidates: Sequence[Candidate],
    cases: Sequence[Values],
    *,
    threads: int,
    reference: Reference | None = None,
    thorough: bool = True,
    limit_s: float = LIMIT_S,
) -> list[Walked]:
    """Walks several candidates over all inputs.

    Args:
        net: The network with its parameters.
        candidates: What is walked. One that fails says so, the others are walked nevertheless.
        cases: float32 inputs by name.
        threads: Threads that compute in each backend.
        reference: Gives the reference's values for the input of that number, in the order of the layers;
            `caffe-reference` by default.
        thorough: See `LayerWalker`; what is named first is the same without.
        limit_s: Seconds after which a backend's job counts as hanging.

    Returns:
        One result for each candidate.
    """
    settings = _Settings(net, threads, thorough, limit_s)
    oracle = reference or (lambda number: iterate_reference(net, cases[number]))
    with TemporaryDirectory(prefix="ctk-layers-") as folder:
        walks = [_Walk(one, Path(folder) / str(i), settings) for i, one in enumerate(candidates)]
        try:
            at_once = _at_once(net, len(candidates))
            for start in range(0, len(cases), at_once):
                numbers = range(start, min(start + at_once, len(cases)))
                _walk_some(walks, numbers, cases, oracle)
        finally:
            for one in walks:
                one.close()
    return [one.result() for one in walks]


def _walk_some(
    walks: Sequence[_Walk], numbers: Sequence[int], cases: Sequence[Values], oracle: Reference
) -> None:
    values = [one.run(numbers, cases) for one in walks]
    for place, number in enumerate(numbers):
        live = [(one.walker, found[place]) for one, found in zip(walks, values, strict=True) if found]
        walkers = [(walker, given) for walker, given in live if walker is not None]
        for walker, given in walkers:
            walker.begin(given)
        for name, array in oracle(number) if walkers else ():
            for walker, _ in walkers:
                walker.take(name, array)


def _at_once(net: Net, candidates: int) -> int:
    """How many inputs fit into the bound, at least one."""
    each = 4 * sum(int(np.prod(value.shape, dtype=np.int64)) for value in net.values.values())
    return max(1, _MOST_BYTES // max(1, each * candidates))


@dataclass(frozen=True, slots=True)
class _Settings:
    """What all candidates have in common; see `walk_artifacts`."""

    net: Net
    threads: int
    thorough: bool
    limit_s: float


class _Walk:
    """One candidate under way."""

    def __init__(self, candidate: Candidate, folder: Path, settings: _Settings) -> None:
        self.walker: LayerWalker | None = None
        self._candidate = candidate
        self._folder = folder
        self._settings = settings
        self._child: ChildProcess | None = None
        self._found = Walked()
        self._job: Job | None = None
        self._tolerance: Tolerance | None = None

    def run(self, numbers: Sequence[int], cases: Sequence[Values]) -> list[dict[str, NDArray[Any]]]:
        """Values for some inputs; none where the candidate fails now or failed before."""
        if self._found.error is not None:
            return []
        given = [(self._candidate.cases or cases)[number] for number in numbers]
        try:
            job = self._job = self._job or self._prepared()
            ran = self._asked(job, given)
            self._start_walker(ran.facts["precision_executed"])
            self._compare_with_plain(numbers, given, ran)
        except LoadFailure as failure:
            self._found.error = failure.error
        except CtkError as error:
            self._found.error = error
        else:
            return ran.outputs
        return []

    def result(self) -> Walked:
        """Everything that was found."""
        if self.walker is not None:
            self._found.layers, self._found.worst_inputs = self.walker.layers(), self.walker.worst_inputs()
            self._found.notes = notes_on(self._candidate.backend, self._found)
        return self._found

    def close(self) -> None:
        """Ends the process."""
        if self._child is not None:
            self._child.close()

    def _prepared(self) -> Job:
        """The copy, and the names of all values that it gives; Caffe files are asked for them as they are."""
        artifact = self._candidate.artifact
        inner = [top for layer in self._settings.net.layers if layer.type != "Input" for top in layer.tops]
        if not is_caffe(artifact):
            known = named_values(artifact)
            inner = [name for name in inner if name in known]
            if not inner:
                raise UsageFault(
                    "CTK604",
                    "the artifact names none of the network's blobs, so its layers cannot be compared",
                    Where(file=str(artifact)),
                    ["convert it with ctk, which keeps the names"],
                )
            self._folder.mkdir(parents=True)
            artifact = with_every_value(artifact, self._folder, inner)
        return Job(
            self._candidate.backend, artifact, self._settings.threads, self._candidate.precision, inner
        )

    def _asked(self, job: Job, given: Sequence[Values]) -> Ran:
        if self._child is None:
            self._child = ChildProcess(
                self._candidate.backend, self._settings.threads, self._settings.limit_s
            )
        return self._child.run(job, given)

    def _start_walker(self, executed: str | None) -> None:
        if self.walker is not None:
            return
        precision, self._tolerance = self._candidate.judged_as(executed)
        self._found.precision_executed = executed
        self.walker = LayerWalker(
            self._settings.net, precision, self._tolerance, thorough=self._settings.thorough
        )

    def _compare_with_plain(self, numbers: Sequence[int], given: Sequence[Values], ran: Ran) -> None:
        one = self._candidate
        if one.plain is not None and not one.plain:
            return
        if one.plain is not None:
            plain: Sequence[Values] = [one.plain[number] for number in numbers]
        else:
            plain = self._asked(
                Job(one.backend, one.artifact, self._settings.threads, one.precision), given
            ).outputs
        for own, walked in zip(plain, ran.outputs, strict=True):
            for name in own:
                if name in walked and own[name].shape == walked[name].shape:
                    self._note_change(name, own[name], walked[name])

    def _note_change(self, name: str, own: NDArray[Any], walked: NDArray[Any]) -> None:
        assert self._tolerance is not None  # the walker has been started
        change = largest_change(own, walked)
        self._found.output_change[name] = max(change, self._found.output_change.get(name, 0.0))
        largest = float(np.abs(own[np.isfinite(own)]).max(initial=0.0))
        if change > self._tolerance.atol + self._tolerance.rtol * largest:
            self._found.optimisation_matters = True
