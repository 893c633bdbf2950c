"""Shapes of the values of an OpenVINO IR, with the batch followed through the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from converters.inspection.given_files import shown
from converters.inspection.receptive_field import AxisField, ValueField
from converters.openvino.ir_network import DYNAMIC, IrNetwork, IrSource
from converters.openvino.ir_reading import dtype_name
from toolkit.artifact import GraphTensor

BATCH = "batch"
_OPEN = "?"


@dataclass(frozen=True, slots=True)
class IrShapes:
    """Shapes by value.

    Attributes:
        network: The network.
        fields: Receptive fields: an open first axis that sees only itself is the batch.
    """

    network: IrNetwork
    fields: Mapping[IrSource, ValueField]

    def dims(self, value: IrSource) -> list[int | str]:
        """Sizes; ``batch``, or ``?`` where another one is open."""
        stated: list[int | str] = [
            _OPEN if size == DYNAMIC else size
            for size in self.network.layers[value.layer].outputs[value.slot].dims
        ]
        if len(stated) > 1 and stated[0] == _OPEN and self.fields.get(value, (None,))[0] == AxisField():
            stated[0] = BATCH
        return stated

    def sizes(self, value: IrSource) -> tuple[int, ...] | None:
        """Sizes for a batch of 1; None when one is not known."""
        dims = [1 if size == BATCH else size for size in self.dims(value)]
        sizes = tuple(size for size in dims if isinstance(size, int))
        return sizes if len(sizes) == len(dims) else None

    def tensor(self, value: IrSource, name: str) -> GraphTensor:
        """A value for the document."""
        precision = self.network.layers[value.layer].outputs[value.slot].precision
        return GraphTensor(name=shown(name), dims=self.dims(value), dtype=dtype_name(precision))
