"""Kernel, stride, pad and size rule of Pooling (`pooling_layer.cpp`), one spatial axis at a time.

Output size: ceil((x + 2p - k) / s) + 1, or floor with `round_mode: FLOOR`. When either axis is padded, a last
window that starts at or behind x + p is dropped on both axes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from converters.caffe.network import Layer
from converters.caffe.schema import PoolingParameter

_MOST = 2**31 - 1  # Caffe holds these fields in an int


@dataclass(frozen=True, slots=True)
class PoolingAxis:
    """Windows along one axis.

    Attributes:
        kernel: Size of a window.
        stride: Step between windows.
        pad: Padding in front, and behind.
        ceil: Whether the number of windows is rounded up.
        clip: Whether a last window that starts in the padding behind is dropped.
    """

    kernel: int
    stride: int
    pad: int
    ceil: bool
    clip: bool

    def outputs(self, size: int) -> int:
        """Number of windows over ``size`` positions; below 1 where no window fits."""
        # Caffe divides in float32 before it rounds.
        quotient = np.float32(size + 2 * self.pad - self.kernel) / np.float32(self.stride)
        count = int(np.ceil(quotient) if self.ceil else np.floor(quotient)) + 1
        return count - 1 if self.clip and (count - 1) * self.stride >= size + self.pad else count

    def last_start(self, size: int) -> int:
        """Where the last window starts; at ``size`` or more it lies wholly outside."""
        return (self.outputs(size) - 1) * self.stride - self.pad

    def is_last_empty(self, size: int) -> bool:
        """Whether the last window lies wholly outside; only the last one can, since pad < kernel."""
        return self.last_start(size) >= size

    @property
    def may_be_empty(self) -> bool:
        """Whether there are sizes at which the last window is empty."""
        return self.ceil and not self.clip and self.stride > self.kernel

    def end_pad(self, size: int | None) -> int:
        """Padding behind that gives Caffe's number of windows when it is rounded down.

        Without a size, a number that holds for every size: rounded up, ceil(q / s) = floor((q + s - 1) / s)
        asks for p + s - 1. Where that reaches the kernel (s + p > k), the clip rule decides: it keeps the
        windows that start before x + p, of which there are floor((x + p - 1) / s) + 1, hence k - 1.
        """
        if size is not None:
            return max(0, self.last_start(size) + self.kernel - size)
        if not self.ceil:
            return self.pad
        return min(self.pad + self.stride, self.kernel) - 1 if self.clip else self.stride - 1


def pooling_axes(layer: Layer) -> tuple[PoolingAxis, PoolingAxis]:
    """Reads and checks ``pooling_param``: the axes of height and width.

    A global pooling takes the kernel from the first bottom's shape.

    Raises:
        BadInput: CTK507 for a field that Caffe refuses.
    """
    param = layer.message.pooling_param
    kernel = layer.bottom_shapes[0][2:] if param.global_pooling else _kernel(layer, param)
    pad, stride = _pair(layer, param, "pad"), _pair(layer, param, "stride")
    _check(layer, kernel, pad, stride)
    ceil = param.round_mode == PoolingParameter.CEIL
    height, width = (
        PoolingAxis(k, s, p, ceil=ceil, clip=any(pad)) for k, s, p in zip(kernel, stride, pad, strict=True)
    )
    return height, width


def _kernel(layer: Layer, param: PoolingParameter) -> tuple[int, ...]:
    both = param.HasField("kernel_h") and param.HasField("kernel_w")
    if param.HasField("kernel_size") == both:
        raise layer.fault(
            "CTK507", "either kernel_size or both kernel_h and kernel_w must be given, and not all of them"
        )
    return (param.kernel_h, param.kernel_w) if both else (param.kernel_size, param.kernel_size)


def _pair(layer: Layer, param: PoolingParameter, stem: str) -> tuple[int, int]:
    fields = (f"{stem}_h", f"{stem}_w")
    given = [param.HasField(name) for name in fields]
    if any(given) and (not all(given) or param.HasField(stem)):
        raise layer.fault("CTK507", f"either {stem} or both {fields[0]} and {fields[1]} may be given")
    height, width = (getattr(param, name) for name in (fields if all(given) else (stem, stem)))
    return (height, width)


def _check(layer: Layer, kernel: tuple[int, ...], pad: tuple[int, int], stride: tuple[int, int]) -> None:
    param = layer.message.pooling_param
    if param.global_pooling:
        if any(param.HasField(name) for name in ("kernel_size", "kernel_h", "kernel_w")):
            raise layer.fault("CTK507", "global_pooling takes no kernel size")
        if any(pad) or stride != (1, 1):
            raise layer.fault("CTK507", "global_pooling takes neither pad nor stride")
    for name, values in (("kernel", kernel), ("stride", stride)):
        if min(values) < 1:
            raise layer.fault("CTK507", f"{name} {values[0]}x{values[1]} must be at least 1")
    if max(*kernel, *stride, *pad) > _MOST:
        raise layer.fault("CTK507", "kernel, stride or pad is too large")
    if any(pad) and any(p >= k for p, k in zip(pad, kernel, strict=True)):
        raise layer.fault(
            "CTK507", f"pad {pad[0]}x{pad[1]} must be smaller than the kernel {kernel[0]}x{kernel[1]}"
        )
