"""An ONNX file of a Caffe network without its weights: enough to ask a backend what it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from converters.caffe.build import NetOptions, outline_net
from converters.caffe.network import Blob, BlobSpec, Layer, Net
from converters.caffe.prototxt import NetText, parse_prototxt, read_prototxt
from converters.net_options import net_options, with_default_head
from converters.onnx.emit import emit_onnx
from converters.onnx.graph import Graph, Initializer
from converters.options import ConvertOptions
from toolkit.atomic import write_atomically
from toolkit.models.card import ModelCard, model_card

if TYPE_CHECKING:
    from onnx import TensorProto

# Constants of the graph itself (scales of a Resize, a shape) stay in: they are small, and shapes follow from them.
MOST_EMBEDDED = 64
ABSENT = "weights-left-out.data"


def skeleton(files_or_model: Sequence[Path] | str, options: ConvertOptions | None, folder: Path) -> Path:
    """Writes what `caffe->onnx` would write, without reading a caffemodel and without any weight.

    Args:
        files_or_model: A network's files, of which only the prototxt is read, or a model card's name, whose
            weights need not be in the cache.
        options: As for the conversion; those about numbers have no effect.
        folder: Where the file is written.

    Returns:
        The ONNX file. Its initializers of more than 64 elements that are not integers are declared as
        external data in a file that is not there.

    Raises:
        BadInput: CTK501 to CTK508, CTK515 or CTK516, as the conversion.
        UsageFault: CTK603 for an unknown model, CTK604 for options that are not offered.
        EnvironmentFailed: CTK401 or CTK402 when the folder cannot be written.
    """
    from converters.caffe_to_onnx import refuse_unoffered

    options = options or ConvertOptions()
    refuse_unoffered(options)
    text, card = _definition(files_or_model, options)
    read_as = net_options(with_default_head(options, card), card)
    graph, _ = emit_onnx(_without_numbers(text, read_as), options.opset, None)
    target = folder / "skeleton.onnx"
    _write(target, graph)
    return target


def _definition(
    files_or_model: Sequence[Path] | str, options: ConvertOptions
) -> tuple[NetText, ModelCard | None]:
    if isinstance(files_or_model, str):
        from converters.caffe.model_files import own_prototxt

        card = model_card(files_or_model)
        return parse_prototxt(own_prototxt().encode(), f"{card.name}.prototxt"), card
    from converters.caffe_files import from_paths

    prototxt = from_paths(list(files_or_model), None).prototxt
    return read_prototxt(prototxt, ignore_unknown_fields=options.ignore_unknown_fields), None


def _without_numbers(text: NetText, options: NetOptions) -> Net:
    outline = outline_net(text, options)
    layers = tuple(
        replace(layer, blobs=tuple(_blob(layer, index, spec) for index, spec in enumerate(shape.blobs)))
        for layer, shape in outline.layers
    )
    return replace(outline.net, layers=layers)


def _blob(layer: Layer, index: int, spec: BlobSpec) -> Blob:
    """Ones of the right shape that take the memory of a single one."""
    ones = np.broadcast_to(np.float32(1), spec.shape)
    return Blob(spec.role, ones, "stored", (f"{layer.name}#{layer.index}", index))


def _write(target: Path, graph: Graph) -> None:
    """The file with its small initializers, then the others as external data of a file that is absent."""
    import onnx

    from converters.onnx.stream_writer import write_onnx

    large = [item for item in graph.initializers if _is_weight(item)]
    graph.initializers = [item for item in graph.initializers if not _is_weight(item)]
    write_onnx(target, graph, dict)
    model = onnx.load_model(target, load_external_data=False)
    model.graph.initializer.extend(_declared(item) for item in large)
    write_atomically(target, model.SerializeToString())


def _is_weight(item: Initializer) -> bool:
    return item.values.size > MOST_EMBEDDED and item.values.dtype.kind == "f"


def _declared(item: Initializer) -> TensorProto:
    from onnx import StringStringEntryProto, TensorProto, helper

    data_type = helper.np_dtype_to_tensor_dtype(item.values.dtype)
    tensor = TensorProto(name=item.name, dims=item.values.shape, data_type=data_type)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.append(StringStringEntryProto(key="location", value=ABSENT))
    return tensor
