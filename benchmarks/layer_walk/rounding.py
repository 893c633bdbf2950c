"""How large an error rounding alone can make in one layer, in the precision that was executed.

A layer that computes dot products with its own weights (Convolution, Deconvolution, InnerProduct) errs by about

    (sqrt(n) * u_sum + 3 * u) * (|w| * |x| + |b|)

where n is how many products are added, u the unit roundoff in which inputs, weights and outputs are stored, and
u_sum that of the sum. The sum's part is Higham and Mary, "A New Approach to Probabilistic Rounding Error
Analysis", SIAM J. Sci. Comput. 41(5), 2019, theorem 2.4 (sqrt(n) * u in place of the certain n * u of Higham,
"Accuracy and Stability of Numerical Algorithms", 2nd ed. 2002, section 3.1); one u each for what is stored. Any
other layer f errs by about

    max|f(x * (1 + u * s)) - f(x)| + 2 * u * max|y| + sqrt(n) * u_sum * max|y|,   s random signs

which measures how it answers to the rounding of its inputs (Monte Carlo arithmetic: Parker, "Monte Carlo
Arithmetic", UCLA CSD-970002, 1997). Both are sizes, not certain bounds: a few times as much counts as rounding.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from converters.caffe.layers import registry
from converters.caffe.layers.registry import Array
from converters.caffe.network import Layer
from toolkit.backends.precision import parts_of

UNIT_ROUNDOFF = {"f64": 2.0**-24, "f32": 2.0**-24, "f16": 2.0**-11, "bf16": 2.0**-8}
"""Half a unit in the last place of 1 (IEEE 754; bf16 keeps 8 bits). Results in f64 are handed on as f32."""
SAFETY = 4.0
"""How many of these sizes count as rounding. Runtimes were seen to reach 0.9 (DESIGN's golden networks)."""
WINOGRAD = 16.0
"""Further factor where a runtime may use Winograd's algorithm, whose transforms cancel digits. On the golden
networks opencv was seen to reach 10.5. (Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd
Convolution for Deep Neural Networks", ACM TOMS 46(4), 2020.)"""
_SUM = 2.0**-24  # processors and their libraries add f16 and bf16 products in f32
_LINEAR = frozenset({"Convolution", "ConvolutionDepthwise", "Deconvolution", "InnerProduct"})
_OVER_CHANNELS = frozenset({"LRN", "Softmax", "SoftmaxWithLoss", "Normalize"})
_OVER_EVERYTHING = frozenset({"MVN", "BatchNorm"})
_SEED = 0


def unit_roundoff(precision: str) -> float | None:
    """Unit roundoff of an executed precision; of ``mixed:…`` the coarsest. None for i8, which is no rounding."""
    parts = parts_of(precision)
    known = [UNIT_ROUNDOFF[part] for part in parts if part in UNIT_ROUNDOFF]
    return max(known) if len(known) == len(parts) else None


def rounding_error(
    layer: Layer, bottoms: Sequence[Array], tops: Sequence[Array], precision: str
) -> float | None:
    """The largest error, over all of a layer's tops, that rounding is likely to make.

    Args:
        layer: The layer.
        bottoms: What it reads, float64.
        tops: What it makes of that in float64.
        precision: A word of DESIGN §1 for what was executed.

    Returns:
        An absolute error in the tops' unit; None for a precision of which nothing is known.
    """
    unit = unit_roundoff(precision)
    if unit is None:
        return None
    with np.errstate(all="ignore"):
        error = _linear(layer, bottoms, unit) if layer.type in _LINEAR else _other(layer, bottoms, tops, unit)
    return error if math.isfinite(error) else None


def is_explained(
    error: float, layer: Layer, bottoms: Sequence[Array], tops: Sequence[Array], precision: str
) -> bool | None:
    """Whether rounding explains a layer's own error.

    Args:
        error: Largest difference between what the layer made of `bottoms` and `tops`.
        layer: As `rounding_error`, like the others.
        bottoms: What it read.
        tops: What it makes of that in float64.
        precision: What was executed.

    Returns:
        None for a precision of which nothing is known.
    """
    unit = unit_roundoff(precision)
    if unit is None:
        return None
    if error <= SAFETY * 2 * unit * _largest(tops):  # both sizes are at least this, and it costs nothing
        return True
    size = rounding_error(layer, bottoms, tops, precision)
    transforms = _is_for_winograd(layer) and "bf16" not in parts_of(precision)
    return None if size is None else error <= size * SAFETY * (WINOGRAD if transforms else 1.0)


def _linear(layer: Layer, bottoms: Sequence[Array], unit: float) -> float:
    blobs = tuple(replace(blob, values=np.abs(blob.values)) for blob in layer.blobs)
    sizes = _evaluated(replace(layer, blobs=blobs), [np.abs(bottom) for bottom in bottoms])
    products = layer.blobs[0].values.size / _outputs_of(layer)
    return (math.sqrt(products) * _SUM + 3 * unit) * _largest(sizes)


def _other(layer: Layer, bottoms: Sequence[Array], tops: Sequence[Array], unit: float) -> float:
    random = np.random.default_rng(_SEED)
    moved = [b * (1 + unit * random.choice((-1.0, 1.0), b.shape)) for b in bottoms]
    answer = max(
        (_largest([new - top]) for new, top in zip(_evaluated(layer, moved), tops, strict=True)), default=0.0
    )
    return answer + (2 * unit + math.sqrt(_summed(layer, bottoms, tops)) * _SUM) * _largest(tops)


def _is_for_winograd(layer: Layer) -> bool:
    """Whether it is a convolution whose kernels are 3x3, and no stride or dilation is stated but 1."""
    if layer.type != "Convolution":
        return False
    message = layer.message.convolution_param
    steps = {*message.stride, *message.dilation, message.stride_h or 1, message.stride_w or 1}
    return layer.blobs[0].values.shape[2:] == (3, 3) and steps == {1}


def _evaluated(layer: Layer, bottoms: Sequence[Array]) -> Sequence[Array]:
    return registry.EVALUATIONS[layer.type](layer, bottoms)


def _outputs_of(layer: Layer) -> int:
    message = layer.message
    inner = layer.type == "InnerProduct"
    return int((message.inner_product_param if inner else message.convolution_param).num_output) or int(
        layer.top_shapes[0][1]
    )


def _summed(layer: Layer, bottoms: Sequence[Array], tops: Sequence[Array]) -> float:
    """About how many numbers are added for one; too many do little harm."""
    first = next(iter(bottoms), None)
    if first is None or not first.size or first.ndim < 2:
        return 1.0
    if layer.type in _OVER_CHANNELS:
        return float(first.shape[1])
    if layer.type in _OVER_EVERYTHING:
        return float(first.size / first.shape[0])
    return max(1.0, first.size / max(1, min((top.size for top in tops), default=1)))


def _largest(arrays: Sequence[Array]) -> float:
    return max((float(np.abs(array).max(initial=0)) for array in arrays), default=0.0)
