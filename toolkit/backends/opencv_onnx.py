"""An ONNX file as cv2.dnn reads it: which values it keeps where, and which nodes it lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.backends.deviations import Deviation
from toolkit.backends.node_probe import probe_nodes
from toolkit.backends.onnx_external import onnx_files
from toolkit.backends.onnx_outline import Outline, parsed
from toolkit.backends.onnx_precision import uniform_precision
from toolkit.backends.onnx_values import tensor_infos
from toolkit.backends.opencv_faults import lacking_in, reason_of, without_prints
from toolkit.backends.opencv_runtime import read_with, refuse_missing_layers
from toolkit.backends.opencv_session import Place, Reading
from toolkit.backends.protocol import Lacking, TensorInfo
from toolkit.errors import BadInput, CtkError, EnvironmentFailed, Where

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from onnx import ModelProto, ValueInfoProto


def read_graph(cv2: Any, artifact: Path, outline: Outline) -> Reading:
    """Lets cv2.dnn read an ONNX file.

    Raises:
        BadInput: CTK517 for external data that cannot be read.
        EnvironmentFailed: CTK404 or CTK408 when cv2 refuses the graph, or an input is not float32.
    """
    net = read_with(cv2, artifact, lambda: _read(cv2, artifact, outline))
    return _reading(artifact, net, outline)


def _read(cv2: Any, artifact: Path, outline: Outline) -> Any:
    """From the path; or from bytes, where cv2 could not read the file as it stands."""
    if not _unread(outline, _inputs(outline)) and len(onnx_files(artifact)) == 1:
        try:
            return cv2.dnn.readNetFromONNX(str(artifact))
        except cv2.error as error:
            if "has_shape" not in str(error):
                raise
    return cv2.dnn.readNetFromONNX(_rewritten(artifact, outline))


def _rewritten(artifact: Path, outline: Outline) -> NDArray[np.uint8]:
    """The model in one piece, with every output's shape, and without the inputs that nothing reads."""
    import numpy as np

    whole = parsed(artifact)
    if len(onnx_files(artifact)) > 1:
        _load_external(whole, artifact)
    unread = _unread(outline, _inputs(outline))
    kept = [value for value in whole.graph.input if value.name not in unread]
    del whole.graph.input[:], whole.graph.output[:]
    whole.graph.input.extend(kept)
    whole.graph.output.extend(outline.graph.output)
    return np.frombuffer(whole.SerializeToString(), np.uint8)


def _load_external(model: ModelProto, artifact: Path) -> None:
    import onnx

    place = Where(file=str(artifact))
    try:
        onnx.load_external_data_for_model(model, str(artifact.parent))
    except (
        Exception
    ) as error:  # the library raises several classes: paths that escape, files that are missing
        raise BadInput("CTK517", f"the external data cannot be read: {reason_of(error)}", place) from error


def _inputs(outline: Outline) -> list[ValueInfoProto]:
    return [value for value in outline.graph.input if value.name not in outline.constants]


def _unread(outline: Outline, inputs: Iterable[ValueInfoProto]) -> frozenset[str]:
    read = {name for node in outline.graph.node for name in node.input}
    read |= {value.name for value in outline.graph.output}
    return frozenset(value.name for value in inputs if value.name not in read)


def _reading(artifact: Path, net: Any, outline: Outline) -> Reading:
    inputs = tensor_infos(_inputs(outline))
    for name, info in inputs.items():
        if info.dtype != "float32":
            raise EnvironmentFailed(
                "CTK404",
                f"opencv reads float32 inputs only, and {name!r} is {info.dtype}",
                Where(file=str(artifact)),
            )
    return Reading(
        artifact,
        net,
        inputs,
        tensor_infos(outline.graph.output),
        _places(net, outline),
        _unread(outline, _inputs(outline)),
        uniform_precision(artifact),
    )


def _places(net: Any, outline: Outline) -> Mapping[str, Place]:
    """Values that cv2 keeps under the name of a node; graph outputs it also knows by their own."""
    known = set(net.getLayerNames())
    places: dict[str, Place] = {}
    for node in outline.graph.node:
        names = (f"onnx_node!{node.name}", f"onnx_node_output_0!{node.output[0]}")
        layer = next((name for name in names if name in known), None)
        for slot, output in enumerate(node.output if layer else ()):
            if output:
                places[output] = Place(str(layer), slot, _info_of(outline, output))
    for name, info in tensor_infos(outline.graph.output).items():
        places.setdefault(name, Place(name, 0, info))
    return places


def _info_of(outline: Outline, name: str) -> TensorInfo | None:
    value = outline.types.get(name)
    if value is None or not value.type.tensor_type.HasField("shape"):
        return None
    return tensor_infos([value])[name]


def lacking_nodes(cv2: Any, model: Path, outline: Outline, wrong: Sequence[Deviation]) -> Sequence[Lacking]:
    """Nodes that cv2 refuses: none where it loads the whole graph, else those that it refuses alone."""
    refusal: CtkError | None = None
    if not any(found.is_fatal for found in wrong):
        try:
            refuse_missing_layers(read_graph(cv2, model, outline))
            return ()
        except (BadInput, EnvironmentFailed) as error:
            refusal = error
    fatal = {found.type for found in wrong if found.is_fatal}
    alone = probe_nodes(model, lambda one: _try(cv2, one, fatal))
    cause = refusal.__cause__ if refusal else None
    named = lacking_in(cause) if cause else None
    if alone or cause is None or named is None:  # external data that is not there proves nothing
        return alone
    return [Lacking(*named, reason_of(cause))]  # it minds the neighbours of that node


def _try(cv2: Any, one: bytes, fatal: Collection[str]) -> None:
    import numpy as np
    import onnx

    graph = onnx.load_model_from_string(one).graph
    if graph.node[0].op_type in fatal:
        return  # it could end the process, and is known already
    read = list(tensor_infos(graph.input).values())
    try:
        with without_prints(cv2):
            net = cv2.dnn.readNetFromONNX(np.frombuffer(one, np.uint8))
            if read and not any(info.is_open or not info.shape for info in read):
                net.getLayersShapes([list(info.shape) for info in read])
    except cv2.error as error:
        raise RuntimeError(reason_of(error)) from error
