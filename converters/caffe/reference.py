"""`caffe-reference`: the network in float64 NumPy, as the independent oracle of parity.

It shares with the ONNX emission only the parsed network; every layer's arithmetic is written a second time
in its file, and derives its own output shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from converters.caffe.layers import registry
from converters.caffe.layers.registry import Array
from converters.caffe.network import Net
from toolkit.errors import BadInput, Where


def run_reference(
    net: Net, inputs: Mapping[str, NDArray[np.floating]], wanted: Sequence[str] | None = None
) -> dict[str, Array]:
    """Evaluates a network.

    Args:
        net: The network.
        inputs: One array for every input blob; other sizes than the network's are taken where it can.
        wanted: Names of values to return (not only outputs); the network's outputs by default.

    Returns:
        float64 arrays by value name.

    Raises:
        BadInput: CTK516 when an input is missing or a wanted value unknown.
    """
    names = list(net.outputs if wanted is None else wanted)
    unknown = [name for name in names if name not in net.values]
    if unknown:
        raise BadInput("CTK516", f"no value is called {unknown[0]!r}", Where(file=net.file))
    results: dict[str, Array] = {}
    for name, array in iterate_reference(net, inputs):
        if name in names:
            results[name] = array
        if len(results) == len(set(names)):
            break
    return results


def iterate_reference(net: Net, inputs: Mapping[str, NDArray[np.floating]]) -> Iterator[tuple[str, Array]]:
    """Yields every value as it is made, in the order of the layers, and forgets it after its last reader.

    Args:
        net: The network.
        inputs: One array for every input blob.
    """
    registry.load_all()
    last = {name: layer.index for layer in net.layers for name in layer.bottoms}
    alive: dict[str, Array] = {}
    for layer in net.layers:
        if layer.type == "Input":
            missing = [top for top in layer.tops if top not in inputs]
            if missing:
                raise BadInput("CTK516", f"no array was given for input {missing[0]!r}", Where(file=net.file))
            made: Sequence[Array] = [np.asarray(inputs[top], np.float64) for top in layer.tops]
        else:
            made = registry.EVALUATIONS[layer.type](layer, [alive[name] for name in layer.bottoms])
        for name, array in zip(layer.tops, made, strict=True):
            alive[name] = array
            yield name, array
        for name in {*layer.bottoms, *layer.tops}:
            if last.get(name, -1) <= layer.index:
                alive.pop(name, None)
