"""Kernel, stride, pad and dilation of Convolution and Deconvolution (`base_conv_layer.cpp`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from converters.caffe.layers._dynamic_sizes import needs_fixed_sizes
from converters.caffe.layers._in_place import refuse_in_place, refuse_reshaped_in_place
from converters.caffe.network import BlobSpec, Layer, LayerShape, Shape
from converters.caffe.schema import ConvolutionParameter

if TYPE_CHECKING:
    from converters.onnx.emitter import Emitter


@dataclass(frozen=True, slots=True)
class Windows:
    """The geometry of a (de)convolution; every tuple has one entry per spatial axis.

    Attributes:
        axis: Channel axis; axes before it are batch axes, axes after it are spatial.
        channels: Channels of the bottom.
        outputs: Channels of the top.
        group: Number of groups.
        has_bias: Whether there is a bias blob.
    """

    axis: int
    channels: int
    outputs: int
    group: int
    has_bias: bool
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[int, ...]
    dilation: tuple[int, ...]

    @property
    def extent(self) -> tuple[int, ...]:
        """Reach of the dilated kernel: d(k - 1) + 1."""
        return tuple(d * (k - 1) + 1 for k, d in zip(self.kernel, self.dilation, strict=True))


def windows_of(layer: Layer) -> Windows:
    """Reads and checks ``convolution_param`` against the first bottom's shape.

    Raises:
        BadInput: CTK507 for a field that Caffe refuses, CTK508 for sizes that do not fit.
    """
    param = layer.message.convolution_param
    bottom = layer.bottom_shapes[0]
    axis = layer.canonical_axis(param.axis)
    spatial = len(bottom) - axis - 1
    windows = Windows(
        axis=axis,
        channels=bottom[axis],
        outputs=param.num_output,
        group=param.group,
        has_bias=param.bias_term,
        kernel=_per_axis(layer, param, "kernel", "kernel_size", spatial, None),
        stride=_per_axis(layer, param, "stride", "stride", spatial, 1),
        pad=_per_axis(layer, param, "pad", "pad", spatial, 0),
        dilation=_repeated(layer, "dilation", param.dilation, spatial, 1),
    )
    _check(layer, windows)
    return windows


def convolution_shape(layer: Layer, windows: Windows, spatial: Shape, weight: Shape) -> LayerShape:
    """Tops and blobs common to both types; ``spatial`` is the size of one top.

    Raises:
        BadInput: CTK505 when tops and bottoms differ in number, and in place where Caffe would read what it has
            written; CTK508 when bottoms differ in shape or nothing is left of the picture.
    """
    layer.expect(bottoms=(1, None), tops=(1, None))
    if len(layer.tops) != len(layer.bottoms):
        raise layer.fault("CTK505", f"{len(layer.bottoms)} bottoms need as many tops, not {len(layer.tops)}")
    if any(shape != layer.bottom_shapes[0] for shape in layer.bottom_shapes):
        raise layer.fault(
            "CTK508", f"all bottoms must have one shape, these have {list(layer.bottom_shapes)}"
        )
    if any(size < 1 for size in spatial):
        raise layer.fault(
            "CTK508",
            f"the kernel reaches over {windows.extent} and does not fit into the padded bottom {layer.bottom_shapes[0]}",
        )
    param = layer.message.convolution_param
    blobs = [BlobSpec("weight", weight, param.weight_filler if param.HasField("weight_filler") else None)]
    if windows.has_bias:
        filler = param.bias_filler if param.HasField("bias_filler") else None
        blobs.append(BlobSpec("bias", (windows.outputs,), filler))
    top = (*layer.bottom_shapes[0][: windows.axis], windows.outputs, *spatial)
    _check_in_place(layer, windows, top)
    return LayerShape((top,) * len(layer.tops), tuple(blobs))


def _check_in_place(layer: Layer, windows: Windows, top: Shape) -> None:
    if prod(windows.kernel) == 1 and set(windows.stride) <= {1} and not any(windows.pad):
        # Caffe's 1x1 shortcut multiplies straight from the memory it writes to: the result is undefined.
        refuse_in_place(layer, "a 1x1 kernel reads from the memory it writes to")
    refuse_reshaped_in_place(layer, top)


def pads_behind(layer: Layer, emitter: Emitter, windows: Windows) -> list[int]:
    """Padding behind each axis: Caffe's, and what a kernel that fits only once reaches beyond it.

    Raises:
        UsageFault: CTK604 for such a kernel where a size is dynamic: how far it reaches beyond depends on it.
    """
    sizes = layer.bottom_shapes[0][windows.axis + 1 :]
    beyond = [max(0, e - x - 2 * p) for e, x, p in zip(windows.extent, sizes, windows.pad, strict=True)]
    if any(beyond) and None in emitter.dims(layer.bottoms[0])[windows.axis + 1 :]:
        raise needs_fixed_sizes(layer, "a kernel larger than the padded bottom")
    return [p + more for p, more in zip(windows.pad, beyond, strict=True)]


def every_nth(tap: tuple[int, ...], windows: Windows, counts: Sequence[int]) -> tuple[slice, ...]:
    """Positions that one kernel tap meets in a (batch, group, channel, spatial...) array of padded size."""
    steps = zip(tap, windows.dilation, counts, windows.stride, strict=True)
    return (slice(None),) * 3 + tuple(slice(t * d, t * d + (n - 1) * s + 1, s) for t, d, n, s in steps)


def _check(layer: Layer, windows: Windows) -> None:
    if windows.outputs < 1:
        raise layer.fault("CTK507", "num_output must be at least 1")
    if windows.group < 1 or windows.channels % windows.group or windows.outputs % windows.group:
        raise layer.fault(
            "CTK507",
            f"group {windows.group} does not divide {windows.channels} input and {windows.outputs} output channels",
        )
    for name, values in (
        ("kernel", windows.kernel),
        ("stride", windows.stride),
        ("dilation", windows.dilation),
    ):
        if any(value < 1 for value in values):
            raise layer.fault("CTK507", f"{name} {_shown(values)} must be at least 1")
    for name, values in (
        ("kernel", windows.kernel),
        ("stride", windows.stride),
        ("pad", windows.pad),
        ("dilation", windows.dilation),
    ):
        if any(value > _MOST for value in values):
            raise layer.fault("CTK507", f"{name} {_shown(values)} is too large")


_MOST = 2**31 - 1


def _per_axis(
    layer: Layer, param: ConvolutionParameter, stem: str, plain: str, spatial: int, default: int | None
) -> tuple[int, ...]:
    """``kernel_h``/``kernel_w`` in two dimensions, or the repeated plain field."""
    fields = (f"{stem}_h", f"{stem}_w")
    values: Sequence[int] = getattr(param, plain)
    if not any(param.HasField(name) for name in fields):
        return _repeated(layer, plain, values, spatial, default)
    if spatial != 2:
        raise layer.fault(
            "CTK507", f"{fields[0]} and {fields[1]} need two spatial axes, the bottom has {spatial}"
        )
    if values:
        raise layer.fault("CTK507", f"either {plain} or {fields[0]} and {fields[1]} may be given, not both")
    return (getattr(param, fields[0]), getattr(param, fields[1]))


def _repeated(
    layer: Layer, name: str, values: Sequence[int], spatial: int, default: int | None
) -> tuple[int, ...]:
    if not values and default is not None:
        return (default,) * spatial
    if len(values) == 1:
        return (values[0],) * spatial
    if len(values) != spatial:
        raise layer.fault(
            "CTK507", f"{name} is given {len(values)} times for {spatial} spatial axes; once, or once each"
        )
    return tuple(values)


def _shown(values: tuple[int, ...]) -> str:
    return "x".join(map(str, values))
