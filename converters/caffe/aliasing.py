"""Blobs that share memory in Caffe, where that changes what a network computes (`caffe_semantics.md` §4.7).

Split, Flatten, Reshape and some others pass the memory of their bottom on. An in-place layer on one of the
names then changes what is read later under another. In SSA every value keeps what it was, so such a network
is refused; one in which nobody reads the other name later is not. The top of a Parameter layer is the memory of its
parameter, so that an in-place layer on it also changes what other layers of that `param { name }` read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from converters.caffe.faults import STOP_AT_FIRST, Faults
from converters.caffe.layers import registry
from converters.caffe.network import Layer
from converters.caffe.wiring import Wired
from toolkit.errors import BadInput, Where


@dataclass(frozen=True, slots=True)
class OverwrittenRead:
    """A value that Caffe has overwritten before it is read.

    Attributes:
        value: The value.
        reader: Index of the layer that reads it; None for an output, which the caller reads at the end.
        writer: Index of the in-place layer.
        sharer: Index of a layer that made the two names one memory.
        parameter: Name of the shared parameter, where not a bottom but that is overwritten.
    """

    value: str
    reader: int | None
    writer: int
    sharer: int
    parameter: str = ""


@dataclass(slots=True)
class _Memory:
    """One piece of memory: how often it was overwritten, by whom last, who passed it on last, whose parameter it is."""

    overwrites: int = 0
    writer: int = -1
    sharer: int = -1
    owner: Layer | None = None


def refuse_aliasing(
    layers: Sequence[Layer],
    wired: Wired,
    places: Sequence[Where],
    *,
    outputs: Collection[str] = (),
    needed: Collection[int] | None = None,
    faults: Faults = STOP_AT_FIRST,
) -> None:
    """Refuses a network in which a layer or the caller reads memory that was overwritten under another name.

    Args:
        layers: All layers that run, in file order, wired.
        wired: Their wiring.
        places: Where each is defined.
        outputs: Values that the caller reads after the last layer.
        needed: Indices of the layers whose reading counts; all by default.
        faults: Takes what is wrong.

    Raises:
        BadInput: CTK515, with both layers and both blobs.
    """
    for found in overwritten_reads(layers, outputs):
        if found.reader is None or needed is None or found.reader in needed:
            faults.add(_refusal(found, layers, wired, places))


def overwritten_reads(layers: Sequence[Layer], outputs: Collection[str] = ()) -> Iterator[OverwrittenRead]:
    """Runs through the network as Caffe does, with overwrite counts in place of numbers.

    Args:
        layers: All layers that run, in file order, wired.
        outputs: Values that are read after the last layer.
    """
    registry.load_all()
    users = _users_by_parameter(layers)
    memories: dict[str, _Memory] = {}
    seen: dict[str, int] = {}  # per value, the overwrites of its memory that it includes
    for layer in layers:
        for name in layer.bottoms:
            if name not in seen:  # an unknown bottom, where faults are collected
                memories[name], seen[name] = _Memory(), 0
        for name in _read(layer):
            memory = memories[name]
            if seen[name] != memory.overwrites:
                yield OverwrittenRead(name, layer.index, memory.writer, memory.sharer)
        yield from _read_while_written(layer, memories)
        yield from _parameters_overwritten(layer, memories, users)
        for slot, top in enumerate(layer.tops):
            _make(layer, slot, top, memories, seen)
    for name in outputs:
        memory = memories[name]
        if seen[name] != memory.overwrites:
            yield OverwrittenRead(name, None, memory.writer, memory.sharer)


def _is(table: dict[str, Callable[[Layer], bool]], layer: Layer) -> bool:
    test = table.get(layer.type)
    return test is not None and test(layer)


def _read(layer: Layer) -> Sequence[str]:
    """Bottoms whose numbers count: passing memory on reads none."""
    if layer.type == "Silence" or _is(registry.SHARES_MEMORY, layer):
        return ()
    count = registry.NUMBERS_READ.get(layer.type)
    return layer.bottoms[:count]


def _is_in_place(layer: Layer, slot: int) -> bool:
    message = layer.message
    return slot < len(message.bottom) and message.top[slot] == message.bottom[slot]


def _overwrites(layer: Layer, slot: int) -> bool:
    is_kept = _is(registry.SHARES_MEMORY, layer) or _is(registry.KEEPS_VALUES, layer)
    return _is_in_place(layer, slot) and not is_kept


def _read_while_written(layer: Layer, memories: dict[str, _Memory]) -> Iterator[OverwrittenRead]:
    """Another bottom in the very memory that the layer writes to: what it reads depends on Caffe's loops."""
    for slot in range(len(layer.tops)):
        if _overwrites(layer, slot):
            memory = memories[layer.bottoms[slot]]
            for other, name in enumerate(layer.bottoms):
                if other != slot and memories[name] is memory:
                    yield OverwrittenRead(name, layer.index, layer.index, memory.sharer)


def _users_by_parameter(layers: Sequence[Layer]) -> dict[str, list[Layer]]:
    users: dict[str, list[Layer]] = {}
    for layer in layers:
        for name in dict.fromkeys(param.name for param in layer.message.param):
            if name:
                users.setdefault(name, []).append(layer)
    return users


def _parameters_overwritten(
    layer: Layer, memories: dict[str, _Memory], users: dict[str, list[Layer]]
) -> Iterator[OverwrittenRead]:
    """Users of a parameter that the layer overwrites, also those before it: Caffe's next run reads it changed."""
    for slot in range(len(layer.tops)):
        if not _overwrites(layer, slot):
            continue
        memory = memories[layer.bottoms[slot]]
        owner, memory.owner = memory.owner, None  # the first layer that overwrites it is named, once
        if owner is None:
            continue
        name = next((param.name for param in owner.message.param), "")
        for user in users.get(name, ()):
            if user is not owner:
                yield OverwrittenRead(layer.bottoms[slot], user.index, layer.index, owner.index, name)


def _make(layer: Layer, slot: int, top: str, memories: dict[str, _Memory], seen: dict[str, int]) -> None:
    """Notes which memory a top lies in, and what of it the top includes."""
    if _is_in_place(layer, slot):
        bottom = layer.bottoms[slot]
        memory = memories[top] = memories[bottom]
        if _overwrites(layer, slot):
            memory.overwrites += 1
            memory.writer = layer.index
            seen[top] = memory.overwrites
        else:
            seen[top] = seen[bottom]
    elif layer.bottoms and _is(registry.SHARES_MEMORY, layer):
        memory = memories[top] = memories[layer.bottoms[0]]
        memory.sharer = layer.index
        seen[top] = seen[layer.bottoms[0]]
    else:
        memories[top] = _Memory(owner=layer if layer.type == "Parameter" else None)
        seen[top] = 0


def _refusal(
    found: OverwrittenRead, layers: Sequence[Layer], wired: Wired, places: Sequence[Where]
) -> BadInput:
    writer, sharer = layers[found.writer], layers[found.sharer]
    blob = wired.blob_of[found.value]
    overwritten = f"layer {writer.name!r} overwrites it in place under the name {writer.message.top[0]!r}"
    why = f"in Caffe the {sharer.type} layer {sharer.name!r} gives both names the same memory"
    if found.parameter:
        what = f"parameter {found.parameter!r} is read, and {overwritten}"
        why = f"in Caffe the top of the Parameter layer {sharer.name!r} is the memory of that parameter"
    elif found.reader is None:
        what = f"output {blob!r} is not what its layer made: {overwritten}"
    elif found.reader == found.writer:
        what = f"blob {blob!r} is read while the layer overwrites it in place"
    else:
        what = f"blob {blob!r} is read after {overwritten}"
    return BadInput(
        "CTK515",
        what,
        places[found.writer if found.reader is None else found.reader],
        [
            why,
            f"give layer {writer.name!r} ({places[found.writer]}) a top of its own if this is not meant",
        ],
    )
