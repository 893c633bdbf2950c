"""Compares two models of any formats that can be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from math import isfinite, prod
from typing import Any, Literal

from converters.diff.caffe_side import caffe_side
from converters.diff.comparable import Comparable, Part, Weight
from converters.diff.document import SAME, DiffDocument, DiffSide, Lonely, Renamed, WeightComparison
from converters.diff.given import files_of
from converters.diff.ir_against import against
from converters.diff.ir_side import ir_side
from converters.diff.matching import Match, match_parts, match_weights
from converters.diff.onnx_side import onnx_side
from converters.diff.relation import Relation, relate, rounded
from converters.diff.structure import structure_differences
from converters.inspection.given_files import GivenFiles, shown
from converters.openvino.ir_reading import read_ir
from toolkit.errors import CheckFailed, Inconclusive, UsageFault

_NOTHING = Match({}, {}, [], [])
_DEFAULT_OPSET = 13
_AS_IT_IS = frozenset({"equal", "reshaped"})
_ROUNDED = "rounded to float16"
_NO_B = dict.fromkeys(("name_b", "dims_b", "dtype_b"))


def diff_models(
    a: str, b: str, *, weights: bool = True, tolerance: float = 0.0, ignore_unknown_fields: bool = False
) -> DiffDocument:
    """Compares two models.

    Args:
        a: The first, as `files_of` takes it.
        b: The second.
        weights: Compare numbers too.
        tolerance: Numbers count as equal when they differ by at most this, times the largest absolute number of
            A's array.
        ignore_unknown_fields: Unknown prototxt fields are warnings.

    Raises:
        BadInput: A file cannot be read.
        UsageFault: CTK601 when the words do not name two models, CTK604 for a tolerance below 0.
        Inconclusive: CTK301 when the two have nothing that can be compared.
    """
    if not (isfinite(tolerance) and tolerance >= 0):
        raise UsageFault("CTK601", f"--tolerance {tolerance} is not a number from 0 on")
    left, right = _sides(files_of(a), files_of(b), ignore_unknown_fields)
    numbers = weights and left.has_data and right.has_data
    structural = left.parts is not None and right.parts is not None
    if not structural and not numbers:
        raise Inconclusive(
            "CTK301",
            "nothing was compared: one side is a caffemodel alone, which has only weights, the other has none"
            if weights
            else "nothing was compared: a caffemodel alone has only weights",
            notes=["give the prototxt with it: net.prototxt,net.caffemodel"],
        )
    matched = match_weights(left.weights, right.weights, with_numbers=numbers)
    parts = match_parts(left.parts or [], right.parts or [], matched) if structural else _NOTHING
    compared = list(_weights(left, right, matched, numbers, tolerance))
    structure = structure_differences(left, right, parts, matched) if structural else []
    only_a, only_b = (
        [*_lonely_parts(side, lonely), *_lonely_weights(side, single, constants=structural)]
        for side, lonely, single in (
            (left, parts.only_a, matched.only_a), (right, parts.only_b, matched.only_b)
        )
    )  # fmt: skip
    renamed = [*_renamed(_kind(left), parts), *_renamed("weight", matched)]
    differs = structure or only_a or only_b or renamed or any(not item.same for item in compared)
    return DiffDocument(
        a=_side(a, left),
        b=_side(b, right),
        compared_as=_compared_as(left, right) if structural else "weights only",
        tolerance=tolerance,
        weights_compared=numbers,
        structure=structure,
        only_in_a=only_a,
        only_in_b=only_b,
        renamed=renamed,
        weights=compared,
        remarks=_remarks(a, b, left, right, wanted=weights),
        verdict="fail" if differs else "pass",
    )


def refuse_differences(document: DiffDocument) -> None:
    """Ends with an error when the models differ.

    Raises:
        CheckFailed: CTK102.
    """
    if document.verdict == "pass":
        return
    counts = {
        "structure": len(document.structure),
        "only in A": len(document.only_in_a),
        "only in B": len(document.only_in_b),
        "renamed": len(document.renamed),
        "weights": sum(not item.same for item in document.weights),
    }
    raise CheckFailed(
        "CTK102", "the models differ: " + ", ".join(f"{what} {n}" for what, n in counts.items() if n)
    )


def _sides(a: GivenFiles, b: GivenFiles, ignore: bool) -> tuple[Comparable, Comparable]:
    """Both models; a Caffe network is read as nodes when the other one is an ONNX file or an OpenVINO IR."""
    irs = [read_ir(files.ir) if files.ir is not None else None for files in (a, b)]
    if irs[0] is not None and irs[1] is not None:
        return ir_side(irs[0]), ir_side(irs[1])
    found = [onnx_side(files.onnx) if files.onnx is not None else None for files in (a, b)]
    opsets = [side.opset or _DEFAULT_OPSET for side in found if side is not None]
    opset = opsets[0] if opsets else _DEFAULT_OPSET if any(irs) else None
    sides = [
        None if ir else side or caffe_side(files, opset=opset, ignore_unknown_fields=ignore)
        for ir, side, files in zip(irs, found, (a, b), strict=True)
    ]
    left, right = sides
    if irs[0] is not None and right is not None:
        return against(irs[0], right)
    if irs[1] is not None and left is not None:
        return against(irs[1], left)[::-1]
    assert left is not None  # neither is an IR
    assert right is not None
    return left, right


def _compared_as(a: Comparable, b: Comparable) -> Literal["layers", "nodes", "named nodes"]:
    one_is_ir = (a.format == "openvino") != (b.format == "openvino")
    return "named nodes" if one_is_ir else a.parts_are


def _side(given: str, side: Comparable) -> DiffSide:
    return DiffSide(
        given=shown(given),
        format=side.format,
        files=side.files,
        opset=side.opset if side.format == "onnx" else None,
        parts=None if side.parts is None else len(side.parts),
        weights=len(side.weights),
    )


def _kind(side: Comparable) -> str:
    return side.parts_are.removesuffix("s")


def _lonely_parts(side: Comparable, names: Sequence[str]) -> Iterable[Lonely]:
    by_name: dict[str, Part] = {part.name: part for part in side.parts or ()}
    for name in names:
        yield Lonely.model_validate(
            {"what": _kind(side), "name": shown(name), "type": by_name[name].type, "dims": None}
        )


def _lonely_weights(side: Comparable, names: Sequence[str], *, constants: bool) -> Iterable[Lonely]:
    """Weights of one model; what a converter made belongs to its nodes, and counts only where these are compared."""
    by_name: dict[str, Weight] = {weight.name: weight for weight in side.weights}
    for name in names:
        weight = by_name[name]
        if weight.folded is None and (constants or not weight.is_constant):
            what = "constant" if weight.is_constant else "weight"
            yield Lonely.model_validate(
                {"what": what, "name": shown(name), "type": weight.dtype, "dims": list(weight.dims)}
            )


def _renamed(what: str, match: Match) -> Iterable[Renamed]:
    for name, because in match.renamed.items():
        yield Renamed.model_validate(
            {"what": what, "a": shown(name), "b": shown(match.pairs[name]), "because": because}
        )


def _weights(
    a: Comparable, b: Comparable, match: Match, numbers: bool, tolerance: float
) -> Iterable[WeightComparison]:
    left, right = ({weight.name: weight for weight in side.weights} for side in (a, b))
    for name_a, name_b in match.pairs.items():
        x, y = left[name_a], right[name_b]
        if numbers:
            yield _comparison(x, y, _relation(x, y, tolerance))
        elif x.dims != y.dims and prod(x.dims) != prod(y.dims):
            yield _comparison(x, y, Relation("shape"))
    for weight in (left[name] for name in match.only_a):
        if numbers and weight.folded is not None:
            yield _comparison(weight, None, Relation("folded", weight.folded))


def _relation(a: Weight, b: Weight, tolerance: float) -> Relation:
    if a.load is None or b.load is None:
        which, lacks = ("A", a) if a.load is None else ("B", b)
        return Relation("no_data", lacks.lacking or f"{which} has no data for it")
    if a.is_rounded != b.is_rounded:
        found = _known_relation(
            a if a.is_rounded else _rounded(a), b if b.is_rounded else _rounded(b), tolerance
        )
        return replace(found, kind="converted", detail=_ROUNDED) if found.kind in _AS_IT_IS else found
    found = _known_relation(a, b, tolerance)
    if found.kind in _AS_IT_IS and a.dtype != b.dtype:
        return Relation("dtype", f"{a.dtype} against {b.dtype}")
    return found


def _known_relation(a: Weight, b: Weight, tolerance: float) -> Relation:
    # What a conversion does is known of one side only, whichever of the two it is.
    x, y = (b, a) if b.converted is not None or (b.folding is not None and a.folding is None) else (a, b)
    found = relate(
        x.load(),  # type: ignore[misc]
        y.load(),  # type: ignore[misc]
        folding=x.folding() if x.folding and not y.folding else None,
        converted=x.converted() if x.converted else None,
        folded_how=x.folded_how,
        tolerance=tolerance,
    )
    if x is b and found.kind not in SAME:  # the figures are those of B against A
        return relate(a.load(), b.load(), tolerance=tolerance)  # type: ignore[misc]
    return found


def _rounded(weight: Weight) -> Weight:
    """The weight as a compression to float16 stores it."""
    load, converted = weight.load, weight.converted
    assert load is not None  # the caller has looked
    return replace(
        weight,
        load=lambda: rounded(load()),
        converted=None if converted is None else lambda: rounded(converted()),
    )


def _comparison(a: Weight, b: Weight | None, relation: Relation) -> WeightComparison:
    figures = asdict(relation.difference) if relation.difference is not None else {}
    facts: dict[str, Any] = {
        name: figures[name] for name in ("max_abs", "max_rel", "rmse", "differing") if name in figures
    }
    if b is not None:
        facts |= {"name_b": shown(b.name), "dims_b": list(b.dims), "dtype_b": b.dtype, "origin_b": b.origin}
    facts |= {"name": shown(a.name), "dims": list(a.dims), "dtype": a.dtype, "origin": a.origin}
    return WeightComparison.model_validate(
        {
            **_NO_B,
            **facts,
            "kind": relation.kind,
            "same": relation.kind in SAME,
            "detail": relation.detail,
            "elements": prod(a.dims),
        }
    )


def _remarks(a: str, b: str, left: Comparable, right: Comparable, *, wanted: bool) -> list[str]:
    remarks = [*left.remarks, *right.remarks]
    for name, side in ((a, left), (b, right)):
        if side.parts is None and side.format == "caffe":
            remarks.append(f"{shown(name)} is a caffemodel alone: only weights were compared")
        if wanted and not side.has_data:
            remarks.append(f"{shown(name)} has no weights: only names and shapes of weights were compared")
    return remarks
