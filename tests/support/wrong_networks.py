"""Caffe networks with a mistake in them, run by `caffe-reference`: what a faulty artifact should compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from converters.caffe.build import NetOptions, load_sources, read_net
from converters.caffe.network import Layer, Net
from converters.caffe.reference import run_reference

Doubles = NDArray[np.float64]
CASES = Path(__file__).parents[1] / "golden" / "cases"


def case_files(case: str) -> list[Path]:
    return [
        file for name in ("deploy.prototxt", "weights.caffemodel") if (file := CASES / case / name).exists()
    ]


def case_net(case: str) -> Net:
    prototxt, *weights = case_files(case)
    return read_net(prototxt, load_sources(weights[0] if weights else None), NetOptions())


def case_inputs(case: str) -> dict[str, NDArray[np.float32]]:
    with np.load(CASES / case / "inputs.npz", allow_pickle=False) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}


def layer_of(net: Net, name: str) -> Layer:
    return next(layer for layer in net.layers if layer.name == name)


def with_layer(net: Net, name: str, change: Callable[[Layer], Layer]) -> Net:
    """The network with one layer replaced."""
    return replace(net, layers=tuple(change(one) if one.name == name else one for one in net.layers))


def with_numbers(
    net: Net, name: str, role: str, change: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> Net:
    """The network with other numbers in one blob of a layer."""

    def changed(layer: Layer) -> Layer:
        blobs = tuple(
            replace(blob, values=change(np.asarray(blob.values, np.float64)).astype(np.float32))
            if blob.role == role
            else blob
            for blob in layer.blobs
        )
        assert any(blob.role == role for blob in blobs)
        return replace(layer, blobs=blobs)

    return with_layer(net, name, changed)


def with_parameter(net: Net, name: str, message: str, **fields: object) -> Net:
    """The network with other fields in one layer's parameter message; a list replaces a repeated field."""

    def changed(layer: Layer) -> Layer:
        copy = type(layer.message)()
        copy.CopyFrom(layer.message)
        part = getattr(copy, message)
        for field, value in fields.items():
            part.ClearField(field)
            if isinstance(value, list):
                getattr(part, field).extend(value)
            else:
                setattr(part, field, value)
        return replace(layer, message=copy)

    return with_layer(net, name, changed)


def run(net: Net, given: Mapping[str, NDArray[np.floating]]) -> dict[str, Doubles]:
    return run_reference(net, given)


def run_from(
    net: Net,
    given: Mapping[str, NDArray[np.floating]],
    value: str,
    change: Callable[[Doubles], Doubles],
    source: Net | None = None,
) -> dict[str, Doubles]:
    """Outputs where one value inside is another: what a (wrong) network makes of it, changed."""
    made = run_reference(source or net, given, [value])[value]
    return run_reference(net, {**given, value: change(made)})
