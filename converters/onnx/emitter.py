"""What a layer's emission sees of the graph: it makes nodes, constants and ledger entries through this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.caffe.layers._dynamic_sizes import needs_fixed_sizes
from converters.caffe.network import Layer, Net, Shape
from converters.caffe.wiring import unique_name
from converters.ledger import Ledger
from converters.onnx.graph import Graph, Initializer, Node, TensorInfo
from toolkit.ledger import ParameterEntry

Transform = Callable[[NDArray[np.float32]], NDArray[np.float32]]


class Emitter:
    """Bound to one layer of a `Net`; names everything after that layer (DESIGN §8.4)."""

    def __init__(
        self, layer: Layer, net: Net, graph: Graph, ledger: Ledger, owned: dict[tuple[Any, ...], str]
    ) -> None:
        self._layer = layer
        self._net = net
        self._graph = graph
        self._ledger = ledger
        # Initializers by (owner of the numbers, shape, whether transformed), so that shared ones exist once.
        self._owned = owned

    @property
    def opset(self) -> int:
        """Version of the operator set to emit."""
        return self._graph.opset

    def dims(self, value: str) -> tuple[int | None, ...]:
        """Sizes of a value; None where an axis is dynamic and must not be written into a constant."""
        found = self._net.values[value]
        symbols = found.symbols or (None,) * len(found.shape)
        return tuple(None if s is not None else d for s, d in zip(symbols, found.shape, strict=True))

    def graph_inputs(self) -> None:
        """Declares the layer's tops as inputs of the graph."""
        for top in self._layer.tops:
            self._graph.inputs.append(tensor_info(self._net, top))
            self._ledger.node(self._layer.index, self._layer.name, self._layer.type, f"input:{top}")

    def node(
        self,
        op: str,
        inputs: Sequence[str],
        *,
        inner: str | None = None,
        slot: int = 0,
        outputs: int = 1,
        also: Sequence[str] = (),
        **attributes: Any,
    ) -> list[str]:
        """Adds a node.

        Args:
            op: Operator.
            inputs: Names of its inputs.
            inner: When given, the node makes an intermediate value of that name within the layer; otherwise
                it makes the layer's own tops.
            slot: Which top, for a layer that makes one node per top.
            outputs: How many outputs the node has; of the layer's own, those from ``slot`` on.
            also: Names of intermediate values that the node makes besides, as its last outputs.
            attributes: ONNX attributes.

        Returns:
            Names of the outputs.
        """
        layer = self._layer
        if inner is not None:
            wanted = f"{layer.name}/{inner}"
            made = [unique_name(wanted, self._graph.taken) for _ in range(outputs)]
        else:
            made = list(layer.tops[slot : slot + outputs])
            wanted = layer.name if slot == 0 else f"{layer.name}/{slot}"
        made += [unique_name(f"{layer.name}/{further}", self._graph.taken) for further in also]
        name = unique_name(wanted, self._graph.node_names)
        self._graph.nodes.append(Node(op, name, tuple(inputs), tuple(made), attributes))
        self._ledger.node(layer.index, layer.name, layer.type, name)
        return made

    def parameter(self, index: int, *, shape: Shape | None = None, transform: Transform | None = None) -> str:
        """Makes an initializer of one blob of the layer, and accounts for it.

        Args:
            index: Blob index.
            shape: Another shape of the same size, for broadcasting.
            transform: Computes the stored numbers anew (float32 in, float32 out).

        Returns:
            Name of the initializer; one and the same for blobs that share their numbers.
        """
        blob = self._layer.blobs[index]
        dims = blob.values.shape if shape is None else shape
        key = (blob.owner, dims, self._layer.index if transform else None)
        name = self._owned.get(key)
        if name is None:
            values = transform(blob.values) if transform else blob.values
            name = unique_name(f"{self._layer.name}.{blob.role}", self._graph.taken)
            self._graph.initializers.append(Initializer(name, values.reshape(dims)))
            self._owned[key] = name
        entry = ParameterEntry(
            role=blob.role, elements=blob.values.size, origin=blob.origin, initializer=name
        )
        self._ledger.parameter(self._layer.index, index, entry)
        return name

    def constant(self, suffix: str, values: NDArray[Any]) -> str:
        """Makes an initializer that is no parameter of the source."""
        name = unique_name(f"{self._layer.name}.{suffix}", self._graph.taken)
        self._graph.initializers.append(Initializer(name, values))
        return name

    def scalar(self, suffix: str, value: float) -> str:
        """Makes a float32 constant without axes."""
        return self.constant(suffix, np.asarray(value, np.float32))

    def fold(self, index: int, reason: str) -> None:
        """Accounts for a blob that goes into other numbers, or is not needed."""
        blob = self._layer.blobs[index]
        entry = ParameterEntry(role=blob.role, elements=blob.values.size, origin=blob.origin, reason=reason)
        self._ledger.parameter(self._layer.index, index, entry)

    def drop(self, reason: str) -> None:
        """Accounts for a layer of which nothing is emitted."""
        self._ledger.drop(self._layer.index, self._layer.name, self._layer.type, reason)

    def reduce(
        self,
        op: str,
        inputs: Sequence[str],
        axes: Sequence[int],
        *,
        inner: str | None = None,
        keepdims: bool = True,
    ) -> list[str]:
        """A reduction; its axes are an input since opset 18 (ReduceSum: 13), before an attribute."""
        if self.opset < (13 if op == "ReduceSum" else 18):
            return self.node(op, inputs, inner=inner, axes=list(axes), keepdims=int(keepdims))
        listed = self.constant(f"{inner or 'reduce'}_axes", np.asarray(axes, np.int64))
        return self.node(op, [inputs[0], listed], inner=inner, keepdims=int(keepdims))

    def reshaped(
        self, value: str, shape: Sequence[int], *, inner: str | None = None, slot: int = 0
    ) -> list[str]:
        """Reshape to a constant shape (0 copies, -1 infers, as in ONNX)."""
        target = self.constant(f"{inner or 'top'}_shape", np.asarray(shape, np.int64))
        return self.node("Reshape", [value, target], inner=inner, slot=slot)

    def unsqueezed_behind(self, value: str, count: int) -> str:
        """Adds ``count`` axes of size 1 behind a value, so that it broadcasts from the front."""
        if count == 0:
            return value
        rank = len(self._net.values[value].shape)
        axes = list(range(rank, rank + count))
        if self.opset < 13:
            return self.node("Unsqueeze", [value], inner="unsqueezed", axes=axes)[0]
        listed = self.constant("unsqueeze_axes", np.asarray(axes, np.int64))
        return self.node("Unsqueeze", [value, listed], inner="unsqueezed")[0]

    def channelled(
        self, op: str, slot: int, parameters: Sequence[str], *, axis: int, **attributes: Any
    ) -> None:
        """A (de)convolution; ONNX has the channels at axis 1 and at least one spatial axis.

        Caffe allows any channel axis: axes before it are batch axes, which are merged here and split again.
        """
        bottom = self._layer.bottoms[slot]
        rank = len(self._layer.bottom_shapes[slot])
        if axis == 1 and rank > 2:
            self.node(op, [bottom, *parameters], slot=slot, **attributes)
            return
        if None in self.dims(bottom):
            raise needs_fixed_sizes(self._layer, "a channel axis other than 1")
        spatial = list(self._layer.bottom_shapes[slot][axis + 1 :]) or [1]
        channels = self._layer.bottom_shapes[slot][axis]
        flat = self.reshaped(bottom, [-1, channels, *spatial], inner=f"merged{slot}")
        result = self.node(op, [*flat, *parameters], inner=f"convolved{slot}", **attributes)
        self.reshaped(result[0], list(self._layer.top_shapes[slot]), slot=slot)


def tensor_info(net: Net, name: str) -> TensorInfo:
    """Name and dimensions of a value; dynamic dimensions by their symbols."""
    value = net.values[name]
    symbols = value.symbols or (None,) * len(value.shape)
    return TensorInfo(
        name, tuple(s if s is not None else d for s, d in zip(symbols, value.shape, strict=True))
    )
