"""Faulty artifacts of one network in a folder: small ONNX files that share one file of weights."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph
from toolkit.atomic import write_atomically, write_failures_named
from toolkit.errors import BadInput, Where

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

_WEIGHTS = "weights.data"
# Smaller ones, such as the sizes of a Reshape, are needed where the graph is read without its weights.
_SHARED_FROM_BYTES = 1024
_ALIGNMENT = 4096  # a page, so that a runtime can map the file


@dataclass(frozen=True, slots=True)
class FaultyArtifact:
    """An artifact with a fault in it.

    Attributes:
        fault: Which.
        place: Where it was made.
        path: The ONNX file; its weights lie in the same folder.
    """

    fault: Fault
    place: Place
    path: Path


class FaultyArtifacts:
    """Makes artifacts with faults out of a sound one, whose weights are copied once.

    Args:
        artifact: An ONNX file.
        folder: Where the faulty ones are written; an existing folder.

    Raises:
        BadInput: CTK501, CTK502 or CTK517 when the artifact cannot be read or is damaged.
        EnvironmentFailed: CTK401 or CTK402 when the folder cannot be written.
    """

    def __init__(self, artifact: Path, folder: Path) -> None:
        from toolkit.backends.onnx_external import onnx_files
        from toolkit.backends.onnx_outline import parsed

        onnx_files(artifact)  # which refuses weights outside its folder
        self._artifact = artifact
        self._folder = folder
        self._model = parsed(artifact)
        if not self._model.graph.output:
            what = "the ONNX file is damaged: its graph has no outputs"
            raise BadInput("CTK517", what, Where(file=str(artifact)))
        _embed_in_nodes(self._model, artifact.parent)
        target = folder / _WEIGHTS
        with write_failures_named(target), target.open("wb") as file:
            for tensor in self._model.graph.initializer:
                _share(tensor, artifact.parent, file)
        _state_shapes(self._model)
        self._stored = _mapped(self._model, target)
        self._layers = _layers_of(self._model)

    def graph(self) -> FaultGraph:
        """The sound graph, a new copy of it."""
        from onnx import ModelProto

        copy = ModelProto()
        copy.CopyFrom(self._model)
        return FaultGraph(copy, self._stored, self._layers)

    def make(self, fault: Fault) -> FaultyArtifact | None:
        """Makes a fault; None where the graph has nothing to make it in.

        Raises:
            BadInput: CTK517 when a node contradicts its operator.
            EnvironmentFailed: CTK401 or CTK402 when it cannot be written.
        """
        graph = self.graph()
        try:
            place = fault.make(graph)
        except BadInput as error:
            raise BadInput(error.code, error.what, Where(file=str(self._artifact))) from error
        if place is None:
            return None
        _forget_gone_values(graph.model)
        graph.model.doc_string = f"made wrong on purpose by ctk: {fault.name}, {place.what}"
        path = self._folder / f"{fault.name}.onnx"
        write_atomically(path, graph.model.SerializeToString())
        return FaultyArtifact(fault, place, path)


def _share(tensor: TensorProto, folder: Path, file: BinaryIO) -> None:
    """Moves a tensor's numbers into the file of weights."""
    from onnx import external_data_helper

    _embed(tensor, folder)
    if len(tensor.raw_data) < _SHARED_FROM_BYTES:
        return
    offset = -(-file.tell() // _ALIGNMENT) * _ALIGNMENT
    file.seek(offset)
    file.write(tensor.raw_data)
    external_data_helper.set_external_data(tensor, _WEIGHTS, offset, len(tensor.raw_data))
    tensor.ClearField("raw_data")


def _embed_in_nodes(model: ModelProto, folder: Path) -> None:
    """Loads what nodes' attributes keep outside the file: only initializers share the file of weights."""
    for node in model.graph.node:
        for attribute in node.attribute:
            for tensor in (attribute.t, *attribute.tensors):
                _embed(tensor, folder)


def _embed(tensor: TensorProto, folder: Path) -> None:
    """Loads a tensor's numbers from the file beside the artifact, if that is where they are."""
    from onnx import TensorProto, external_data_helper

    if tensor.data_location != TensorProto.EXTERNAL:
        return
    try:
        external_data_helper.load_external_data_for_tensor(tensor, str(folder))
    except Exception as error:  # the library raises several classes
        what = f"the weights of {tensor.name!r} in a file beside it cannot be read: {error}"
        raise BadInput("CTK517", what, Where(file=str(folder))) from error
    tensor.data_location = TensorProto.DEFAULT
    del tensor.external_data[:]


def _mapped(model: ModelProto, weights: Path) -> Mapping[str, NDArray[Any]]:
    """Views of the numbers in the file of weights."""
    from onnx import TensorProto, external_data_helper, helper

    if weights.stat().st_size == 0:
        return {}
    whole = np.memmap(weights, np.uint8, "r")
    found = {}
    for tensor in model.graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            place = external_data_helper.ExternalDataInfo(tensor)
            start = place.offset or 0
            raw = whole[start : start + (place.length or 0)]
            with suppress(
                ValueError, TypeError, KeyError
            ):  # a type that no fault is made in, or it is damaged
                dtype = helper.tensor_dtype_to_np_dtype(tensor.data_type)
                found[tensor.name] = np.asarray(raw.view(dtype).reshape(tuple(tensor.dims)))
    return found


def _state_shapes(model: ModelProto) -> None:
    """States the shape of every value where the artifact states none; ctk's own state all."""
    import onnx

    stated = {info.name for info in (*model.graph.value_info, *model.graph.output)}
    if all(name in stated for node in model.graph.node for name in node.output if name):
        return
    with suppress(Exception):  # the library raises several classes; then some faults find no place
        model.CopyFrom(onnx.shape_inference.infer_shapes(model))


def _forget_gone_values(model: ModelProto) -> None:
    """Removes what is stated about values that no node makes any more."""
    made = {name for node in model.graph.node for name in node.output}
    kept = [info for info in model.graph.value_info if info.name in made]
    del model.graph.value_info[:]
    model.graph.value_info.extend(kept)


def _layers_of(model: ModelProto) -> Mapping[str, str]:
    """The Caffe layer of every node, by the account of the conversion in the artifact."""
    from converters.inspection.provenance import embedded_provenance

    document, _ = embedded_provenance({entry.key: entry.value for entry in model.metadata_props})
    if document is None:
        return {}
    return {node: entry.layer for entry in document.ledger.layers for node in entry.nodes}
