"""Which value each bottom reads: Caffe's rules for blob names, turned into SSA (`caffe_semantics.md` §4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from converters.caffe.faults import STOP_AT_FIRST, Faults
from converters.caffe.schema import LayerParameter
from toolkit.errors import BadInput, Where
from toolkit.nearest import did_you_mean


@dataclass(frozen=True, slots=True)
class Wired:
    """Names for every layer's bottoms and tops.

    Attributes:
        bottoms: Per layer, the values it reads.
        tops: Per layer, the values it makes.
        in_place: Per layer, whether its first top overwrites its first bottom.
        blob_of: The Caffe blob of every value, in the order the values are made.
        final: The value that each Caffe blob holds at the end.
        read: Values that some layer other than Silence's kind reads; see `silenced`.
        silenced: Values that only Silence layers read.
    """

    bottoms: tuple[tuple[str, ...], ...]
    tops: tuple[tuple[str, ...], ...]
    in_place: tuple[bool, ...]
    blob_of: dict[str, str]
    final: dict[str, str]
    read: frozenset[str]
    silenced: frozenset[str]


@dataclass(slots=True)
class _Version:
    blob: str
    maker: int
    readers: list[int]
    made: bool = True


def wire(layers: Sequence[LayerParameter], places: Sequence[Where], faults: Faults = STOP_AT_FIRST) -> Wired:
    """Resolves blob names of kept layers in file order.

    Args:
        layers: V2 layers that run at phase TEST.
        places: Where each is defined, for messages.
        faults: Takes what is wrong. Where it does not raise, an unknown bottom reads a value that nobody makes,
            and a top that is made twice counts as a new value.

    Raises:
        BadInput: CTK505 when a bottom is unknown, a top is made twice, or a blob with another reader is
            overwritten in place (which Caffe refuses after inserting Splits); when a top has no name.
    """
    versions: list[_Version] = []
    latest: dict[str, int] = {}
    reads: list[list[int]] = []
    makes: list[list[int]] = []
    for index, layer in enumerate(layers):
        reads.append(
            [
                _resolve(latest, versions, layers, index, slot, places, faults)
                for slot in range(len(layer.bottom))
            ]
        )
        makes.append(
            [_make(latest, versions, layer, index, slot, places, faults) for slot in range(len(layer.top))]
        )
    _refuse_shared_overwrites(layers, places, versions, reads, faults)
    names = _name(layers, versions, latest)
    readers = [version.readers for version in versions]
    quiet = {
        i for i, found in enumerate(readers) if found and all(layers[r].type == "Silence" for r in found)
    }
    return Wired(
        tuple(tuple(names[v] for v in row) for row in reads),
        tuple(tuple(names[v] for v in row) for row in makes),
        tuple(_in_place(layer, 0) for layer in layers),
        {names[i]: version.blob for i, version in enumerate(versions)},
        {blob: names[i] for blob, i in latest.items()},
        frozenset(names[i] for i, found in enumerate(readers) if found),
        frozenset(names[i] for i in quiet),
    )


def _in_place(layer: LayerParameter, slot: int) -> bool:
    """Caffe's test: the top has the name of the bottom *at the same position*."""
    return slot < min(len(layer.top), len(layer.bottom)) and layer.top[slot] == layer.bottom[slot]


def _resolve(
    latest: dict[str, int],
    versions: list[_Version],
    layers: Sequence[LayerParameter],
    index: int,
    slot: int,
    places: Sequence[Where],
    faults: Faults,
) -> int:
    blob = layers[index].bottom[slot]
    if blob not in latest:
        later = next((other.name for other in layers[index:] if blob in other.top), None)
        notes = (
            [f"layer {later!r} makes it, but stands later in the file; Caffe runs layers in file order"]
            if later is not None
            else did_you_mean(blob, latest)
        )
        faults.add(BadInput("CTK505", f"unknown bottom blob {blob!r}", places[index], notes))
        versions.append(_Version(blob, index, [index], made=False))
        return len(versions) - 1
    versions[latest[blob]].readers.append(index)
    return latest[blob]


def _make(
    latest: dict[str, int],
    versions: list[_Version],
    layer: LayerParameter,
    index: int,
    slot: int,
    places: Sequence[Where],
    faults: Faults,
) -> int:
    blob = layer.top[slot]
    if not blob:  # Caffe would take it as a name; in ONNX it says that there is no value
        faults.add(BadInput("CTK505", "a top blob has an empty name", places[index]))
    if blob in latest and not _in_place(layer, slot):
        first = places[versions[latest[blob]].maker]
        note = f"the first is at {first}; in place means the same name as bottom and top at the same position"
        what = f"top blob {blob!r} is produced by more than one layer"
        faults.add(BadInput("CTK505", what, places[index], [note]))
    versions.append(_Version(blob, index, []))
    latest[blob] = len(versions) - 1
    return latest[blob]


def _refuse_shared_overwrites(
    layers: Sequence[LayerParameter],
    places: Sequence[Where],
    versions: Sequence[_Version],
    reads: Sequence[Sequence[int]],
    faults: Faults,
) -> None:
    for index, layer in enumerate(layers):
        for slot, version in enumerate(reads[index]):
            others = versions[version].readers
            if _in_place(layer, slot) and len(others) > 1:
                counts = Counter(layers[r].name for r in others)
                counts.subtract([layer.name])
                also = ", ".join(repr(name) for name, n in counts.items() if n > 0)
                what = f"blob {layer.bottom[slot]!r} is overwritten in place although another layer reads it"
                note = f"also read by {also}; Caffe refuses this (top produced by multiple sources)"
                faults.add(BadInput("CTK505", what, places[index], [note]))


def _name(
    layers: Sequence[LayerParameter], versions: Sequence[_Version], latest: dict[str, int]
) -> list[str]:
    """The final value of a blob bears its name; for an input blob the first one does."""
    holders: dict[str, int] = dict(latest)
    for i in range(len(versions) - 1, -1, -1):
        if versions[i].made and layers[versions[i].maker].type == "Input":
            holders[versions[i].blob] = i
    taken = set(latest)
    names = []
    for i, version in enumerate(versions):
        # A blob that nobody makes is in no table.
        if holders.get(version.blob) == i:
            names.append(version.blob)
            continue
        names.append(unique_name(f"{version.blob}@{layers[version.maker].name}", taken))
    return names


def unique_name(wanted: str, taken: set[str]) -> str:
    """``wanted``, with a number behind it when it is taken already; adds the result to ``taken``."""
    name = wanted if wanted not in taken else f"{wanted}~{_free_number(wanted, taken)}"
    taken.add(name)
    return name


def _free_number(wanted: str, taken: set[str]) -> int:
    """A number that is free, found by doubling and halving: 10^5 layers of one name take no quadratic time."""
    low, high = 1, 2
    while f"{wanted}~{high}" in taken:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if f"{wanted}~{middle}" in taken else (low, middle)
    return high
