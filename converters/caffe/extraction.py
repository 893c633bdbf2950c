"""Cutting: which layers lead to the wanted values, and values that become inputs instead of being computed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from converters.caffe.network import Layer, Shape
from converters.caffe.schema import LayerParameter
from converters.caffe.wiring import Wired, unique_name
from toolkit.errors import BadInput, Where
from toolkit.nearest import did_you_mean

# In front of every layer of the prototxt, which are counted from 0.
_INDEX = -1


def leading_to(
    layers: Sequence[Layer], wanted: Collection[str], given: Collection[str] = frozenset()
) -> list[Layer]:
    """The layers that lead to the wanted values, in order; of an Input layer the tops that do.

    Args:
        layers: Layers in order of execution.
        wanted: Names of values.
        given: Values that are known without any layer; what only leads to them is not needed.
    """
    open_values = set(wanted).difference(given)
    kept = []
    for layer in reversed(layers):
        if open_values.intersection(layer.tops):
            open_values.update(set(layer.bottoms).difference(given))
            kept.append(_narrowed(layer, open_values) if layer.type == "Input" else layer)
    return kept[::-1]


def value_of(blob: str, wired: Wired, file: str) -> str:
    """The value that a blob named by the user holds at the end; names of values are taken as they are.

    Raises:
        BadInput: CTK516 when there is no such blob; the nearest one is suggested.
    """
    value = wired.final.get(blob, blob)
    if value in wired.blob_of:
        return value
    raise BadInput(
        "CTK516", f"no blob is called {blob!r}", Where(file=file), did_you_mean(blob, wired.blob_of)
    )


def starting_at(layers: Sequence[Layer], starts: Mapping[str, Shape], file: str) -> list[Layer]:
    """The same network with some values given from outside.

    Args:
        layers: All layers, in order of execution.
        starts: Values that become inputs, and their shapes; those that are inputs already stay as they are.
        file: Prototxt path, for messages.

    Returns:
        The layers with an Input layer of these values in front. A layer that made one of them makes a value of
        another name, which nobody reads.
    """
    inputs = {top for layer in layers if layer.type == "Input" for top in layer.tops}
    new = [name for name in starts if name not in inputs]
    if not new:
        return list(layers)
    taken = {top for layer in layers for top in layer.tops}
    rest = [
        replace(
            layer,
            tops=tuple(unique_name(f"{t}@{layer.name}", taken) if t in new else t for t in layer.tops),
        )
        for layer in layers
    ]
    message = LayerParameter(type="Input", top=new)
    message.name = unique_name("input", {layer.name for layer in layers})
    for name in new:
        message.input_param.shape.add(dim=starts[name])
    where = Where(file=file, layer=message.name)
    return [Layer(_INDEX, message.name, "Input", message, (), tuple(new), where=where), *rest]


def refuse_unread(starts: Collection[str], needed: Sequence[Layer], file: str) -> None:
    """A value that the user gives from outside must count for something.

    Raises:
        BadInput: CTK516.
    """
    read = {name for layer in needed for name in layer.bottoms}
    for name in starts:
        if name not in read:
            raise BadInput(
                "CTK516",
                f"the network cannot start at {name!r}: no output depends on it",
                Where(file=file),
                ["end it at a blob behind that one: --cut BLOB"],
            )


def _narrowed(layer: Layer, wanted: Collection[str]) -> Layer:
    """An Input layer without the tops that are not wanted; Caffe knows one shape for all, or one for each."""
    slots = [slot for slot, top in enumerate(layer.tops) if top in wanted]
    shapes = layer.message.input_param.shape
    if len(slots) == len(layer.tops) or len(shapes) not in {1, len(layer.tops)}:
        return layer
    message = LayerParameter()
    message.CopyFrom(layer.message)
    del message.top[:]
    del message.input_param.shape[:]
    message.top.extend(layer.message.top[slot] for slot in slots)
    message.input_param.shape.extend(shapes[slot] for slot in (slots if len(shapes) > 1 else [0]))
    return replace(layer, message=message, tops=tuple(layer.tops[slot] for slot in slots))
