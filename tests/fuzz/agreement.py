"""Wrong acceptance shows here: the ONNX file must load, and compute what caffe-reference computes.

A network with dynamic sizes runs at other sizes too, where caffe-reference reads the network anew with those sizes
as fixed ones: what the conversion has written down of the first sizes then shows.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.caffe.layers import registry
from converters.caffe.network import Net, Value, elements
from converters.caffe_files import CaffeFiles
from converters.caffe_to_onnx import read_network
from converters.options import ConvertOptions
from toolkit.errors import BadInput
from toolkit.messages import collected_warnings

# Numbers with which the two orders of one sum differ as 0 does from NaN; no wrong acceptance shows there.
_EXTREME = re.compile(rb"\b-?(nan|inf)\b|1e-?(3|4)\d")
Array = NDArray[np.float64]
_MOST_ELEMENTS = 200_000  # of all blobs together, parameters included, for the two to be run
_MOST_WINDOW = 5_000_000  # products of a network's largest blob and largest parameter, a bound on its work
# Beyond this single precision is not asked for the same numbers: the sliding sums of squares that runtimes (and
# Caffe) keep for LRN lose 0.3 % of the result at values of 7000.
_TOO_LARGE = 1e3
_ROUNDINGS = 100  # how many roundings a layer may take inside, of which one shows between layers
_TOLERANCE = 1e-3  # of each blob's largest value: coarse, since wrong acceptance is off by far more


def disagreement(onnx_file: Path, files: Sequence[Path], options: ConvertOptions) -> tuple[str, str]:
    """How far it could be checked (``loaded`` or ``compared``), and the fault found or an empty text."""
    import onnx

    caffemodel = files[1] if len(files) > 1 else None
    with collected_warnings():
        net = read_network(CaffeFiles(files[0], caffemodel, "fuzzed"), options)
    try:
        onnx.checker.check_model(str(onnx_file), full_check=True)
        session = _session(onnx_file)
    except Exception:
        return "loaded", f"accepted, and the ONNX file does not load\n{traceback.format_exc(limit=-1)}"
    if not _is_cheap(net) or _EXTREME.search(files[0].read_bytes()):
        return "loaded", ""
    checked, fault = _compare(net, session)
    if fault or not net.dynamic:
        return checked, fault
    grown = _grown(net, files, options)
    if grown is None:
        return checked, fault
    at_other_sizes, fault = _compare(grown, session)
    return max(checked, at_other_sizes, key=_HOW_FAR.index), f"at other sizes: {fault}" if fault else ""


_HOW_FAR = ("loaded", "compared")
_FACTORS = (
    2,
    16,
)  # the first that the network takes; what a stride or a group divides may need the larger one


def _grown(net: Net, files: Sequence[Path], options: ConvertOptions) -> Net | None:
    """The same network at larger fixed sizes; None where it takes none of them, or too much work."""
    caffemodel = files[1] if len(files) > 1 else None
    for factor in _FACTORS:
        sizes = {name: _larger(net.values[name], factor) for name in net.inputs}
        with collected_warnings():
            try:
                found = read_network(
                    CaffeFiles(files[0], caffemodel, "fuzzed"),
                    replace(options, input_shape=sizes, batch=None),
                )
            except BadInput:
                continue
        return found if _is_cheap(found) else None
    return None


def _larger(value: Value, factor: int) -> tuple[int, ...]:
    symbols = value.symbols or (None,) * len(value.shape)
    return tuple(n if s is None else n * factor for n, s in zip(value.shape, symbols, strict=True))


def _session(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _is_cheap(net: Net) -> bool:
    values = [elements(value.shape) for value in net.values.values()]
    blobs = [blob.values.size for layer in net.layers for blob in layer.blobs]
    windows = max(values, default=0) * max(blobs, default=1)
    return sum(values) + sum(blobs) <= _MOST_ELEMENTS and windows <= _MOST_WINDOW


def _compare(net: Net, session: Any) -> tuple[str, str]:
    from converters.caffe.reference import iterate_reference

    random = np.random.default_rng(7)
    with np.errstate(all="ignore"):
        try:
            for numbers in (_numbers, _labels):
                given = {name: numbers(random, net.values[name].shape) for name in net.inputs}
                try:
                    inner = dict(iterate_reference(net, given))
                    rounded = _rounded_to_single(net, given)
                    break
                except BadInput:  # numbers that the network does not take, such as labels or rows of an Embed
                    continue
            else:
                return "loaded", ""
        except Exception:
            return "loaded", f"caffe-reference fails\n{traceback.format_exc(limit=-8)}"
    if any(not np.isfinite(a).all() or (a.size and np.abs(a).max() > _TOO_LARGE) for a in inner.values()):
        return "loaded", ""
    names = [output.name for output in session.get_outputs()]
    wanted = {i.name for i in session.get_inputs()}
    try:
        made = session.run(names, {name: array for name, array in given.items() if name in wanted})
    except Exception:
        return "loaded", f"accepted, and the ONNX file does not run\n{traceback.format_exc(limit=-1)}"
    return "compared", _first_difference(dict(zip(names, made, strict=True)), inner, rounded)


def _rounded_to_single(net: Net, given: Mapping[str, NDArray[np.float32]]) -> dict[str, Array]:
    """All values when each is rounded to float32 as it is made: how far rounding alone moves a network.

    A mutated network may be as badly conditioned as it likes (MVN of nearly equal numbers, say); its float32
    result is then off by as much in any correct runtime, and that shows no wrong acceptance.
    """
    values = {name: np.asarray(array, np.float64) for name, array in given.items()}
    for layer in net.layers:
        if layer.type == "Input":
            continue
        made = registry.EVALUATIONS[layer.type](layer, [values[name] for name in layer.bottoms])
        tops = zip(layer.tops, made, strict=True)
        values.update({name: array.astype(np.float32).astype(np.float64) for name, array in tops})
    return values


def _numbers(random: np.random.Generator, shape: Sequence[int]) -> NDArray[np.float32]:
    return random.standard_normal(shape).astype(np.float32)


def _labels(random: np.random.Generator, shape: Sequence[int]) -> NDArray[np.float32]:
    """Small numbers that most layers take that look something up."""
    return random.integers(0, 2, shape).astype(np.float32)


def _first_difference(
    made: Mapping[str, Array], wanted: Mapping[str, Array], rounded: Mapping[str, Array]
) -> str:
    for name, got in made.items():
        want = wanted[name]
        if np.shape(got) != want.shape:
            return f"output {name!r} has shape {np.shape(got)}, caffe-reference {want.shape}"
        off = np.abs(got.astype(np.float64) - want).max() if want.size else 0.0
        moved = float(np.abs(rounded[name] - want).max(initial=0.0))
        if not off <= _TOLERANCE * max(1.0, float(np.abs(want).max(initial=0.0))) + _ROUNDINGS * moved:
            return f"output {name!r} is off by {off:.3g} of {np.abs(want).max():.3g}"
    return ""
