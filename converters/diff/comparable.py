"""The form into which models of all formats are read, so that any two can be compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from numpy.typing import NDArray

from converters.inspection.document import InspectedFile
from toolkit.artifact import GraphTensor

Load = Callable[[], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Weight:
    """One array of a model.

    Attributes:
        name: Unique in the model: an initializer, or ``LAYER.role`` as a conversion would call it.
        key: Caffe layer and blob index, where they are known.
        dims: Shape.
        dtype: Element type by its NumPy name.
        load: Gives the numbers, mostly as a view of the mapped file; None where there is no data.
        origin: Where the numbers came from (`converters.caffe.network.Origin`), where that is known.
        folding: Gives the numbers as float64 after a known folding, such as BatchNorm's factor.
        converted: Gives the numbers as ctk's own conversion stores them.
        folded: Why a conversion leaves it out, if it does.
        is_constant: Whether it is no parameter of the source but made by a converter.
        is_rounded: Whether ``load`` gives numbers that were rounded to float16 to save space, and are widened to
            float32 when the model is loaded.
        folded_how: What ``folding`` does, in words.
        lacking: Why there is no ``load``, where it is not for want of data.
    """

    name: str
    key: tuple[str, int] | None
    dims: tuple[int, ...]
    dtype: str
    load: Load | None
    origin: str | None = None
    folding: Load | None = None
    converted: Load | None = None
    folded: str | None = None
    is_constant: bool = False
    is_rounded: bool = False
    folded_how: str = "divided by the factor of BatchNorm"
    lacking: str | None = None


class Source(NamedTuple):
    """Where a part reads from: an input, a weight, or the slot-th output of another part."""

    kind: Literal["input", "weight", "part", "nothing"]
    name: str
    slot: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A Caffe layer, or a node of ONNX or OpenVINO IR.

    Attributes:
        name: Unique in the model.
        type: Layer type or operator.
        attributes: Everything it states, by name; numbers, texts, truth values and lists of them.
        sources: What it reads, in order.
        dims: Shapes of what it makes; None for one that is not known.
        tops: Names of what it makes.
    """

    name: str
    type: str
    attributes: Mapping[str, Any]
    sources: tuple[Source, ...]
    dims: tuple[tuple[int | str, ...] | None, ...] = ()
    tops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparable:
    """A model, ready to be compared.

    Attributes:
        format: Format of the files.
        parts_are: Whether ``parts`` are Caffe layers or nodes.
        parts: In the order of execution; None where only weights are known.
        opset: Version of the default operator set, of an ONNX file.
        has_data: Whether weights were given at all.
    """

    format: Literal["caffe", "onnx", "openvino"]
    parts_are: Literal["layers", "nodes"]
    files: list[InspectedFile]
    weights: list[Weight]
    parts: list[Part] | None = None
    inputs: list[GraphTensor] = field(default_factory=list)
    outputs: list[GraphTensor] = field(default_factory=list)
    opset: int | None = None
    has_data: bool = True
    remarks: list[str] = field(default_factory=list)
