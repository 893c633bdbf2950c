"""The document of `ctk diff` as tables on standard output."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from converters.diff.document import DiffDocument, DiffSide, WeightComparison
from converters.inspection.table import shape_text
from toolkit.commands.table import print_table
from toolkit.errors import printable

_MOST_ROWS = 200
_OF_SHAPES = frozenset({"input", "output", "shape"})
Row = tuple[str, str, str, str]


def print_diff(document: DiffDocument) -> None:
    """Prints both sides, every difference, and a count of the weights by kind."""
    for letter, side in (("A", document.a), ("B", document.b)):
        sys.stdout.write(f"{letter}  {_side(side, document.compared_as)}\n")
    rows = list(_rows(document))
    if rows:
        sys.stdout.write("\n")
        print_table(["difference", "name", "A", "B"], rows[:_MOST_ROWS])
        if len(rows) > _MOST_ROWS:
            sys.stdout.write(f"and {len(rows) - _MOST_ROWS} more; --json - lists all\n")
    kinds = Counter(item.kind for item in document.weights)
    if kinds:
        counts = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in kinds.items())
        sys.stdout.write(f"\nweights: {counts}\n")
    sys.stdout.write("same\n" if document.verdict == "pass" else "different\n")


def _side(side: DiffSide, compared_as: str) -> str:
    parts = "" if side.parts is None or compared_as == "weights only" else f", {side.parts} {compared_as}"
    opset = "" if side.opset is None else f", opset {side.opset}"
    return printable(f"{side.given}: {side.format}{opset}{parts}, {side.weights} weights and constants")


def _rows(document: DiffDocument) -> Iterator[Row]:
    for found in document.structure:
        detail = f" {found.detail}" if found.detail else ""
        a, b = (_value(value, is_shape=found.aspect in _OF_SHAPES) for value in (found.a, found.b))
        yield _row(found.aspect + detail, found.name, a, b)
    for lonely in document.only_in_a:
        yield _row(f"{lonely.what} only in A", lonely.name, _type(lonely.type, lonely.dims), "")
    for lonely in document.only_in_b:
        yield _row(f"{lonely.what} only in B", lonely.name, "", _type(lonely.type, lonely.dims))
    for renamed in document.renamed:
        yield _row(f"{renamed.what} probably renamed ({renamed.because})", renamed.a, renamed.a, renamed.b)
    for item in document.weights:
        if not item.same:
            yield _weight(item)


def _weight(item: WeightComparison) -> Row:
    detail = f" {item.detail}" if item.detail else ""
    figures = ""
    if item.differing is not None:
        figures = f": {item.differing} of {item.elements} differ, max_abs {_number(item.max_abs)}"
        figures += f", max_rel {_number(item.max_rel)}, rmse {_number(item.rmse)}"
    a, b = _type(item.origin, item.dims), _type(item.origin_b, item.dims_b)
    return _row(f"weight {item.kind.replace('_', ' ')}{detail}{figures}", item.name, a, b)


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3g}"


def _type(kind: str | None, dims: Sequence[int] | None) -> str:
    shape = "" if dims is None else shape_text(dims)
    return " ".join(filter(None, [shape, kind]))


def _value(value: Any, *, is_shape: bool) -> str:
    if value is None:
        return "nothing"
    if is_shape:
        return shape_text(value)
    return "×".join(map(str, value)) if value and isinstance(value, list) else str(value)


def _row(what: str, name: str, a: str, b: str) -> Row:
    return printable(what), printable(name), printable(a), printable(b)
