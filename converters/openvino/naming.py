"""Names in the IR: every operation that ends an ONNX node bears its name, every constant its initializer's.

OpenVINO's reader names most operations so already, but not those that make a graph output (named after the
blob), and it numbers its own helpers by a counter of the process, so that no two files were equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from converters.caffe.wiring import unique_name

if TYPE_CHECKING:
    from onnx import GraphProto

RESULT = "Result"
CONSTANT = "Constant"
PARAMETER = "Parameter"
Origins = Mapping[tuple[str, int], frozenset[str]]
"""By operation (``get_name()``) and input: the initializers that the constant there was computed from."""


def name_after_nodes(model: Any, graph: GraphProto) -> frozenset[str]:
    """Gives every operation that ends an ONNX node that node's name.

    Args:
        model: ``openvino.Model`` as read from the ONNX file, before anything else is done to it.
        graph: The file's graph.

    Returns:
        The names that were given; a node that is not among them has no operation of its own.
    """
    makers = {name: out.get_node() for name, out in values_by_name(model).items()}
    named: set[str] = set()  # operations, by get_name()
    given: set[str] = set()
    for node in graph.node:
        title = node_title(node.name, node.output)
        op = next((makers[name] for name in node.output if name in makers), None)
        if op is None or op.get_name() in named or title in given:
            continue
        if op.get_type_name() == PARAMETER or (op.get_type_name() == CONSTANT and node.op_type != CONSTANT):
            continue  # a node that only passes something on
        op.set_friendly_name(title)
        named.add(op.get_name())
        given.add(title)
    _free_from_inputs(model, given)
    return frozenset(given)


def values_by_name(model: Any) -> dict[str, Any]:
    """Outputs of operations by tensor name.

    A Result bears the names of what it passes on; it makes no value, and nothing can be read from it.

    Args:
        model: ``openvino.Model``.
    """
    makers = (op for op in model.get_ordered_ops() if op.get_type_name() != RESULT)
    return {name: out for op in makers for out in op.outputs() for name in out.get_names()}


def friendly_names(model: Any) -> set[str]:
    """What the operations of a model are called: names that a new one must not have."""
    return {op.get_friendly_name() for op in model.get_ops()}


def node_title(name: str, outputs: Sequence[str]) -> str:
    """What an ONNX node is called: its name, or its first output where it has none."""
    return name or next((output for output in outputs if output), "")


def replace_output(old: Any, new: Any) -> None:
    """Lets whoever reads an output read another one, which takes over its tensor names."""
    names, readers = old.get_names(), list(old.get_target_inputs())
    old.set_names(set())
    for reader in readers:
        reader.replace_source_output(new)
    new.set_names(names)


def origins_of_constants(model: Any, initializers: Iterable[str]) -> Origins:
    """Which initializers every constant part of the graph will be folded from."""
    known = frozenset(initializers)
    held: dict[str, frozenset[str]] = {}  # of operations that depend on constants alone
    found: dict[tuple[str, int], frozenset[str]] = {}
    for op in model.get_ordered_ops():
        name, kind = op.get_name(), op.get_type_name()
        sources = [value.get_node().get_name() for value in op.input_values()]
        if kind == CONSTANT:
            held[name] = known & {op.get_friendly_name()}
        elif kind == "ShapeOf" and op.input_value(0).get_partial_shape().is_static:
            held[name] = frozenset()  # of the shape alone
        elif sources and all(source in held for source in sources) and kind != RESULT:
            held[name] = frozenset[str]().union(*(held[source] for source in sources))
        else:
            found |= {(name, port): held[source] for port, source in enumerate(sources) if source in held}
    return found


def automatic_names(model: Any) -> frozenset[str]:
    """Friendly names that nobody gave: OpenVINO's counter made them."""
    return frozenset(op.get_friendly_name() for op in model.get_ops() if _is_automatic(op))


def settle_names(model: Any, origins: Origins, automatic: AbstractSet[str], given: AbstractSet[str]) -> None:
    """Names what is left after folding, so that equal graphs get equal names.

    A constant that was folded from one initializer gets its name; every other operation without a name
    becomes ``CONSUMER/Type``.

    Args:
        model: The folded model.
        origins: Of `origins_of_constants`, before folding.
        automatic: Of `automatic_names`, before folding.
        given: Of `name_after_nodes`: these stay.
    """
    ops = model.get_ordered_ops()
    _name_constants(ops, origins)
    taken = {op.get_friendly_name() for op in ops}
    place = {op.get_name(): index for index, op in enumerate(ops)}
    for op in reversed(ops):  # whoever reads it has its name already
        name = op.get_friendly_name()
        if name in given or not (name in automatic or _is_automatic(op)):
            continue
        readers = [i.get_node() for out in op.outputs() for i in out.get_target_inputs()]
        known = [r for r in readers if r.get_name() in place]
        first = min(known, key=lambda reader: place[reader.get_name()], default=None)
        op.set_friendly_name(unique_name(_wanted_name(op, first), taken))


def _wanted_name(op: Any, reader: Any | None) -> str:
    if op.get_type_name() == RESULT:
        return f"{min(op.input_value(0).get_names(), default='output')}/sink_port_0"
    base = reader.get_friendly_name().removesuffix("/sink_port_0") if reader is not None else "unread"
    return f"{base}/{op.get_type_name()}"


def _name_constants(ops: Sequence[Any], origins: Origins) -> None:
    named = {op.get_friendly_name() for op in ops if op.get_type_name() == CONSTANT}
    for op in ops:
        for port, value in enumerate(op.input_values()):
            found = origins.get((op.get_name(), port), frozenset())
            node = value.get_node()
            if node.get_type_name() != CONSTANT or len(found) != 1 or node.get_friendly_name() in found:
                continue
            (name,) = found
            if name not in named:  # the second of two constants made from one stays without it
                named.add(name)
                node.set_friendly_name(name)
                value.set_names({name})


def _free_from_inputs(model: Any, given: AbstractSet[str]) -> None:
    """A layer may be called as an input is; by the name the layer is meant, and the input by its tensor."""
    taken = friendly_names(model)
    for parameter in model.get_parameters():
        if parameter.get_friendly_name() in given:
            parameter.set_friendly_name(unique_name(f"{parameter.get_friendly_name()}/input", taken))


def _is_automatic(op: Any) -> bool:
    return bool(op.get_friendly_name() == op.get_name())
