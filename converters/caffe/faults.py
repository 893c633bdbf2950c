"""What happens to a fault of a network: a conversion stops at the first, `ctk inspect` collects all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from converters.caffe.network import Layer
from toolkit.errors import BadInput

# A field that is misspelt is missing where the layer is checked.
_OF_FIELDS = frozenset({"CTK503", "CTK504"})
_OF_RULES = frozenset({"CTK507", "CTK508"})


class UnreadableError(Exception):
    """So much is wrong with a prototxt that no network can be made of it; all faults were collected before."""


class Faults(Protocol):
    """Takes the faults that the readers find; where it returns, they go on as well as they can."""

    def add(self, fault: BadInput) -> None:
        """Takes a fault."""
        ...

    def unchecked(self, layer: Layer, bottom: str) -> None:
        """Takes a layer that cannot be checked, since an earlier fault left the shape of a bottom unknown."""
        ...


class StopAtFirst:
    """Raises the first fault, so that no layer is ever left unchecked."""

    def add(self, fault: BadInput) -> None:
        """Raises it."""
        raise fault

    def unchecked(self, layer: Layer, bottom: str) -> None:
        """Raises CTK505: the fault that left the bottom unknown would have been raised before."""
        raise layer.fault("CTK505", f"unknown bottom blob {bottom!r}")


@dataclass(frozen=True, slots=True)
class CollectedFaults:
    """Keeps all faults, in the order they are found.

    Attributes:
        found: The faults.
        unknown: Layers that could not be checked, each with the first bottom that is unknown.
        misread: Names of layers with a field that could not be read; what their rules find is no news.
    """

    found: list[BadInput] = field(default_factory=list)
    unknown: list[tuple[Layer, str]] = field(default_factory=list)
    misread: set[str] = field(default_factory=set)

    def add(self, fault: BadInput) -> None:
        """Keeps it, unless an unreadable field of the same layer explains it."""
        layer = fault.where.layer
        if fault.code in _OF_FIELDS and layer is not None:
            self.misread.add(layer)
        if not (fault.code in _OF_RULES and layer in self.misread):
            self.found.append(fault)

    def unchecked(self, layer: Layer, bottom: str) -> None:
        """Keeps it."""
        self.unknown.append((layer, bottom))


STOP_AT_FIRST = StopAtFirst()
