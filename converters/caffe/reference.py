"""`caffe-reference`: the network in float64 NumPy, as the independent oracle of parity.

It shares with the ONNX emission only the parsed network; every layer's arithmetic is written a second time
in its file, and derives its own output shapes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from converters.caffe.extraction import leading_to
from converters.caffe.layers import registry
from converters.caffe.layers.registry import Array
from converters.caffe.network import Layer, Net
from toolkit.errors import BadInput, Where


def run_reference(
    net: Net, given: Mapping[str, NDArray[np.floating]], wanted: Sequence[str] | None = None
) -> dict[str, Array]:
    """Evaluates what is needed of a network.

    Args:
        net: The network.
        given: One array for every input blob; other sizes than the network's are taken where it can. Any
            other value may be given too: what only leads to it is then not evaluated.
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
    layers = leading_to(net.layers, names, frozenset(given))
    found = {name: array for name, array in _evaluated(layers, net, given) if name in names}
    return {name: found[name] if name in found else np.asarray(given[name], np.float64) for name in names}


def iterate_reference(net: Net, given: Mapping[str, NDArray[np.floating]]) -> Iterator[tuple[str, Array]]:
    """Yields every value as it is made, in the order of the layers, and forgets it after its last reader.

    Args:
        net: The network.
        given: One array for every input blob.
    """
    yield from _evaluated(net.layers, net, given)


def _evaluated(
    layers: Sequence[Layer], net: Net, given: Mapping[str, NDArray[np.floating]]
) -> Iterator[tuple[str, Array]]:
    registry.load_all()
    last = {name: layer.index for layer in layers for name in layer.bottoms}
    alive = {name: np.asarray(array, np.float64) for name, array in given.items()}
    for layer in layers:
        if all(top in given for top in layer.tops) and layer.tops:
            made: Sequence[Array] = [alive[top] for top in layer.tops]
        elif layer.type == "Input":
            missing = next(top for top in layer.tops if top not in given)
            raise BadInput("CTK516", f"no array was given for input {missing!r}", Where(file=net.file))
        else:
            made = registry.EVALUATIONS[layer.type](layer, [alive[name] for name in layer.bottoms])
        for name, array in zip(layer.tops, made, strict=True):
            alive[name] = array
            yield name, array
        for name in {*layer.bottoms, *layer.tops}:
            if last.get(name, -1) <= layer.index:
                alive.pop(name, None)
