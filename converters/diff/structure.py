"""Everything of two models but the numbers: inputs, outputs, and the parts that belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from converters.diff.comparable import Comparable, Part, Source
from converters.diff.document import StructureDifference
from converters.diff.matching import Match
from toolkit.artifact import GraphTensor

Differences = Iterator[StructureDifference]


def structure_differences(
    a: Comparable, b: Comparable, parts: Match, weights: Match
) -> list[StructureDifference]:
    """What differs between two models whose parts are of one kind.

    Args:
        a: The first model.
        b: The second.
        parts: Which of their parts belong together.
        weights: Which of their weights belong together.
    """
    found = []
    if a.format == b.format == "onnx" and a.opset != b.opset:
        found.append(StructureDifference(aspect="opset", name="", a=a.opset, b=b.opset))
    found += _ends("input", a.inputs, b.inputs)
    found += _ends("output", a.outputs, b.outputs)
    back = {
        "part": {name_b: name_a for name_a, name_b in parts.pairs.items()},
        "weight": {name_b: name_a for name_a, name_b in weights.pairs.items()},
    }
    parts_a, parts_b = ({part.name: part for part in side.parts or ()} for side in (a, b))
    for name_a, name_b in parts.pairs.items():
        found += _part(parts_a[name_a], parts_b[name_b], back)
    return found


def _ends(aspect: str, a: Sequence[GraphTensor], b: Sequence[GraphTensor]) -> Differences:
    named_a, named_b = ({tensor.name: tensor for tensor in side} for side in (a, b))
    for name in dict.fromkeys([*named_a, *named_b]):
        x, y = named_a.get(name), named_b.get(name)
        if x is None or y is None:
            yield _difference(aspect, name, None, x and list(x.dims), y and list(y.dims))
            continue
        if x.dims != y.dims:
            yield _difference("shape", name, aspect, list(x.dims), list(y.dims))
        if x.dtype != y.dtype:
            yield _difference("dtype", name, aspect, x.dtype, y.dtype)


def _part(a: Part, b: Part, back: Mapping[str, Mapping[str, str]]) -> Differences:
    if a.type != b.type:
        yield _difference("type", a.name, None, a.type, b.type)
    for key in sorted({*a.attributes, *b.attributes}):
        x, y = a.attributes.get(key), b.attributes.get(key)
        if not _is_same(x, y) or type(x) is not type(y):
            yield _difference("attribute", a.name, key, x, y)
    for slot, (left, right) in enumerate(zip_longest(a.sources, b.sources)):
        translated = right and right._replace(name=back.get(right.kind, {}).get(right.name, right.name))
        if left != translated:
            yield _difference("wiring", a.name, f"bottom {slot}", _shown(left), _shown(right))
    for slot, (made, made_b) in enumerate(zip_longest(a.dims, b.dims)):
        if made is not None and made_b is not None and made != made_b:
            yield _difference("shape", a.name, f"top {slot}", list(made), list(made_b))
    if len(a.dims) != len(b.dims):
        yield _difference("wiring", a.name, "number of tops", len(a.dims), len(b.dims))


def _is_same(a: Any, b: Any) -> bool:
    """Whether two attributes have the same value; NaN, which does not equal itself, is the same as NaN."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_is_same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_is_same(value, b[key]) for key, value in a.items())
    return bool(a == b or (a != a and b != b))  # noqa: PLR0124


def _shown(source: Source | None) -> str | None:
    if source is None or source.kind == "nothing":
        return None
    slot = f" output {source.slot}" if source.slot else ""
    return f"{source.name}{slot}" if source.kind == "part" else f"{source.kind} {source.name}"


def _difference(aspect: str, name: str, detail: str | None, a: object, b: object) -> StructureDifference:
    return StructureDifference.model_validate(
        {"aspect": aspect, "name": name, "detail": detail, "a": a, "b": b}
    )
