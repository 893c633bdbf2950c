"""The network of an OpenVINO IR, as its xml states it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

DYNAMIC = -1
"""A size that the IR leaves open."""


@dataclass(frozen=True, slots=True)
class IrPort:
    """An input or output of a layer.

    Attributes:
        id: Its number, unique within the layer.
        precision: Element type in OpenVINO's lower-case words (``f32``, ``boolean``).
        dims: Sizes; `DYNAMIC` where open.
        names: Tensor names, which a frontend takes from its source; outputs only.
    """

    id: int
    precision: str
    dims: tuple[int, ...]
    names: tuple[str, ...] = ()


class IrSource(NamedTuple):
    """What an input reads: the slot-th output of a layer."""

    layer: int
    slot: int


@dataclass(frozen=True, slots=True)
class IrLayer:
    """One operation, constant, input or result.

    Attributes:
        id: Its number, unique within the network.
        name: Friendly name.
        version: Operator set, such as ``opset1``.
        attributes: What ``data`` states, as text; the place of a constant's numbers is not among it.
        sources: What each input reads, in the order of ``inputs``.
        is_decompression: Whether it widens a compressed constant when the network is loaded.
        has_body: Whether it holds networks of its own (a loop, a branch).
    """

    id: int
    name: str
    type: str
    version: str
    attributes: Mapping[str, str]
    inputs: tuple[IrPort, ...]
    outputs: tuple[IrPort, ...]
    sources: tuple[IrSource, ...] = ()
    is_decompression: bool = False
    has_body: bool = False

    @property
    def tensor_names(self) -> tuple[str, ...]:
        """Tensor names of all its outputs."""
        return tuple(name for port in self.outputs for name in port.names)


@dataclass(frozen=True, slots=True)
class IrNetwork:
    """The whole network.

    Attributes:
        name: Its name.
        version: Version of the IR format.
        layers: By id, in an order of execution.
        rt_info: Texts by dotted path (``ctk.model``, ``framework.ctk.model``, ``OpenVINO Runtime``).
        placed: By id of a constant, the place of its numbers.
    """

    name: str
    version: int
    layers: Mapping[int, IrLayer]
    rt_info: Mapping[str, str] = field(default_factory=dict)
    placed: Mapping[int, Placed] = field(default_factory=dict)

    def of_type(self, kind: str) -> list[IrLayer]:
        """Layers of one type, in order."""
        return [layer for layer in self.layers.values() if layer.type == kind]


class Placed(NamedTuple):
    """What the xml states of a constant: element type, sizes, and its bytes in the bin."""

    element_type: str
    shape: tuple[int, ...]
    offset: int
    size: int


def input_name(layer: IrLayer) -> str:
    """How a caller names a Parameter."""
    return _chosen(layer.name, layer.tensor_names)


def output_name(result: IrLayer, network: IrNetwork) -> str:
    """How a caller names the value that a Result gives."""
    source = result.sources[0]
    port = network.layers[source.layer].outputs[source.slot]
    return _chosen(result.name.partition("/sink_port_")[0], port.names)


def _chosen(layer_name: str, names: tuple[str, ...]) -> str:
    return layer_name if layer_name in names or not names else names[0]
