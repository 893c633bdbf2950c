"""One backend's outputs for all inputs against the references: the worst of each output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.parity_check.arrays_file import Arrays
from benchmarks.parity_check.compare import compare_outputs
from benchmarks.parity_check.regions import region_errors
from benchmarks.parity_check.rule import OutputParity, Tolerance, default_tolerance
from benchmarks.parity_document import RegionError
from toolkit.backends.precision import parts_of
from toolkit.errors import BadInput


@dataclass(frozen=True, slots=True)
class Judged:
    """Agreement of a backend with the references over all inputs.

    Attributes:
        outputs: The worst of all inputs for each output, and the smallest bounds with which all pass.
        worst_input: Which input that was, by output.
        border: Errors of the border ring, by output.
        interior: Errors of what it encloses.
        passed: Whether every output passes for every input; None where none was compared.
        unruled: Why no rule was applied at all; None where one was.
    """

    outputs: list[OutputParity]
    worst_input: dict[str, str] = field(default_factory=dict)
    border: dict[str, RegionError] = field(default_factory=dict)
    interior: dict[str, RegionError] = field(default_factory=dict)
    passed: bool | None = None
    unruled: str | None = None


def tolerance_of(stated: Tolerance | None, executed: str | None, stored: str | None) -> Tolerance | None:
    """The bounds for an artifact: those that were stated, else the defaults of the looser of its precisions.

    An artifact whose weights are stored in f16 differs by them, whatever it is computed in.

    Returns:
        None where i8 takes part, which has no bounds: ΔE2000 alone judges it (DESIGN §5).
    """
    if stated is not None:
        return stated
    words = [word for word in (executed, stored) if word is not None]
    if any("i8" in parts_of(word) for word in words):
        return None
    found = [default_tolerance(word) for word in words] or [default_tolerance(None)]
    return Tolerance(max(one.rtol for one in found), max(one.atol for one in found))


def refuse_infinite(references: Sequence[Arrays], names: Sequence[str], reference: str) -> None:
    """Checks that a reference is finite; nothing can be held against one that is not.

    Raises:
        BadInput: CTK519 naming output, input and the first such place.
    """
    for input_name, outputs in zip(names, references, strict=True):
        for name, array in outputs.items():
            bad = ~np.isfinite(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)
            if bad.any():
                first = tuple(int(i) for i in np.argwhere(bad)[0])
                raise BadInput(
                    "CTK519",
                    f"the reference {reference} is not finite: {np.count_nonzero(bad)} values of {name!r} "
                    f"for the input {input_name!r}, first at {first}",
                    notes=["nothing can be compared with it: its weights are damaged, or its input is"],
                )


def judge_all(
    references: Sequence[Arrays],
    candidates: Sequence[Arrays],
    names: Sequence[str],
    tolerance: Tolerance | None,
    optional: frozenset[str] = frozenset(),
    *,
    executed: str | None = None,
) -> Judged:
    """Judges every output for every input by the rule.

    Args:
        references: Outputs by name, for each input. Where they are float64 and the candidates' float32, that
            is no difference of element type: `caffe-reference` stands for Caffe's float32.
        candidates: Likewise.
        names: Of the inputs.
        tolerance: Bounds of the rule; without any (i8) nothing is compared by numbers.
        optional: Outputs that need not be there.
        executed: Precision of the candidates. ``f64`` is that of `caffe-reference` alone: then float64 for the
            reference's float32 is no difference either.
    """
    if tolerance is None:
        return Judged([], unruled="i8 is judged by ΔE2000 alone, for which no bound is stated")
    if executed == "f64":
        references, candidates = list(map(_as_caffe, references)), list(map(_as_caffe, candidates))
    rows: dict[str, list[tuple[OutputParity, str]]] = {}
    for wanted, found, name in zip(references, candidates, names, strict=True):
        for row in _rows(wanted, found, tolerance, optional):
            rows.setdefault(row.name, []).append((row, name))
    if not rows:
        return Judged([])
    worst = {output: max(found, key=lambda pair: _badness(pair[0])) for output, found in rows.items()}
    outputs = [_over_all([row for row, _ in rows[name]], row) for name, (row, _) in worst.items()]
    border, interior = _regions(references, candidates, list(worst))
    return Judged(
        outputs=outputs,
        worst_input={output: name for output, (_, name) in worst.items()},
        border=border,
        interior=interior,
        passed=all(output.status == "pass" for output in outputs),
    )


def _as_caffe(outputs: Arrays) -> Arrays:
    """With float64 where Caffe has float32, so that nothing is rounded."""
    return {
        name: array.astype(np.float64) if array.dtype == np.float32 else array
        for name, array in outputs.items()
    }


def _rows(
    wanted: Arrays, found: Arrays, tolerance: Tolerance, optional: frozenset[str]
) -> list[OutputParity]:
    expected = {name: array for name, array in wanted.items() if name in found or name not in optional}
    given = {name: array for name, array in found.items() if name in wanted or name not in optional}
    return [
        _typed(row, wanted.get(row.name), given.get(row.name))
        for row in compare_outputs(expected, given, tolerance).outputs
    ]


def _typed(row: OutputParity, wanted: NDArray[Any] | None, found: NDArray[Any] | None) -> OutputParity:
    """The row, failed where the element types differ: `compare_outputs` tells only their kinds apart."""
    if row.status == "fail" or wanted is None or found is None:
        return row
    if found.dtype == wanted.dtype or (wanted.dtype == np.float64 and found.dtype == np.float32):
        return row
    expected = "float32" if wanted.dtype == np.float64 else wanted.dtype
    reason = f"its element type is {found.dtype}, the reference's is {expected}"
    return row.model_copy(update={"status": "fail", "reason": reason})


def _badness(row: OutputParity) -> tuple[bool, float, float]:
    """What makes one input worse than another: failing, then how far the bound would have to go."""
    needed = row.smallest_passing_rtol
    return (
        row.status == "fail",
        np.inf if needed is None and row.status == "fail" else needed or 0.0,
        np.inf if row.max_abs is None else row.max_abs,
    )


def _over_all(rows: Sequence[OutputParity], worst: OutputParity) -> OutputParity:
    """The worst row, with figures that hold for all inputs: largest differences, smallest bounds that pass all."""
    figures: dict[str, float | None] = {}
    for name in ("max_abs", "max_rel", "rmse", "smallest_passing_rtol", "smallest_passing_atol"):
        found = [getattr(row, name) for row in rows]
        figures[name] = None if any(value is None for value in found) else max(found)
    cosines = [row.cosine for row in rows if row.cosine is not None]
    return worst.model_copy(update={**figures, "cosine": min(cosines, default=None)})


def _regions(
    references: Sequence[Arrays], candidates: Sequence[Arrays], outputs: Sequence[str]
) -> tuple[dict[str, RegionError], dict[str, RegionError]]:
    border, interior = {}, {}
    for output in outputs:
        pairs = [
            (wanted[output], found[output])
            for wanted, found in zip(references, candidates, strict=True)
            if output in wanted and output in found
        ]
        errors = region_errors(pairs)
        if errors is not None:
            border[output], interior[output] = errors
    return border, interior
