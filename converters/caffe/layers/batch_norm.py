"""BatchNorm: (x - mean) / sqrt(variance + eps), without scale and shift (`batch_norm_layer.cpp`).

The stored mean and variance are sums: both are divided by the third blob, or count as 0 when it is 0.
`use_global_stats` is true at TEST unless the prototxt says otherwise; else the statistics are those of the
batch, with biased variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from converters.caffe.layers.registry import Array, emission, evaluation, shape_rule
from converters.caffe.network import BlobSpec, Layer, LayerShape

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter

_FACTOR_NOTE = "mean and variance are divided by it"


@shape_rule("BatchNorm")
def shape(layer: Layer) -> LayerShape:
    """The top has the shape of the bottom; blobs mean, variance and factor.

    Raises:
        BadInput: CTK508 for a bottom of fewer than two axes, on which Caffe fails.
    """
    layer.expect(bottoms=(1, 1), tops=(1, 1))
    bottom = layer.bottom_shapes[0]
    if len(bottom) < 2:
        raise layer.fault("CTK508", f"BatchNorm needs a channel axis, the bottom has shape {bottom}")
    channels = (bottom[1],)
    return LayerShape(
        (bottom,), (BlobSpec("mean", channels), BlobSpec("variance", channels), BlobSpec("factor", (1,)))
    )


def uses_global_statistics(layer: Layer) -> bool:
    """Whether the stored statistics are used."""
    param = layer.message.batch_norm_param
    return param.use_global_stats if param.HasField("use_global_stats") else not layer.trains


@emission("BatchNorm")
def emit(layer: Layer, emitter: Emitter) -> None:
    """BatchNormalization with scale 1 and shift 0, or the statistics of the batch written out."""
    if uses_global_statistics(layer):
        _emit_stored(layer, emitter)
    else:
        _emit_of_batch(layer, emitter)


def _emit_stored(layer: Layer, emitter: Emitter) -> None:
    factor = layer.blobs[2].values.reshape(-1)[0]
    # Caffe computes 1/factor in float and multiplies; the same rounding is kept.
    with np.errstate(all="ignore"):
        inverse = np.float32(0) if factor == 0 else np.float32(1) / np.float32(factor)

    def divided(stored: NDArray[np.float32]) -> NDArray[np.float32]:
        with np.errstate(all="ignore"):  # infinite or NaN as in Caffe, and warned of when it was read
            return stored if inverse == 1 else stored * inverse

    mean = emitter.parameter(0, transform=divided)
    variance = emitter.parameter(1, transform=divided)
    emitter.fold(2, _FACTOR_NOTE)
    # Views of one number: the prototxt says how many there are, and they are written piece by piece.
    channels = layer.bottom_shapes[0][1]
    gamma = emitter.constant("gamma", np.broadcast_to(np.float32(1), channels))
    beta = emitter.constant("beta", np.broadcast_to(np.float32(0), channels))
    emitter.node(
        "BatchNormalization",
        [layer.bottoms[0], gamma, beta, mean, variance],
        epsilon=layer.message.batch_norm_param.eps,
    )


def _emit_of_batch(layer: Layer, emitter: Emitter) -> None:
    for index in range(3):
        emitter.fold(index, "unused: use_global_stats is false, so the statistics of the batch count")
    axes = [0, *range(2, len(layer.bottom_shapes[0]))]
    mean = emitter.reduce("ReduceMean", layer.bottoms, axes, inner="mean")
    centred = emitter.node("Sub", [layer.bottoms[0], mean[0]], inner="centred")
    squared = emitter.node("Mul", [centred[0], centred[0]], inner="squared")
    variance = emitter.reduce("ReduceMean", squared, axes, inner="variance")
    eps = emitter.constant("eps", np.asarray(layer.message.batch_norm_param.eps, np.float32))
    raised = emitter.node("Add", [variance[0], eps], inner="variance_eps")
    deviation = emitter.node("Sqrt", raised, inner="deviation")
    emitter.node("Div", [centred[0], deviation[0]])


@evaluation("BatchNorm")
def evaluate(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    """The formula itself, per channel (axis 1)."""
    (x,) = bottoms
    param = layer.message.batch_norm_param
    column = (1, -1, *[1] * (x.ndim - 2))
    if uses_global_statistics(layer):
        mean, variance, factor = (np.asarray(blob.values, np.float64).reshape(-1) for blob in layer.blobs)
        divisor = factor[0] if factor[0] != 0 else np.inf
        mean, variance = mean / divisor, variance / divisor
    else:
        axes = (0, *range(2, x.ndim))
        mean, variance = x.mean(axis=axes), x.var(axis=axes)
    # eps is a float32 field: 1e-5 as Caffe holds it.
    return [(x - mean.reshape(column)) / np.sqrt(variance.reshape(column) + np.float64(param.eps))]
