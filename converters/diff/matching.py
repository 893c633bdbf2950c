"""Which weights, layers and nodes of two models belong together: by name, else by what they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from converters.diff.comparable import Part, Weight
from converters.diff.relation import fingerprint

Because = Literal["same weights", "same position"]
T = TypeVar("T", Part, Weight)


@dataclass(frozen=True, slots=True)
class Match:
    """Pairs of names, and what is left over.

    Attributes:
        pairs: Name in B by name in A, in the order of A.
        renamed: Of those, the ones with two names that nothing else ties together, and what gave them away.
        only_a: Names that only A has; so ``only_b``.
    """

    pairs: dict[str, str]
    renamed: dict[str, Because]
    only_a: list[str]
    only_b: list[str]


def match_weights(a: Sequence[Weight], b: Sequence[Weight], *, with_numbers: bool) -> Match:
    """Pairs weights by name, then by Caffe layer and blob index, then by equal numbers.

    Args:
        a: Weights of the first model.
        b: Weights of the second.
        with_numbers: Whether numbers may be looked at.
    """
    pairs = _equal(a, b, {}, lambda weight: weight.name)
    pairs |= _equal(a, b, pairs, lambda weight: weight.key)
    renamed: dict[str, Because] = {}
    if with_numbers:
        left_a, left_b = _left(a, pairs.keys()), _left(b, pairs.values())
        # Only where there is a chance: hashing reads all numbers.
        sizes = {_size(w) for w in left_a} & {_size(w) for w in left_b}
        found = _equal(
            [w for w in left_a if _size(w) in sizes], [w for w in left_b if _size(w) in sizes], {}, _numbers
        )
        renamed = dict.fromkeys(found, "same weights")
        pairs |= found
    return _match(a, b, pairs, renamed)


def match_parts(a: Sequence[Part], b: Sequence[Part], weights: Match) -> Match:
    """Pairs layers or nodes by name, then by renamed weights, then by their place among the others.

    Args:
        a: Parts of the first model.
        b: Parts of the second.
        weights: How their weights belong together.
    """
    pairs = _equal(a, b, {}, lambda part: part.name)
    back = {name_b: name_a for name_a, name_b in weights.pairs.items()}
    by_weights = _equal(
        _left(a, pairs.keys()),
        _left(b, pairs.values()),
        {},
        lambda part: _held(part, {}),
        lambda part: _held(part, back),
    )
    pairs |= by_weights
    by_position = _between_anchors(a, b, pairs)
    renamed: dict[str, Because] = dict.fromkeys(by_weights, "same weights")
    renamed |= dict.fromkeys(by_position, "same position")
    return _match(a, b, pairs | by_position, renamed)


def _match(a: Sequence[T], b: Sequence[T], pairs: dict[str, str], renamed: dict[str, Because]) -> Match:
    order = {item.name: pairs[item.name] for item in a if item.name in pairs}
    taken = set(pairs.values())
    return Match(
        order, renamed, [x.name for x in a if x.name not in pairs], [x.name for x in b if x.name not in taken]
    )


def _equal(
    a: Iterable[T],
    b: Iterable[T],
    before: dict[str, str],
    key: Callable[[Any], Any],
    key_b: Callable[[Any], Any] | None = None,
) -> dict[str, str]:
    """Pairs what has an equal key that is not None and occurs once on both sides."""
    taken = set(before.values())
    left = _unique((item for item in a if item.name not in before), key)
    right = _unique((item for item in b if item.name not in taken), key_b or key)
    return {name: right[found] for found, name in left.items() if found in right}


def _unique(items: Iterable[Any], key: Callable[[Any], Any]) -> dict[Any, str]:
    found: dict[Any, str | None] = {}
    for item in items:
        value = key(item)
        if value is not None:
            found[value] = None if value in found else item.name
    return {value: name for value, name in found.items() if name is not None}


def _left(items: Iterable[T], taken: Iterable[str]) -> list[T]:
    names = set(taken)
    return [item for item in items if item.name not in names]


def _size(weight: Weight) -> tuple[int, ...]:
    return tuple(size for size in weight.dims if size != 1)


def _numbers(weight: Weight) -> bytes | None:
    # Two biases of zeros are equal, and say nothing: a key that occurs twice is not used.
    return fingerprint(weight.load()) if weight.load is not None and not weight.is_constant else None


def _held(part: Part, names: dict[str, str]) -> tuple[str, tuple[str, ...]] | None:
    held = tuple(names.get(s.name, s.name) for s in part.sources if s.kind == "weight")
    return (part.type, held) if held else None


def _between_anchors(a: Sequence[Part], b: Sequence[Part], pairs: dict[str, str]) -> dict[str, str]:
    """Runs of the same types between two parts that both models have."""
    runs_a = _runs(a, set(pairs), {})
    runs_b = _runs(b, set(pairs.values()), {name_b: name_a for name_a, name_b in pairs.items()})
    found: dict[str, str] = {}
    for anchor, run in runs_a.items():
        other = runs_b.get(anchor, [])
        if [part.type for part in run] == [part.type for part in other]:
            found |= {x.name: y.name for x, y in zip(run, other, strict=True)}
    return found


def _runs(parts: Sequence[Part], known: set[str], names: dict[str, str]) -> dict[str, list[Part]]:
    """Unpaired parts by the paired one before them, under its name in A."""
    runs: dict[str, list[Part]] = {}
    anchor = ""
    for part in parts:
        if part.name in known:
            anchor = names.get(part.name, part.name)
        else:
            runs.setdefault(anchor, []).append(part)
    return runs
