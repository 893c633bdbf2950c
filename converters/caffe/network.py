"""`Net`: a Caffe network read, normalised and typed, which everything after the reader uses.

In-place layers are gone: every layer makes new values, and a value has one name and one maker (SSA). The
value that a blob holds at the end bears the blob's name; earlier ones are called ``BLOB@LAYER``. A graph
input keeps its blob's name, even where an in-place layer overwrites it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from converters.caffe.schema import FillerParameter, LayerParameter
from toolkit.errors import BadInput, Where

Shape = tuple[int, ...]
Origin = Literal["stored", "shared", "filler", "random-filler", "coefficients", "attached"]
MOST_AXES = 32  # Caffe's kMaxBlobAxes
MOST_ELEMENTS = 2**31 - 1  # Caffe counts the elements of a blob in an int


@dataclass(frozen=True, slots=True)
class BlobSpec:
    """A parameter that a layer needs.

    Attributes:
        role: What it is (``weight``, ``bias``, ``mean`` ...); also the end of its name in other formats.
        shape: The exact shape Caffe gives it.
        filler: What the prototxt states for it, or None when nobody stated a filler.
        unstated: The constant that Caffe takes where nobody stated a filler; counts under --allow-filler only.
    """

    role: str
    shape: Shape
    filler: FillerParameter | None = None
    unstated: float = 0.0


@dataclass(frozen=True, slots=True)
class LayerShape:
    """What a shape rule finds: shapes of the tops, and the parameters the layer needs."""

    tops: tuple[Shape, ...]
    blobs: tuple[BlobSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Blob:
    """A parameter with its numbers.

    Attributes:
        role: As in `BlobSpec`.
        values: float32, in Caffe's shape; often a read-only view of the mapped caffemodel.
        origin: Where the numbers come from.
        owner: Layer name and blob index that own the numbers; differs from the layer itself when shared.
    """

    role: str
    values: NDArray[np.float32]
    origin: Origin
    owner: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a `Net`.

    Attributes:
        index: Position among the kept layers of the prototxt.
        name: Caffe layer name.
        type: Layer type as in the prototxt after upgrading (``Convolution``).
        message: The layer's fields, as read.
        bottoms: Names of the values it reads.
        tops: Names of the values it makes.
        bottom_shapes: Shapes of ``bottoms``.
        top_shapes: Shapes of ``tops``; empty before shape inference.
        blobs: Parameters; empty before they are filled in.
        in_place: Whether the layer overwrote its first bottom in Caffe.
        where: The place of its definition, for messages.
    """

    index: int
    name: str
    type: str
    message: LayerParameter
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    bottom_shapes: tuple[Shape, ...] = ()
    top_shapes: tuple[Shape, ...] = ()
    blobs: tuple[Blob, ...] = ()
    in_place: bool = False
    where: Where = field(default_factory=Where)

    def fault(self, code: str, what: str, *notes: str) -> BadInput:
        """An error about this layer, with its place."""
        return BadInput(code, what, self.where, notes)

    def expect(self, *, bottoms: tuple[int, int | None], tops: tuple[int, int | None]) -> None:
        """Checks how many bottoms and tops the layer has, each as (least, most or None).

        Raises:
            BadInput: CTK505.
        """
        for what, names, (least, most) in (("bottom", self.bottoms, bottoms), ("top", self.tops, tops)):
            if len(names) < least or (most is not None and len(names) > most):
                wanted = (
                    f"{least}"
                    if least == most
                    else f"{least} or more"
                    if most is None
                    else f"{least} to {most}"
                )
                raise self.fault("CTK505", f"{self.type} takes {wanted} {what}s, this layer has {len(names)}")

    def canonical_axis(self, axis: int, rank: int | None = None) -> int:
        """A possibly negative axis of the first bottom as a number from 0 on.

        Raises:
            BadInput: CTK507 when the axis does not exist.
        """
        axes = len(self.bottom_shapes[0]) if rank is None else rank
        if not -axes <= axis < axes:
            raise self.fault("CTK507", f"axis {axis} does not exist in a blob of {axes} axes")
        return axis % axes

    @property
    def trains(self) -> bool:
        """Whether the layer itself says ``phase: TRAIN``, which Caffe honours inside a TEST network."""
        return self.message.HasField("phase") and self.message.phase == 0


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor that flows through a `Net`.

    Attributes:
        name: Unique name.
        blob: Name of the Caffe blob that held it.
        shape: Shape, as inferred.
        symbols: Per axis, the name of a dynamic dimension, or None where it is fixed.
    """

    name: str
    blob: str
    shape: Shape
    symbols: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A layer of the prototxt that is not among the layers of a `Net`.

    Attributes:
        index: Its place in the account: as `Layer.index`, or behind all of those.
        name: Caffe layer name.
        type: Layer type.
        reason: Why it is left out.
    """

    index: int
    name: str
    type: str
    reason: str


@dataclass(frozen=True, slots=True)
class Net:
    """A typed network in execution order.

    Attributes:
        name: As the prototxt says.
        file: Prototxt path, for messages.
        inputs: Names of the input values.
        outputs: Names of the output values.
        layers: Layers that are needed for the outputs, in file order.
        values: All values by name.
        unread_inputs: Inputs that Caffe also counts as outputs because no layer reads them.
        dynamic: Whether any dimension is dynamic.
        left_out: The other layers of the prototxt: those behind a cut, and those that do not run at phase TEST.
    """

    name: str
    file: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layers: tuple[Layer, ...]
    values: Mapping[str, Value]
    unread_inputs: tuple[str, ...] = ()
    dynamic: bool = False
    left_out: tuple[LeftOut, ...] = ()


def elements(shape: Sequence[int]) -> int:
    """Number of elements of a shape (1 for a 0-dimensional one)."""
    return math.prod(shape)
