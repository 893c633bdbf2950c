"""A `Net` as the pair of Caffe files that cv2.dnn reads without guessing.

cv2.dnn ignores fillers, phases, shared parameters and layers of old versions, and takes a layer whose blobs
are missing for one with other numbers. So it gets a network in which nothing is left to say: layers of phase
TEST in the present form, every blob stored, one Input layer for each input that is read, every value under
its name in `Net` (no layer works in place), every layer under the name of its first top.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.caffe.caffemodel_writer import write_caffemodel
from converters.caffe.network import Layer, LayerShape, Net, Shape
from converters.caffe.prototxt_writer import format_prototxt
from converters.caffe.schema import LayerParameter, NetParameter

Blobs = Sequence[NDArray[np.float32]]
PROTOTXT, CAFFEMODEL = "net.prototxt", "net.caffemodel"
_LAYERS_OF_PAIRS = frozenset({"Convolution", "ConvolutionDepthwise", "Deconvolution"})


def write_complete(net: Net, folder: Path) -> tuple[Path, Path]:
    """Writes both files into a folder; returns prototxt and caffemodel.

    Raises:
        OSError: They cannot be written.
    """
    prototxt, caffemodel = folder / PROTOTXT, folder / CAFFEMODEL
    prototxt.write_text(complete_text(net), encoding="utf-8")
    stored = (
        (layer.tops[0], layer.type, complete_blobs(layer, [blob.values for blob in layer.blobs]))
        for whole in net.layers
        for layer in pieces(whole)
        if layer.blobs
    )
    with caffemodel.open("wb") as file:
        write_caffemodel(file, net.name, stored)
    return prototxt, caffemodel


def complete_text(net: Net) -> str:
    """The prototxt of a whole network."""
    message = NetParameter(name=net.name)
    read = read_values(net)
    for layer in net.layers:
        if layer.type == "Input":
            message.layer.extend(_inputs({t: net.values[t].shape for t in layer.tops if t in read}))
        else:
            message.layer.extend(complete_layer(piece) for piece in pieces(layer))
    return format_prototxt(message)


def pieces(layer: Layer) -> list[Layer]:
    """The layers that cv2.dnn gets for one: none for a Silence, one for each top where it would make one alone."""
    if layer.type == "Split":
        return [replace(layer, tops=(top,), top_shapes=layer.top_shapes[:1]) for top in layer.tops]
    if layer.type in _LAYERS_OF_PAIRS and len(layer.bottoms) > 1:
        pairs = zip(layer.bottoms, layer.bottom_shapes, layer.tops, layer.top_shapes, strict=True)
        return [
            replace(layer, bottoms=(b,), bottom_shapes=(below,), tops=(t,), top_shapes=(above,))
            for b, below, t, above in pairs
        ]
    return [layer] if layer.tops else []


def one_layer_text(layer: Layer) -> str:
    """The prototxt of a network of one layer and its inputs."""
    message = NetParameter(name="one")
    message.layer.extend(_inputs(dict(zip(layer.bottoms, layer.bottom_shapes, strict=True))))
    message.layer.append(complete_layer(layer))
    return format_prototxt(message)


def read_values(net: Net) -> frozenset[str]:
    """Values that some layer reads; cv2.dnn stumbles over inputs that none does."""
    return frozenset(name for layer in net.layers if layer.tops for name in layer.bottoms)


def complete_layer(layer: Layer) -> LayerParameter:
    """A layer's fields with everything explicit that cv2.dnn would take otherwise."""
    message = LayerParameter()
    message.CopyFrom(layer.message)
    for field in (
        "blobs",
        "param",
        "include",
        "exclude",
        "phase",
        "bottom",
        "top",
        "propagate_down",
        "loss_weight",
    ):
        message.ClearField(field)
    message.name = layer.tops[0]
    message.bottom.extend(layer.bottoms)
    message.top.extend(layer.tops)
    if layer.type == "Slice":
        _state_slice_points(layer, message)
    elif layer.type == "Concat":
        _state_concat_axis(layer, message)
    elif layer.type == "InnerProduct":
        message.inner_product_param.ClearField("transpose")  # as `complete_blobs` stores it
    elif layer.type == "Scale":
        message.scale_param.axis = layer.canonical_axis(
            message.scale_param.axis
        )  # a negative one ends the process
    elif layer.type == "LRN":
        _state(message.lrn_param, ("local_size", "alpha", "beta"))  # cv2.dnn has other defaults
    return message


def complete_blobs(layer: Layer, blobs: Blobs) -> Blobs:
    """A layer's blobs as cv2.dnn reads them: with at least one axis, and a matrix as rows of outputs."""
    rows = [blob if blob.ndim else blob.reshape(1) for blob in blobs]
    if layer.type == "InnerProduct" and layer.message.inner_product_param.transpose:
        rows[0] = np.ascontiguousarray(rows[0].T)
    return rows


def made_up_blobs(layer: Layer, found: LayerShape) -> Blobs:
    """Blobs of a layer whose numbers do not matter."""
    return complete_blobs(layer, [np.full(spec.shape, 0.5, np.float32) for spec in found.blobs])


def _state(parameter: Any, fields: Sequence[str]) -> None:
    """Writes Caffe's default of fields that are not given."""
    for field in fields:
        setattr(parameter, field, getattr(parameter, field))


def _inputs(shapes: dict[str, Shape]) -> Iterator[LayerParameter]:
    for name, shape in shapes.items():
        message = LayerParameter(name=name, type="Input", top=[name])
        message.input_param.shape.add(dim=shape)
        yield message


def _state_slice_points(layer: Layer, message: LayerParameter) -> None:
    """Without points cv2.dnn divides evenly only where the axis is given too; ``slice_dim`` it ignores."""
    old = layer.message.slice_param
    axis = layer.canonical_axis(old.slice_dim if old.HasField("slice_dim") else old.axis)
    message.ClearField("slice_param")
    message.slice_param.axis = axis
    ends = np.cumsum([shape[axis] for shape in layer.top_shapes])[:-1]
    message.slice_param.slice_point.extend(int(end) for end in ends)


def _state_concat_axis(layer: Layer, message: LayerParameter) -> None:
    """``concat_dim`` is ignored by cv2.dnn."""
    old = layer.message.concat_param
    message.ClearField("concat_param")
    message.concat_param.axis = layer.canonical_axis(
        old.concat_dim if old.HasField("concat_dim") else old.axis
    )
