"""Golden networks with their ONNX files, and single faults put into these by the onnx package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from converters.caffe.build import load_sources, read_net
from converters.caffe.network import Net
from converters.caffe_to_onnx import CaffeToOnnx
from converters.request import ConversionRequest
from toolkit.messages import collected_warnings

CASES = Path(__file__).resolve().parents[1] / "golden" / "cases"
Change = Callable[[onnx.ModelProto], None]


@dataclass(frozen=True)
class GoldenNet:
    """A golden case: its network, its ONNX file as ctk converts it, and the inputs and outputs of Caffe."""

    prototxt: Path
    caffemodel: Path | None
    net: Net
    onnx: Path
    inputs: Mapping[str, NDArray[np.float32]]
    outputs: Mapping[str, NDArray[np.float32]]


def golden_net(name: str, folder: Path) -> GoldenNet:
    case = CASES / name
    prototxt = case / "deploy.prototxt"
    caffemodel = case / "weights.caffemodel" if (case / "weights.caffemodel").exists() else None
    with collected_warnings():
        net = read_net(prototxt, load_sources(caffemodel))
        files = (prototxt,) if caffemodel is None else (prototxt, caffemodel)
        made = CaffeToOnnx().convert(ConversionRequest(files, output=folder / f"{name}.onnx"))
    arrays = [dict(np.load(case / f"{part}.npz", allow_pickle=False)) for part in ("inputs", "outputs")]
    return GoldenNet(prototxt, caffemodel, net, made.path, *arrays)


def changed(source: Path, target: Path, change: Change) -> Path:
    """A copy with a change; shapes that were stated inside and of the outputs are dropped, as they may differ."""
    model = onnx.load(source)
    change(model)
    del model.graph.value_info[:]
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    onnx.save(model, target)
    return target


def node_of(model: onnx.ModelProto, name: str) -> onnx.NodeProto:
    return next(node for node in model.graph.node if node.name == name)


def set_attributes(name: str, **values: Any) -> Change:
    def change(model: onnx.ModelProto) -> None:
        node = node_of(model, name)
        kept = [attribute for attribute in node.attribute if attribute.name not in values]
        del node.attribute[:]
        node.attribute.extend(kept)
        node.attribute.extend(onnx.helper.make_attribute(key, value) for key, value in values.items())

    return change


def set_weight(name: str, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Change:
    def apply(model: onnx.ModelProto) -> None:
        tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
        values = np.ascontiguousarray(change(numpy_helper.to_array(tensor)), np.float32)
        tensor.CopyFrom(numpy_helper.from_array(values, name))

    return apply


def nothing(model: onnx.ModelProto) -> None:
    """No fault."""
