"""Every layer's own output against the reference, over any number of inputs.

The reference's values are taken one after another as they are made, and forgotten: the blobs of a large
network in float64 never stand in memory together.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.layer_walk.blob_error import BlobError, Status, compare_blob
from benchmarks.layer_walk.rounding import is_explained
from benchmarks.parity_check.rule import Tolerance, default_tolerance
from benchmarks.parity_document import LayerError
from converters.caffe.layers import registry
from converters.caffe.layers.registry import Array
from converters.caffe.network import Layer, Net

AMPLIFIED = 10.0
"""Growth of the error from which a layer is looked at (benchmark_method.md §12.7)."""
Values = Mapping[str, NDArray[Any]]
_WORSE: Mapping[Status, int] = {"absent": 0, "pass": 1, "fail": 2}


@dataclass(slots=True)
class _Row:
    """What is known of one value so far."""

    status: Status = "absent"
    max_abs: float | None = None
    max_rel: float | None = None
    growth: float | None = None
    explained: bool | None = None
    worst: float = -1.0
    worst_input: int = 0

    def add(self, number: int, error: BlobError, growth: float | None, explained: bool | None) -> None:
        badness = math.inf if error.max_rel is None else error.max_rel
        if badness > self.worst:
            self.worst, self.worst_input = badness, number
        if _WORSE[error.status] > _WORSE[self.status]:
            self.status = error.status
        self.max_abs = _largest(self.max_abs, error.max_abs)
        self.max_rel = _largest(self.max_rel, error.max_rel)
        self.growth = _largest(self.growth, growth)
        if explained is not None:
            self.explained = explained and self.explained is not False


class LayerWalker:
    """Collects the errors of one candidate, input by input.

    Args:
        net: The network.
        precision: What was executed, a word of DESIGN §1; where the artifact's weights are stored in a coarser
            one, that.
        tolerance: Bounds of the rule; the precision's default.
        thorough: Whether every suspect layer is computed again from what it read, to tell whether it is at fault
            itself; else only down to the first that is, which saves up to half of the time.

    Raises:
        UsageFault: CTK601 for a precision without a default tolerance, where none is given.
    """

    def __init__(
        self, net: Net, precision: str, tolerance: Tolerance | None = None, *, thorough: bool = True
    ) -> None:
        registry.load_all()
        self._precision = precision
        self._thorough = thorough
        self._found = False
        self._tolerance = tolerance or default_tolerance(precision)
        self._makers = {top: (layer, slot) for layer in net.layers for slot, top in enumerate(layer.tops)}
        self._rows = {top: _Row() for top, (layer, _) in self._makers.items() if layer.type != "Input"}
        self._number = -1
        self._candidate: Values = {}
        self._exact: dict[str, Array] = {}  # graph inputs, which both sides are given
        self._errors: dict[str, float] = {}

    def begin(self, candidate: Values) -> None:
        """Begins another input.

        Args:
            candidate: The candidate's values by the names of `Net.values`, as many as it gives.
        """
        self._number += 1
        self._candidate = candidate
        self._exact, self._errors = {}, {}

    def take(self, name: str, reference: Array) -> None:
        """Takes one value of the reference, float64, in the order of the layers."""
        if name not in self._makers:
            return
        layer, slot = self._makers[name]
        if layer.type == "Input":
            self._exact[name], self._errors[name] = reference, 0.0
            return
        before = max((self._errors.get(bottom, 0.0) for bottom in layer.bottoms), default=0.0)
        if name not in self._candidate:
            self._errors[name] = before
            return
        error = compare_blob(reference, self._candidate[name], self._tolerance)
        growth = _growth(before, error.max_rel)
        suspect = error.status == "fail" or (bool(error.max_abs) and (growth is None or growth > AMPLIFIED))
        explained = self._explained(layer, slot) if suspect and (self._thorough or not self._found) else None
        self._found |= explained is False and error.status == "fail"
        self._errors[name] = math.inf if error.max_rel is None else error.max_rel
        self._rows[name].add(self._number, error, growth, explained)

    def layers(self) -> list[LayerError]:
        """What was found, in the order of the prototxt; one row for each value that a layer makes."""
        return [
            LayerError(
                layer=self._makers[name][0].name,
                type=self._makers[name][0].type,
                blob=name,
                max_abs=_finite(row.max_abs),
                max_rel=_finite(row.max_rel),
                growth=_finite(row.growth),
                explained_by_rounding=row.explained,
                status=row.status,
            )
            for name, row in self._rows.items()
        ]

    def worst_inputs(self) -> dict[str, int]:
        """For each layer the input with the largest error of what it makes, counted from 0."""
        found: dict[str, _Row] = {}
        for name, row in self._rows.items():
            layer = self._makers[name][0].name
            found[layer] = max(found.get(layer, row), row, key=lambda one: one.worst)
        return {layer: row.worst_input for layer, row in found.items()}

    def _explained(self, layer: Layer, slot: int) -> bool | None:
        """Whether rounding explains what the layer makes of the candidate's own values below it."""
        known = {**self._exact, **{n: self._candidate[n] for n in layer.bottoms if n in self._candidate}}
        found = self._candidate[layer.tops[slot]]
        if any(name not in known for name in layer.bottoms):
            return None
        bottoms = [np.asarray(known[name], np.float64) for name in layer.bottoms]
        with np.errstate(all="ignore"):
            try:
                tops = registry.EVALUATIONS[layer.type](layer, bottoms)
            except ValueError:  # NumPy, of shapes that an earlier layer got wrong
                return None
            if tops[slot].shape != found.shape:
                return False
            error = float(np.abs(found.astype(np.float64) - tops[slot]).max(initial=0))
        if not all(np.isfinite(bottom).all() for bottom in bottoms):
            return None  # whatever it makes of these, the fault lies before it
        return is_explained(error, layer, bottoms, tops, self._precision)


def walk(
    net: Net,
    reference_values: Iterable[Iterable[tuple[str, Array]]],
    candidate_values: Iterable[Values],
    precision: str,
    tolerance: Tolerance | None = None,
) -> list[LayerError]:
    """Walks a candidate's layers over all inputs; the worst of all counts.

    Args:
        net: The network.
        reference_values: For each input the reference's values in the order of the layers, graph inputs
            first, as `converters.caffe.reference.iterate_reference` gives them.
        candidate_values: For each input the candidate's values by name.
        precision: What was executed; see `LayerWalker`.
        tolerance: Bounds of the rule; the precision's default.

    Raises:
        UsageFault: CTK601 for a precision without a default tolerance, where none is given.
    """
    walker = LayerWalker(net, precision, tolerance)
    for reference, candidate in zip(reference_values, candidate_values, strict=True):
        walker.begin(candidate)
        for name, values in reference:
            walker.take(name, values)
    return walker.layers()


def first_divergent(layers: Sequence[LayerError]) -> str | None:
    """The first layer whose own output breaks the rule; None where none does."""
    return next((row.layer for row in layers if row.status == "fail"), None)


def first_amplifying(layers: Sequence[LayerError]) -> str | None:
    """The first layer whose error is more than ten times that of what it read, and more than rounding explains.

    What it read without any error counts as grown from nothing.
    """
    return next(
        (
            row.layer
            for row in layers
            if row.explained_by_rounding is False and (row.growth is None or row.growth > AMPLIFIED)
        ),
        None,
    )


def _growth(before: float, now: float | None) -> float | None:
    if now is None or before == 0 or not math.isfinite(before):
        return None
    return now / before


def _largest(one: float | None, other: float | None) -> float | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
