"""Where layer types register their three functions: shape rule, ONNX emission, float64 evaluation.

A file in this folder registers a type by decorating one function for each; nothing else has to change.
Evaluation derives its own output shape and shares with the emission only what the layer's fields say, so
that it can serve as an oracle.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from converters.caffe.network import Layer, LayerShape
from toolkit.nearest import did_you_mean

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

Array = NDArray[np.float64]
ShapeRule = Callable[[Layer], LayerShape]
Emission = Callable[[Layer, "Emitter"], None]
Evaluation = Callable[[Layer, Sequence[Array]], Sequence[Array]]


class Reach(NamedTuple):
    """What a layer reads along one spatial axis.

    Attributes:
        extent: Positions from the first to the last that one output reads; of an upsampling layer, outputs
            that one input writes to.
        stride: Distance between neighbouring windows, in inputs; of an upsampling layer, in outputs.
        is_upsampling: Whether the output is ``stride`` times finer than the input, not coarser.
    """

    extent: int
    stride: int
    is_upsampling: bool


MacCount = Callable[[Layer], int]
ReachRule = Callable[[Layer], Sequence[Reach]]

LayerTest = Callable[[Layer], bool]

F = TypeVar("F")

SHAPES: dict[str, ShapeRule] = {}
EMISSIONS: dict[str, Emission] = {}
EVALUATIONS: dict[str, Evaluation] = {}
# Not every type has these two, which only `ctk inspect` asks for.
MACS: dict[str, MacCount] = {}
REACHES: dict[str, ReachRule] = {}
# What Caffe does with the memory of blobs, by type; asked before shapes are known (`aliasing.py`).
SHARES_MEMORY: dict[str, LayerTest] = {}
KEEPS_VALUES: dict[str, LayerTest] = {}
NUMBERS_READ: dict[str, int] = {}  # how many of the first bottoms are read, where it is not all of them
# Types that are known and never converted, with the reason; they are in the three tables above too.
REFUSED: dict[str, str] = {}


def shape_rule(*types: str) -> Callable[[ShapeRule], ShapeRule]:
    """Registers ``(layer) -> LayerShape``; the layer's ``bottom_shapes`` are known, its tops and blobs not."""
    return _registrar(SHAPES, types)


def emission(*types: str) -> Callable[[Emission], Emission]:
    """Registers ``(layer, emitter) -> None``, which makes the layer's nodes through the emitter."""
    return _registrar(EMISSIONS, types)


def evaluation(*types: str) -> Callable[[Evaluation], Evaluation]:
    """Registers ``(layer, bottoms) -> tops`` on float64 arrays."""
    return _registrar(EVALUATIONS, types)


def macs(*types: str) -> Callable[[MacCount], MacCount]:
    """Registers ``(layer) -> multiply-accumulates``, shapes known; a type without one has none."""
    return _registrar(MACS, types)


def reach(*types: str) -> Callable[[ReachRule], ReachRule]:
    """Registers ``(layer) -> one Reach for each of the last axes``; a type without one reads one position."""
    return _registrar(REACHES, types)


def shares_memory(*types: str, when: LayerTest = lambda layer: True) -> None:  # noqa: ARG005
    """Notes that the tops of such a layer are, in Caffe, the very memory of its first bottom."""
    SHARES_MEMORY.update(dict.fromkeys(types, when))


def keeps_values(*types: str, when: LayerTest = lambda layer: True) -> None:  # noqa: ARG005
    """Notes that such a layer, run in place, leaves its blob as it was."""
    KEEPS_VALUES.update(dict.fromkeys(types, when))


def reads_numbers_of(*types: str, bottoms: int) -> None:
    """Notes that such a layer reads the numbers of its first bottoms only, and of the others the shape."""
    NUMBERS_READ.update(dict.fromkeys(types, bottoms))


def refused(*types: str, reason: str, advice: Callable[[Layer], Sequence[str]] = lambda layer: ()) -> None:  # noqa: ARG005
    """Registers types that are known and cannot be converted.

    Args:
        types: Layer types.
        reason: Ends the sentence "a TYPE layer ...".
        advice: Gives the notes that say what to do.
    """

    def refuse(layer: Layer, *_: object) -> NoReturn:
        raise layer.fault("CTK506", f"a {layer.type} layer {reason}", *advice(layer))

    REFUSED.update(dict.fromkeys(types, reason))
    shape_rule(*types)(refuse)
    emission(*types)(refuse)
    evaluation(*types)(refuse)


@cache
def load_all() -> None:
    """Imports every file of this folder once, so that all types are registered."""
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{__package__}.{module.name}")


def shape_of(layer: Layer) -> LayerShape:
    """Runs the shape rule of the layer's type.

    Raises:
        BadInput: CTK506 when the type is unknown (the nearest one is suggested); what the rule raises.
    """
    refuse_unknown_type(layer)
    return SHAPES[layer.type](layer)


def refuse_unknown_type(layer: Layer) -> None:
    """Checks what can be said of a layer's type without the shapes of its bottoms.

    Raises:
        BadInput: CTK506 when the type is unknown (the nearest one is suggested), or known and never converted.
    """
    load_all()
    if layer.type not in SHAPES:
        raise layer.fault("CTK506", f"unknown layer type {layer.type!r}", *did_you_mean(layer.type, SHAPES))
    if layer.type in REFUSED:
        SHAPES[layer.type](layer)


def _registrar(table: dict[str, F], types: Sequence[str]) -> Callable[[F], F]:
    def register(function: F) -> F:
        for name in types:
            if name in table:
                raise RuntimeError(f"layer type {name} is registered twice")
            table[name] = function
        return function

    return register
