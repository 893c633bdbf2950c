"""Inputs and outputs of the network that is checked, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.parity_check.subject import Subject
from toolkit.presets.fit import head_of

Dimensions = tuple[int | None, ...]
Tensors = Mapping[str, tuple[Dimensions, str]]


@dataclass(frozen=True, slots=True)
class NetworkGraph:
    """Shape (None for what is left open) and NumPy's element type of every input and output, by name."""

    inputs: Tensors
    outputs: Tensors

    @property
    def only(self) -> tuple[str, str] | None:
        """Names of the input and the output, where there is one of each."""
        if len(self.inputs) != 1 or len(self.outputs) != 1:
            return None
        return next(iter(self.inputs)), next(iter(self.outputs))

    @property
    def colours(self) -> tuple[str, tuple[int, int], str] | None:
        """Of a network that colours pictures its input, that one's height and width, and its head.

        It is told by its shapes alone: 1×1×h×w to the planes of a head. None for any other network.
        """
        if self.only is None:
            return None
        source, target = self.only
        shape, dtype = self.inputs[source]
        head = head_of(self.outputs[target][0])
        if head not in {"ab", "bins"} or dtype != "float32" or len(shape) != 4 or shape[1] != 1:
            return None
        if shape[0] not in {None, 1} or shape[2] is None or shape[3] is None:
            return None
        return source, (shape[2], shape[3]), head


def caffe_graph(subject: Subject) -> NetworkGraph:
    """From the prototxt alone; raises as `Subject.net`."""
    net = subject.net()
    return NetworkGraph(
        inputs={name: (net.values[name].shape, "float32") for name in net.inputs},
        outputs={name: (net.values[name].shape, "float32") for name in net.outputs},
    )


def described_graph(facts: Mapping[str, Any]) -> NetworkGraph:
    """From what `child.describe` said of a loaded artifact."""

    def tensors(said: Mapping[str, Any]) -> Tensors:
        return {name: (tuple(shape), str(dtype)) for name, (shape, dtype) in said.items()}

    return NetworkGraph(tensors(facts["inputs"]), tensors(facts["outputs"]))
