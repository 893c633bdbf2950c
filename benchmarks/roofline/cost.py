"""What one run of a network costs at least: arithmetic, and bytes to and from memory.

Both are lower bounds on purpose, since a latency is called impossible by them. Counted are the
multiply-adds of convolutions, transposed convolutions and matrix products that lie between an input and an
output, 2 FLOPs each (what they multiply with padding too, as is usual); pooling, activations and
normalisation are not. Bytes are the weights of those layers once, and the inputs and outputs of the network;
what flows between layers may stay in caches.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

from toolkit.backends.precision import parts_of

WINOGRAD = Fraction(81, 16)
"""F(6×6, 3×3) makes 6·6·3·3 products with 8·8 multiplications: 5.06 (Lavin and Gray 2015, `benchmark_method.md` §8)."""
BITS = {"f64": 64, "f32": 32, "f16": 16, "bf16": 16, "i8": 8}
"""Bits of a number by the words of DESIGN §1 for a precision."""

ValueId: TypeAlias = Hashable


@dataclass(frozen=True, slots=True)
class Tensor:
    """How large a value is.

    Attributes:
        elements: Numbers in it, for a batch of 1 where that is open; None where sizes are not known.
        bits: Of each.
        has_batch: Whether an open batch is one of its axes.
    """

    elements: int | None
    bits: int
    has_batch: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One node or layer.

    Attributes:
        reads: Values, weights among them.
        makes: Values.
        macs: Multiply-adds, for a batch of 1 where that is open; None where sizes are not known.
        may_be_winograd: Whether it is a 3×3 convolution of stride 1 without dilation.
    """

    reads: Sequence[ValueId]
    makes: Sequence[ValueId]
    macs: int | None
    may_be_winograd: bool = False


@dataclass(frozen=True, slots=True)
class Network:
    """A network of any format, as far as its cost is concerned.

    Attributes:
        operations: In an order of execution.
        inputs: Values given from outside.
        outputs: Values handed out.
        constants: Values that lie in the file.
        tensors: Sizes of values.
        batch: Pictures in a run; None where the file leaves that open.
        uncounted: Operators that compute in a form that is not counted.
    """

    operations: Sequence[Operation]
    inputs: Sequence[ValueId]
    outputs: Sequence[ValueId]
    constants: frozenset[ValueId]
    tensors: Mapping[Any, Tensor]  # by ValueId; a Mapping's keys are invariant
    batch: int | None
    uncounted: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class GraphCost:
    """What one run of a network costs at least.

    Attributes:
        flops: 2 for each multiply-add.
        winograd_flops: Those of them that Winograd's algorithm could do with 1/5.06 of the multiplications.
        weights: How many numbers the weights hold, by the bits of each in the file.
        ends_bytes: Inputs and outputs of the network.
        batch: Pictures in a run.
        remarks: What is not in the figures.
    """

    flops: int
    winograd_flops: int = 0
    weights: Mapping[int, int] = field(default_factory=dict)
    ends_bytes: int = 0
    batch: int = 1
    remarks: tuple[str, ...] = ()

    def least_flops(self, *, winograd: bool) -> float:
        """FLOPs that have to be done.

        Args:
            winograd: Whether the runtime may use Winograd's algorithm.
        """
        saved = self.winograd_flops * (1 - 1 / WINOGRAD) if winograd else 0
        return float(self.flops - saved)

    def weight_bytes(self, precision: str) -> int:
        """Bytes of all weights: as the file holds them, or at the executed precision where that is narrower.

        Args:
            precision: A word of DESIGN §1; of a mixed one the narrowest part counts.
        """
        narrowest = min(BITS.get(part, 8) for part in parts_of(precision))
        return sum(count * min(bits, narrowest) for bits, count in self.weights.items()) // 8

    def moved_bytes(self, precision: str) -> int:
        """Bytes of weights, inputs and outputs."""
        return self.weight_bytes(precision) + self.ends_bytes


def cost_of(network: Network, batch: int = 1) -> GraphCost:
    """The cost of a run.

    Args:
        network: What runs.
        batch: Pictures in a run, where the file leaves that open; else its own counts.
    """
    times = batch if network.batch is None else 1
    used = _between_ends(network)
    varying = _varying(network)
    counted = [(op, _scaled(op.macs, _grows(op, network), times)) for op in used if op.macs]
    ends = [network.tensors[v] for v in (*network.inputs, *network.outputs) if v in network.tensors]
    held = {v for op, _ in counted for v in op.reads if v not in varying}
    return GraphCost(
        flops=2 * sum(macs for _, macs in counted),
        winograd_flops=2 * sum(macs for op, macs in counted if op.may_be_winograd),
        weights=_weights(held, network),
        ends_bytes=sum(_scaled(t.elements, t.has_batch, times) * t.bits for t in ends) // 8,
        batch=network.batch or batch,
        remarks=_remarks(used, network),
    )


def _scaled(count: int | None, grows: bool, times: int) -> int:
    return (count or 0) * (times if grows else 1)


def _grows(operation: Operation, network: Network) -> bool:
    made = (network.tensors.get(value) for value in operation.makes)
    return any(tensor is not None and tensor.has_batch for tensor in made)


def _varying(network: Network) -> set[ValueId]:
    """Values that depend on an input; all others a runtime can work out when it loads the network."""
    varying = set(network.inputs)
    for operation in network.operations:
        if not varying.isdisjoint(operation.reads):
            varying.update(operation.makes)
    return varying


def _between_ends(network: Network) -> list[Operation]:
    """Operations that depend on an input and that an output depends on; no runtime has to execute others."""
    varying = _varying(network)
    wanted = set(network.outputs)
    used = []
    for operation in reversed(network.operations):
        if not wanted.isdisjoint(operation.makes):
            wanted.update(operation.reads)
            if not varying.isdisjoint(operation.reads):
                used.append(operation)
    return used


def _weights(held: set[ValueId], network: Network) -> dict[int, int]:
    """Numbers of the weights by their bits; those worked out from a narrower constant count as narrow as that."""
    bits = {v: network.tensors[v].bits for v in network.constants if v in network.tensors}
    for operation in network.operations:
        known = [bits[value] for value in operation.reads if value in bits and _many(value, network)]
        if known:
            bits |= dict.fromkeys((value for value in operation.makes if value not in bits), min(known))
    found: dict[int, int] = {}
    for value in held & bits.keys() & network.tensors.keys():
        found[bits[value]] = found.get(bits[value], 0) + (network.tensors[value].elements or 0)
    return found


def _many(value: ValueId, network: Network) -> bool:
    tensor = network.tensors.get(value)
    return tensor is not None and tensor.elements is not None and tensor.elements > 1


def _remarks(used: Sequence[Operation], network: Network) -> tuple[str, ...]:
    unknown = sum(operation.macs is None for operation in used)
    remarks = [f"sizes of {unknown} nodes are not known; they count nothing"] if unknown else []
    if network.uncounted:
        remarks.append(f"not counted: {', '.join(sorted(set(network.uncounted)))}")
    return tuple(remarks)
