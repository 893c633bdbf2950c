"""DummyData: tops that a filler makes (`dummy_data_layer.cpp`); here only fillers without chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from converters.caffe.fillers import DETERMINISTIC, UnfillableError, fill
from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import Layer, LayerShape, Shape
from converters.caffe.schema import FillerParameter

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

_LARGEST_KERNEL = 2048  # 16 MiB


@shape_rule("DummyData")
def shape(layer: Layer) -> LayerShape:
    """The stated shapes, once for all tops or once each.

    Raises:
        BadInput: CTK507 when numbers of shapes or fillers do not fit the tops, or a filler does not fit;
            CTK508 for a size below 1; CTK511 for a random filler; CTK513 for too large a bilinear kernel.
    """
    layer.expect(bottoms=(0, 0), tops=(1, None))
    shapes = _shapes(layer)
    for top in shapes:
        if any(size < 1 for size in top):
            raise layer.fault("CTK508", f"shape {top} has a size below 1")
    for top, filler in zip(shapes, _fillers(layer), strict=True):
        _check_filler(layer, top, filler)
    return LayerShape(tuple(shapes))


def _each(layer: Layer, name: str, values: Sequence[int]) -> list[int]:
    """One value for each top."""
    if len(values) not in {1, len(layer.tops)}:
        raise layer.fault("CTK507", f"{name} is given {len(values)} times for {len(layer.tops)} tops")
    return list(values) * (len(layer.tops) if len(values) == 1 else 1)


def _shapes(layer: Layer) -> list[Shape]:
    param = layer.message.dummy_data_param
    legacy = [(name, getattr(param, name)) for name in ("num", "channels", "height", "width")]
    if not any(len(values) for _, values in legacy):
        which = _each(layer, "shape", range(len(param.shape)))
        return [tuple(param.shape[i].dim) for i in which]
    if param.shape:
        raise layer.fault("CTK507", "either shape or num, channels, height and width may be given, not both")
    return list(zip(*(_each(layer, name, values) for name, values in legacy), strict=True))


def _fillers(layer: Layer) -> list[FillerParameter]:
    given = layer.message.dummy_data_param.data_filler
    if not given:
        return [FillerParameter(type="constant", value=0)] * len(layer.tops)
    return [given[i] for i in _each(layer, "data_filler", range(len(given)))]


def _check_filler(layer: Layer, top: Shape, filler: FillerParameter) -> None:
    if filler.type not in DETERMINISTIC:
        raise layer.fault(
            "CTK511",
            f"the filler {filler.type!r} of this DummyData gives other numbers in every run",
            "put an Input layer in its place, or use a constant filler",
        )
    if filler.type == "bilinear" and max(top[2:], default=0) > _LARGEST_KERNEL:
        raise layer.fault("CTK513", f"a bilinear filler of shape {top} is too large")
    try:
        _pattern(top, filler)
    except UnfillableError as error:
        raise layer.fault("CTK507", str(error)) from error


def _pattern(top: Shape, filler: FillerParameter) -> NDArray[np.float32]:
    """What repeats in the top: one number, or one bilinear kernel; so a large top costs no memory here."""
    shape = (1, 1, *top[2:]) if len(top) == 4 else top
    return fill(filler, () if filler.type == "constant" else shape, "")


@emission("DummyData")
def emit(layer: Layer, emitter: Emitter) -> None:
    """Expand of the number or kernel that repeats."""
    for slot, (top, filler) in enumerate(zip(_shapes(layer), _fillers(layer), strict=True)):
        pattern = emitter.constant(f"fill{slot}", _pattern(top, filler))
        emitter.node(
            "Expand", [pattern, emitter.constant(f"shape{slot}", np.asarray(top, np.int64))], slot=slot
        )


@evaluation("DummyData")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:  # noqa: ARG001
    """Views of the number or kernel that repeats."""
    pairs = zip(_shapes(layer), _fillers(layer), strict=True)
    return [np.broadcast_to(_pattern(top, filler).astype(np.float64), top) for top, filler in pairs]
