"""Layers that read their input from files: a converted network has none of them, and is told its input."""

from __future__ import annotations

from collections.abc import Sequence

from converters.caffe.layers.registry import refused
from converters.caffe.network import Layer

_ELSEWHERE = "or drop the layer from the network that runs: include { phase: TRAIN }"


def _put_input(layer: Layer) -> Sequence[str]:
    return [
        f"put an Input layer with the tops {', '.join(layer.tops)} and their shapes in its place",
        _ELSEWHERE,
    ]


def _put_input_of_memory(layer: Layer) -> Sequence[str]:
    """MemoryData states its shape: batch x channels x height x width, and one label for each item."""
    param = layer.message.memory_data_param
    sizes = (param.batch_size, param.channels, param.height, param.width)
    data = " ".join(f"dim: {size}" for size in sizes)
    labels = f" shape {{ dim: {param.batch_size} }}" if len(layer.tops) == 2 else ""
    return [f"put an Input layer in its place, with input_param {{ shape {{ {data} }}{labels} }}", _ELSEWHERE]


refused("Data", reason="reads its input from a database (LMDB or LevelDB)", advice=_put_input)
refused("HDF5Data", reason="reads its input from HDF5 files", advice=_put_input)
refused("ImageData", "WindowData", reason="reads its input from a list of pictures", advice=_put_input)
refused("MemoryData", reason="is filled by the program around Caffe", advice=_put_input_of_memory)
