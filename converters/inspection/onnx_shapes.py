"""Shapes and element types of every value of an ONNX graph: as stated, else as inferred."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from converters.inspection.onnx_reading import initializer_names
from toolkit.artifact import GraphTensor

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, ValueInfoProto

# Per axis a size, the name of a dynamic size, or UNKNOWN.
Dims = tuple[int | str, ...]
UNKNOWN = "?"
_BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Shapes:
    """Shapes of the values of a graph.

    Attributes:
        dims: By value; values of unknown rank are absent.
        dtypes: Element type by value (``float32``).
        inputs: Names of the inputs that have no initializer.
        batch: Names of dynamic sizes that are the first of an input: runs are counted for 1 of them.
        failure: Why shapes could not be inferred, where they had to be.
    """

    dims: Mapping[str, Dims]
    dtypes: Mapping[str, str]
    inputs: tuple[str, ...]
    batch: frozenset[str]
    failure: str | None

    def tensor(self, name: str) -> GraphTensor:
        """A value for the document; one of unknown rank has no sizes."""
        return GraphTensor(
            name=name, dims=list(self.dims.get(name, ())), dtype=self.dtypes.get(name, "unknown")
        )

    def sizes(self, name: str) -> tuple[int, ...] | None:
        """Sizes for a batch of 1; None when one is not known."""
        dims = [1 if size in self.batch else size for size in self.dims.get(name, (UNKNOWN,))]
        sizes = tuple(size for size in dims if isinstance(size, int))
        return sizes if len(sizes) == len(dims) else None

    def elements(self, name: str) -> int | None:
        """Number of elements for a batch of 1; None when a size is not known."""
        sizes = self.sizes(name)
        return None if sizes is None else prod(sizes)


def shapes_of(model: ModelProto) -> Shapes:
    """Finds the shape of every value; the model must be without its large tensors, since it may be copied."""
    graph = model.graph
    constants = initializer_names(graph)
    inputs = [info for info in graph.input if info.name not in constants]
    _name_batches(inputs)
    infos = _stated(graph)
    failure = None
    if any(name and not _has_shape(infos.get(name)) for node in graph.node for name in node.output):
        inferred, failure = _inferred(model)
        infos |= {name: info for name, info in inferred.items() if not _has_shape(infos.get(name))}
    dims = {name: _dims(info) for name, info in infos.items() if _has_shape(info)}
    dims |= {item.name: tuple(item.dims) for item in graph.initializer}
    dtypes = {name: _dtype(info.type.tensor_type.elem_type) for name, info in infos.items()}
    dtypes |= {item.name: _dtype(item.data_type) for item in graph.initializer}
    firsts = (dims.get(info.name, ())[:1] for info in inputs if len(dims.get(info.name, ())) > 1)
    batch = frozenset(size for first in firsts for size in first if isinstance(size, str))
    return Shapes(dims, dtypes, tuple(info.name for info in inputs), batch - {UNKNOWN}, failure)


def _name_batches(inputs: Iterable[ValueInfoProto]) -> None:
    """Gives a first axis of unknown size a name, so that it can be followed through the graph."""
    for info in inputs:
        dims = info.type.tensor_type.shape.dim
        if len(dims) > 1 and _size(dims[0]) == UNKNOWN:
            dims[0].dim_param = _BATCH


def _stated(graph: GraphProto) -> dict[str, ValueInfoProto]:
    return {info.name: info for info in (*graph.value_info, *graph.input, *graph.output)}


def _inferred(model: ModelProto) -> tuple[dict[str, ValueInfoProto], str | None]:
    from onnx import shape_inference

    try:
        return _stated(shape_inference.infer_shapes(model, data_prop=True).graph), None
    except Exception as error:  # its own classes, ValueError and RuntimeError, according to the fault
        lines = str(error).split("\n")
        return {}, lines[0][:300]


def _has_shape(info: ValueInfoProto | None) -> bool:
    return info is not None and info.type.HasField("tensor_type") and info.type.tensor_type.HasField("shape")


def _dims(info: ValueInfoProto) -> Dims:
    return tuple(_size(dim) for dim in info.type.tensor_type.shape.dim)


def _size(dim: object) -> int | str:
    value: int = getattr(dim, "dim_value", 0)
    # Files exist that write a dynamic size as 0 or -1.
    return value if value > 0 else getattr(dim, "dim_param", "") or UNKNOWN


def _dtype(element: int) -> str:
    from onnx import TensorProto, helper

    if element not in TensorProto.DataType.values() or element == TensorProto.UNDEFINED:
        return "unknown"
    if element == TensorProto.STRING:
        return "string"
    return str(helper.tensor_dtype_to_np_dtype(element))
