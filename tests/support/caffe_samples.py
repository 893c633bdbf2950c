"""Small Caffe files for tests: prototxt text, and caffemodels that protobuf itself encodes (not our writer)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.caffe.build import NetOptions, read_net
from converters.caffe.caffemodel import read_caffemodel
from converters.caffe.network import Net
from converters.caffe.parameters import Sources
from converters.caffe.schema import BlobProto, NetParameter


def input_layer(*dims: int, name: str = "data") -> str:
    sizes = " ".join(f"dim: {n}" for n in dims)
    return f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ {sizes} }} }} }}\n'


def layer(name: str, kind: str, bottom: Sequence[str] | str, top: Sequence[str] | str, body: str = "") -> str:
    bottoms = [bottom] if isinstance(bottom, str) else bottom
    tops = [top] if isinstance(top, str) else top
    ends = " ".join([*(f'bottom: "{b}"' for b in bottoms), *(f'top: "{t}"' for t in tops)])
    return f'layer {{ name: "{name}" type: "{kind}" {ends} {body} }}\n'


def blob(values: Any, form: str = "packed") -> BlobProto:
    """A blob with a `BlobShape`; ``form`` is packed, double or legacy (num, channels, height, width)."""
    array = np.asarray(values, np.float64)
    made = BlobProto()
    if form == "legacy":
        sizes = (1,) * (4 - array.ndim) + array.shape
        made.num, made.channels, made.height, made.width = sizes
    else:
        made.shape.dim.extend(array.shape)
    (made.double_data if form == "double" else made.data).extend(array.reshape(-1).tolist())
    return made


def caffemodel(layers: Iterable[tuple[str, str, Sequence[Any]]], name: str = "net") -> bytes:
    """A V2 caffemodel of (layer name, type, blobs); blobs are arrays or `BlobProto`s."""
    net = NetParameter(name=name)
    for layer_name, kind, blobs in layers:
        made = net.layer.add(name=layer_name, type=kind)
        made.blobs.extend(b if isinstance(b, BlobProto) else blob(b) for b in blobs)
    return net.SerializeToString()


def write_files(folder: Path, prototxt: str, model: bytes | None = None) -> tuple[Path, Path | None]:
    """Writes ``net.prototxt`` and, when there is one, ``net.caffemodel``."""
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "net.prototxt"
    text.write_text(prototxt)
    if model is None:
        return text, None
    weights = folder / "net.caffemodel"
    weights.write_bytes(model)
    return text, weights


def small_net(
    folder: Path, prototxt: str, model: bytes | None = None, options: NetOptions | None = None, **sources: Any
) -> Net:
    """Writes the files and reads them as a `Net`; ``sources`` as in `Sources`."""
    text, weights = write_files(folder, prototxt, model)
    stored = read_caffemodel(weights) if weights is not None else None
    return read_net(text, Sources(caffemodel=stored, **sources), options)


CONVOLUTION = "convolution_param { num_output: 2 kernel_size: 3 pad: 1 }"
TWO_LAYERS = (
    input_layer(1, 3, 5, 6)
    + layer("conv", "Convolution", "data", "conv", CONVOLUTION)
    + layer("relu", "ReLU", "conv", "conv")
)


def two_layer_weights(seed: int = 0) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(2, 3, 3, 3)).astype(np.float32), rng.normal(size=2).astype(np.float32)]
