"""How a random network grows: what it remembers of its blobs, and how a layer is put behind them.

A network grows layer by layer. Every blob remembers how large its numbers may be and whether they are exact (made
from the inputs without rounding): growing functions read small numbers only, and functions with a jump exact
ones only, so that two correct float32 and float64 executions can be compared at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, TypeVar

import numpy as np
from google.protobuf import text_format
from layer_nets import declared_inputs
from numpy.typing import NDArray

from converters.caffe.layers.registry import shape_of
from converters.caffe.network import BlobSpec, Layer
from converters.caffe.schema import LayerParameter

Shape = tuple[int, ...]
T = TypeVar("T")
MOST = 4096  # elements of a blob
LARGEST = 30.0


@dataclass(slots=True)
class Live:
    """A blob as it stands after the layers so far.

    Attributes:
        bound: About how large its numbers may be.
        exact: Whether it comes from the inputs without rounding.
        fresh: Whether a layer may overwrite it: nobody reads it, and it shares its memory with no other blob.
    """

    name: str
    shape: Shape
    bound: float
    exact: bool = False
    fresh: bool = True


@dataclass(slots=True)
class RandomNet:
    """What the tests need: text, weights by layer name, and one array for each input."""

    prototxt: str = ""
    weights: dict[str, list[NDArray[np.float32]]] = field(default_factory=dict)
    inputs: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    types: list[str] = field(default_factory=list)


class Grower:
    """Adds layers to a network; every choice comes from one seed.

    So a network of the same seed with fewer layers is the beginning of the longer one, and hypothesis finds the
    shortest that fails by drawing the number of layers.
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.net = RandomNet()
        self.live: list[Live] = []

    def integer(self, least: int, most: int) -> int:
        return int(self.rng.integers(least, most + 1))

    def flip(self) -> bool:
        return bool(self.rng.integers(2))

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[self.integer(0, len(choices) - 1)]

    def pick(self, fits: Callable[[Live], bool] = lambda _: True) -> Live | None:
        """Some blob of which something holds."""
        found = [blob for blob in self.live if fits(blob)]
        return self.one_of(found) if found else None

    def give(self, name: str, array: NDArray[Any], *, live: bool = True) -> None:
        """Declares an input."""
        self.net.inputs[name] = array.astype(np.float32)
        self.net.prototxt += declared_inputs({name: array.shape})
        if live:
            self.live.append(Live(name, array.shape, 3.0, exact=True))

    def add(
        self,
        kind: str,
        bottoms: list[Live],
        body: str = "",
        *,
        bound: float = 1.0,
        exact: bool = False,
        tops: int = 1,
        shares: bool = False,
        index: str | None = None,
    ) -> None:
        """Appends a layer, in place where it may and the dice say so.

        Args:
            kind: Layer type.
            bottoms: What it reads.
            body: Its parameters.
            bound: About how large the tops' numbers may be.
            exact: Whether the type rounds nothing.
            tops: How many tops.
            shares: Whether the tops share their memory with the bottom.
            index: An input that it reads besides, as its last bottom.
        """
        number = len(self.net.types)
        name = f"l{number}"
        in_place = kind in IN_PLACE and bottoms[0].fresh and self.flip()
        made = [bottoms[0].name] if in_place else [f"t{number}_{i}" for i in range(tops)]
        read = [blob.name for blob in bottoms] + ([index] if index else [])
        ends = "".join(f'bottom: "{b}" ' for b in read) + "".join(f'top: "{t}" ' for t in made)
        text = f'name: "{name}" type: "{kind}" {ends}{body}'
        shapes = tuple(blob.shape for blob in bottoms)
        if index:
            shapes += (self.net.inputs[index].shape,)
        layer = Layer(
            0, name, kind, text_format.Parse(text, LayerParameter()), tuple(read), tuple(made), shapes
        )
        found = shape_of(replace(layer, in_place=in_place))
        self.net.prototxt += f"layer {{ {text} }}\n"
        self.net.types.append(kind)
        if found.blobs:
            self.net.weights[name] = [self.numbers(spec) for spec in found.blobs]
        if in_place:
            self.live.remove(bottoms[0])
        for blob in bottoms:
            blob.fresh = False
        rounds_nothing = exact and all(blob.exact for blob in bottoms)
        self.live += [
            Live(top, shape, bound, rounds_nothing, fresh=not shares)
            for top, shape in zip(made, found.tops, strict=True)
        ]

    def numbers(self, spec: BlobSpec) -> NDArray[np.float32]:
        """Weights that keep the size of what they multiply."""
        if spec.role in {"variance", "factor"}:
            values = self.rng.uniform(0.5, 2, spec.shape)
        elif spec.role in {"scale", "slope"}:
            values = self.rng.uniform(0.2, 1.2, spec.shape)
        else:
            values = self.rng.normal(size=spec.shape) / np.sqrt(max(1, prod(spec.shape[1:])))
        return values.astype(np.float32)


IN_PLACE = frozenset(
    [
        "BNLL",
        "BatchNorm",
        "Bias",
        "Clip",
        "Dropout",
        "ELU",
        "Exp",
        "Log",
        "PReLU",
        "Power",
        "ReLU",
        "ReLU6",
        "Scale",
        "Sigmoid",
        "Softmax",
        "TanH",
    ]
)


def is_picture(blob: Live) -> bool:
    return len(blob.shape) == 4


def is_tame(blob: Live) -> bool:
    return blob.bound <= LARGEST


def any_axis(grow: Grower, blob: Live, first: int = 0) -> int:
    """An axis, counted from either end."""
    axis = grow.integer(first, len(blob.shape) - 1)
    return axis - len(blob.shape) if grow.flip() else axis
