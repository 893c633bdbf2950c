"""Which runtimes may compute 3×3 convolutions with fewer multiplications, by Winograd's algorithm."""

from __future__ import annotations

import platform

# On x86 these compute convolutions directly. openvino and torch hand them to the Arm Compute Library and to
# NNPACK on other processors, which know Winograd's algorithm.
_DIRECT_EVERYWHERE = frozenset({"ascend", "caffe-reference", "onnxruntime"})
_DIRECT_ON_X86 = frozenset({"openvino", "torch"})
_X86 = frozenset({"x86_64", "amd64", "i386", "i686"})


def may_use_winograd(backend: str, device: str = "CPU", processor: str | None = None) -> bool:
    """Whether a 3×3 convolution may take fewer FLOPs than its definition; True where that is not known.

    Args:
        backend: Its word of DESIGN §1; any other name is a backend that ctk does not know.
        device: Where it computes, as `BackendInfo.device`. GPUs' libraries all know the algorithm.
        processor: What ``platform.machine()`` says.
    """
    if backend == "ascend":
        return False
    if not is_cpu(device):
        return True
    known = (platform.machine() if processor is None else processor).lower() in _X86
    return not (backend in _DIRECT_EVERYWHERE or (known and backend in _DIRECT_ON_X86))


def is_cpu(device: str) -> bool:
    """Whether a device, as `BackendInfo.device` gives it, is the processor itself."""
    return device.upper().partition(".")[0] == "CPU"
