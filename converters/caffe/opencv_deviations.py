"""Where cv2.dnn computes something else than Caffe does from Caffe files, without a word.

Found by the golden cases, and by running layers of every type with their fields varied against
`caffe-reference`, in opencv-python-headless 4.14.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from converters.caffe.layers._pooling_windows import pooling_axes
from converters.caffe.network import Layer, Net
from converters.caffe.schema import LRNParameter
from toolkit.backends.opencv_deviations import Deviation

Found = tuple[str, bool] | None
# cv2.dnn divides by sqrt(variance + eps), Caffe by sqrt(variance) + eps; below this it makes no difference.
_SMALL_EPS = 1e-6


def caffe_deviations(net: Net) -> tuple[Deviation, ...]:
    """The layers of a network that cv2.dnn gets wrong, in file order."""
    return tuple(_deviations(net))


def deviation_of(layer: Layer) -> Deviation | None:
    """What cv2.dnn gets wrong about a layer whose shapes are known."""
    rule = _RULES.get(layer.type)
    found = rule(layer) if rule else None
    return Deviation(layer.name, layer.type, *found) if found else None


def _deviations(net: Net) -> Iterator[Deviation]:
    for layer in net.layers:
        found = deviation_of(layer)
        if found:
            yield found


def _convolution(layer: Layer) -> Found:
    if _spatial_axes(layer) > 2:
        return "a Convolution over more than two spatial axes fails while running", True
    return None


def _deconvolution(layer: Layer) -> Found:
    if any(step != 1 for step in layer.message.convolution_param.dilation):
        return "Deconvolution ignores its dilation, and its top has another shape", True
    if _spatial_axes(layer) != 2:
        return "a Deconvolution over other than two spatial axes fails while running", True
    return None


def _spatial_axes(layer: Layer) -> int:
    rank = len(layer.bottom_shapes[0])
    return rank - 1 - layer.canonical_axis(layer.message.convolution_param.axis)


def _axpy(_: Layer) -> Found:
    return "Axpy fails while running", True


def _interp(layer: Layer) -> Found:
    param = layer.message.interp_param
    return ("Interp ignores pad_beg and pad_end", False) if param.pad_beg or param.pad_end else None


def _normalize(layer: Layer) -> Found:
    param = layer.message.norm_param
    if param.across_spatial and not param.channel_shared:
        return "Normalize across positions fails with a scale for each channel", True
    return None


def _swish(layer: Layer) -> Found:
    return ("Swish ignores beta", False) if layer.message.swish_param.beta != 1 else None


def _concat(layer: Layer) -> Found:
    return ("a Concat of one bottom gives wrong numbers", False) if len(layer.bottoms) == 1 else None


def _log(layer: Layer) -> Found:
    param = layer.message.log_param
    plain = (param.base, param.scale, param.shift) == (-1, 1, 0)
    return None if plain else ("Log ignores its base, scale and shift", False)


def _lrn(layer: Layer) -> Found:
    param = layer.message.lrn_param
    if param.norm_region == LRNParameter.ACROSS_CHANNELS and param.k != 1:
        return "LRN ignores k", False
    return None


def _mvn(layer: Layer) -> Found:
    param = layer.message.mvn_param
    if param.normalize_variance and param.eps > _SMALL_EPS:
        return "MVN adds eps to the variance, not to its root", False
    return None


def _scale(layer: Layer) -> Found:
    if len(layer.bottoms) > 1 and layer.message.scale_param.bias_term:
        return "a Scale of two bottoms leaves out its bias", False
    return None


def _pooling(layer: Layer) -> Found:
    sizes = layer.bottom_shapes[0][2:]
    if any(axis.is_last_empty(size) for axis, size in zip(pooling_axes(layer), sizes, strict=True)):
        return "a pooling window that lies wholly outside gives another number", False
    return None


_RULES: dict[str, Callable[[Layer], Found]] = {
    "Axpy": _axpy,
    "Concat": _concat,
    "Convolution": _convolution,
    "Deconvolution": _deconvolution,
    "Interp": _interp,
    "LRN": _lrn,
    "Log": _log,
    "MVN": _mvn,
    "Normalize": _normalize,
    "Pooling": _pooling,
    "Scale": _scale,
    "Swish": _swish,
}
