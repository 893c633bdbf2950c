"""An ONNX graph that can be changed cheaply: its large numbers lie in a file and are read when asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import BadInput

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto

# Element types whose numbers the faults know how to change.
_REAL = frozenset({"float16", "float32", "float64"})
# What the names of added nodes and values end in.
MARK = "fault"


class FaultGraph:
    """A graph, and what a fault needs to know and to change.

    Args:
        model: The graph; it is changed in place.
        stored: The numbers of initializers that lie in a file, by name.
        layers: The Caffe layer of every node, by the node's name, where the artifact tells; a node that is not
            listed counts as the layer of its own name (DESIGN §8.4).
    """

    def __init__(
        self, model: ModelProto, stored: Mapping[str, NDArray[Any]], layers: Mapping[str, str]
    ) -> None:
        self.model = model
        self._stored = stored
        self._layers = layers

    @property
    def nodes(self) -> list[NodeProto]:
        """All nodes in order."""
        return list(self.model.graph.node)

    @property
    def opset(self) -> int:
        """Version of ONNX's own operator set."""
        return next((o.version for o in self.model.opset_import if o.domain in {"", "ai.onnx"}), 1)

    def of_type(self, *types: str) -> list[NodeProto]:
        """Nodes of these operators that read and make something, in order."""
        return [
            node
            for node in self.model.graph.node
            if node.op_type in types and not node.domain and node.input and node.output
        ]

    def layer(self, node: NodeProto) -> str:
        """The Caffe layer that a node was made for."""
        return self._layers.get(node.name, node.name)

    def maker(self, value: str) -> NodeProto | None:
        """The node that makes a value; None for a graph input or an initializer."""
        return next((node for node in self.model.graph.node if value in node.output), None)

    def readers(self, value: str) -> list[NodeProto]:
        """The nodes that read a value."""
        return [node for node in self.model.graph.node if value in node.input]

    def is_output(self, value: str) -> bool:
        """Whether a value is a graph output."""
        return any(output.name == value for output in self.model.graph.output)

    def attribute(self, node: NodeProto, name: str, default: Any) -> Any:
        """An attribute's value, or the default where the node does not state it.

        Raises:
            BadInput: CTK517 for a value of another kind than the default's.
        """
        from onnx import helper

        found = next((a for a in node.attribute if a.name == name), None)
        if found is None:
            return default
        value = helper.get_attribute_value(found)
        if type(value) is not type(default):
            what = f"the attribute {name!r} of the node {node.name!r} is a {type(value).__name__}"
            raise BadInput("CTK517", f"the ONNX file is damaged: {what}")
        return list(value) if isinstance(value, list) else value

    def set_attribute(self, node: NodeProto, name: str, value: Any) -> None:
        """Gives a node another value of an attribute."""
        from onnx import helper

        kept = [a for a in node.attribute if a.name != name]
        del node.attribute[:]
        node.attribute.extend([*kept, helper.make_attribute(name, value)])

    def info(self, value: str) -> ValueInfoProto | None:
        """Element type and shape as the graph states them."""
        graph = self.model.graph
        return next((v for v in (*graph.value_info, *graph.output, *graph.input) if v.name == value), None)

    def shape(self, value: str) -> tuple[int | None, ...] | None:
        """Dimensions that the graph states, None for an open one; None where it states no shape."""
        info = self.info(value)
        if info is None or not info.type.tensor_type.HasField("shape"):
            return None
        return tuple(
            dim.dim_value if dim.HasField("dim_value") else None for dim in info.type.tensor_type.shape.dim
        )

    def dtype(self, value: str) -> np.dtype[Any] | None:
        """Element type that the graph states, where it is one of real numbers."""
        from onnx import helper

        info = self.info(value)
        stated = 0 if info is None else info.type.tensor_type.elem_type
        if stated == 0:
            return None
        found = np.dtype(helper.tensor_dtype_to_np_dtype(stated))
        return found if found.name in _REAL else None

    def numbers(self, node: NodeProto, index: int) -> NDArray[Any] | None:
        """The initializer that a node reads as its input of that index, real numbers, not to be written to.

        None where there is none.
        """
        from onnx import TensorProto, numpy_helper

        tensor = self._initializer(node.input[index]) if index < len(node.input) else None
        if tensor is None:
            return None
        array = self._stored.get(tensor.name)
        if array is None and tensor.data_location != TensorProto.EXTERNAL:
            try:
                array = numpy_helper.to_array(tensor)
            except (ValueError, TypeError, KeyError):  # it is damaged
                return None
        if array is None:
            return None
        return array if array.dtype.name in _REAL and array.size else None

    def put(self, node: NodeProto, index: int, array: NDArray[Any]) -> None:
        """Gives a node other numbers for an input; they keep the element type and, unless shared, the name."""
        from onnx import numpy_helper

        tensor = self._initializer(node.input[index])
        assert tensor is not None
        old = self.numbers(node, index)
        assert old is not None
        name = tensor.name
        with np.errstate(over="ignore"):
            made = np.ascontiguousarray(array, old.dtype)
        uses = sum(list(other.input).count(name) for other in self.model.graph.node)
        if uses == 1:
            tensor.CopyFrom(numpy_helper.from_array(made, name))
        else:
            node.input[index] = self.constant(f"{name}/{MARK}", made)

    def constant(self, name: str, array: NDArray[Any]) -> str:
        """Adds an initializer and returns its name."""
        from onnx import numpy_helper

        self.model.graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    def make(
        self, operator: str, inputs: Sequence[str], output: str, behind: NodeProto | None, **attributes: Any
    ) -> NodeProto:
        """Adds a node that makes one value.

        Args:
            operator: Its operator.
            inputs: Values that it reads.
            output: The value that it makes.
            behind: The node that it is put behind; at the front when None.
            attributes: Its attributes.
        """
        from onnx import helper

        nodes = self.model.graph.node
        place = 0 if behind is None else list(nodes).index(behind) + 1
        nodes.insert(place, helper.make_node(operator, inputs, [output], f"{output}/{MARK}", **attributes))
        return nodes[place]

    def divert(self, value: str) -> tuple[NodeProto, str]:
        """Gives the value that a node makes another name, so that something else can be put in its place.

        Returns:
            The node, and the new name of what it makes. Whoever reads the value reads it under the old name.
        """
        node = self.maker(value)
        assert node is not None
        name = f"{value}/{MARK}_before"
        node.output[list(node.output).index(value)] = name
        return node, name

    def _initializer(self, name: str) -> TensorProto | None:
        return next((tensor for tensor in self.model.graph.initializer if tensor.name == name), None)
