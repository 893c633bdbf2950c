"""The constants of an OpenVINO IR as those who read them see them, and which parameter of the source each one is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from converters.openvino.ir_network import IrLayer, IrNetwork
from converters.openvino.ir_reading import Ir, IrConstant
from toolkit.ledger import LedgerDocument

# OpenVINO calls what has no name after its class and a running number, which differs from run to run.
_RUNNING = re.compile(r"[A-Z][A-Za-z0-9]*_[0-9]+(_compressed)?")
_COMPRESSED = "_compressed"


@dataclass(frozen=True, slots=True)
class IrWeight:
    """One constant.

    Attributes:
        id: The layer that others read: the constant itself, or what decompresses it.
        name: Friendly name, without the suffix that OpenVINO gives to compressed numbers.
        names: All names under which its source may know it.
        constant: Its numbers.
        is_compressed: Whether they are widened when the network is loaded.
    """

    id: int
    name: str
    names: frozenset[str]
    constant: IrConstant
    is_compressed: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """An array that is looked for in an IR.

    Attributes:
        name: Its name in the source, such as an initializer's.
        elements: How many numbers.
        readers: Names of the nodes that read it.
    """

    name: str
    elements: int
    readers: tuple[str, ...]


def weights_of(ir: Ir) -> dict[int, IrWeight]:
    """All constants by the id that others read; one that is only decompressed counts once, as decompressed."""
    layers = ir.network.layers
    widened = {
        layer.sources[0].layer: layer
        for layer in layers.values()
        if layer.is_decompression and layer.sources and layer.sources[0].layer in ir.constants
    }
    read = {s.layer for layer in layers.values() if not layer.is_decompression for s in layer.sources}
    found = {}
    for number, constant in ir.constants.items():
        layer = layers[number]
        if number in widened:
            wide = widened[number]
            found[wide.id] = _weight(wide, [layer, wide], constant, is_compressed=True)
        if number not in widened or number in read:
            found[number] = _weight(layer, [layer], constant, is_compressed=False)
    return found


def has_running_name(layer: IrLayer) -> bool:
    """Whether nobody named a layer: OpenVINO did, by a running number."""
    return not layer.tensor_names and _RUNNING.fullmatch(layer.name) is not None


def identified(
    network: IrNetwork, weights: Mapping[int, IrWeight], wanted: Iterable[Wanted]
) -> dict[str, int]:
    """Finds arrays of the source in an IR.

    By name; else, since OpenVINO drops the names of constants that it reshapes, behind the node that reads it:
    the only constant of that size there which nothing else claims.

    Args:
        network: The network.
        weights: Its constants.
        wanted: What is looked for.

    Returns:
        Ids of constants by name in the source.
    """
    arrays = {item.name: item for item in wanted}
    by_name = {name: weight.id for weight in weights.values() for name in weight.names}
    found = {
        name: by_name[name]
        for name, item in arrays.items()
        if name in by_name and weights[by_name[name]].constant.elements == item.elements
    }
    layers = {layer.name: layer for layer in network.layers.values() if layer.id not in weights}
    taken = set(found.values())
    for name, item in arrays.items():
        if name in found:
            continue
        behind = {
            i
            for reader in item.readers
            if reader in layers
            for i in constants_behind(network, layers[reader], weights)
        }
        fitting = [i for i in behind - taken if weights[i].constant.elements == item.elements]
        if len(fitting) == 1:
            found[name] = fitting[0]
            taken.add(fitting[0])
    return found


def parameters_wanted(ledger: LedgerDocument) -> Iterator[Wanted]:
    """The parameters of a ledger; a shared one is read by the nodes of several layers."""
    readers: dict[tuple[str, int], list[str]] = {}
    for layer in ledger.layers:
        for item in layer.parameters:
            if item.initializer is not None:
                readers.setdefault((item.initializer, item.elements), []).extend(layer.nodes)
    for (name, elements), nodes in readers.items():
        yield Wanted(name, elements, tuple(nodes))


def _weight(read: IrLayer, layers: list[IrLayer], constant: IrConstant, *, is_compressed: bool) -> IrWeight:
    names = {name for layer in layers for name in (layer.name, *layer.tensor_names)}
    names |= {name.removesuffix(_COMPRESSED) for name in names}
    return IrWeight(read.id, read.name.removesuffix(_COMPRESSED), frozenset(names), constant, is_compressed)


def constants_behind(network: IrNetwork, layer: IrLayer, weights: Mapping[int, IrWeight]) -> set[int]:
    """Ids of constants that a layer reads, directly or through layers that make no value of the source."""
    found: set[int] = set()
    seen: set[int] = set()
    left = [source.layer for source in layer.sources]
    while left:
        number = left.pop()
        if number in weights:
            found.add(number)
        elif (
            number not in seen
            and not network.layers[number].tensor_names
            and network.layers[number].type != "ShapeOf"
        ):
            seen.add(number)
            left += [source.layer for source in network.layers[number].sources]
    return found
