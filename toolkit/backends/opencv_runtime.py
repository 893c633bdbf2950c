"""What loading a network into cv2.dnn takes, from ONNX and from Caffe files alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from toolkit.backends.deviations import Deviation, as_lacking, heed_deviations
from toolkit.backends.opencv_faults import load_fault, without_prints
from toolkit.backends.opencv_session import Reading, Setting
from toolkit.backends.precision import refuse_unoffered
from toolkit.backends.runtime_import import REQUIREMENTS, runtime_module
from toolkit.backends.threads import thread_count
from toolkit.errors import CtkError, EnvironmentFailed, UsageFault

__all__ = [
    "as_lacking",
    "chosen",
    "heed",
    "opencv_module",
    "place_on",
    "read_with",
    "refuse_missing_layers",
]

T = TypeVar("T")
_OFFERED = ("f32", "f16", "native")
_DEVICES = ("CPU", "OPENCL")


def opencv_module() -> Any:
    """OpenCV; raises CTK404 when it is missing or has no cv2.dnn."""
    cv2 = runtime_module("cv2", "the backend opencv")
    if not hasattr(cv2, "dnn"):
        notes = [f"install it: pip install '{REQUIREMENTS['cv2']}'"]
        raise EnvironmentFailed("CTK404", "this OpenCV has no module dnn", notes=notes)
    return cv2


def chosen(
    cv2: Any, threads: int | None, precision: str, device: str | None, winograd: bool | None
) -> tuple[int, Setting]:
    """The ``DNN_TARGET_...`` and what a session says of itself; raises as `OnnxInOpenCv.load`."""
    count = thread_count(threads)
    refuse_unoffered(precision, _OFFERED, "opencv")
    device = "CPU" if device is None else device.upper()
    if device not in _DEVICES:
        raise UsageFault(
            "CTK604",
            f"the backend opencv knows no device {device!r}",
            notes=["offered: " + ", ".join(_DEVICES)],
        )
    target = _target(cv2, device, precision)
    cv2.setNumThreads(count)
    if cv2.getNumThreads() != count:
        raise EnvironmentFailed(
            "CTK404", f"OpenCV uses {cv2.getNumThreads()} threads where {count} were asked for"
        )
    settings = {"winograd": "default" if winograd is None else "on" if winograd else "off"}
    return target, Setting(count, precision, device, settings)


def _target(cv2: Any, device: str, precision: str) -> int:
    half = "_FP16" if precision == "f16" else ""
    if device == "OPENCL" and not cv2.ocl.haveOpenCL():
        raise EnvironmentFailed(
            "CTK404",
            "OpenCV finds no OpenCL here",
            notes=["install the driver of the device, or use device CPU"],
        )
    target: int = getattr(cv2.dnn, f"DNN_TARGET_{device}{half}")
    if target not in cv2.dnn.getAvailableTargets(cv2.dnn.DNN_BACKEND_OPENCV):
        raise UsageFault(
            "CTK604",
            f"the backend opencv cannot be asked for precision {precision!r} on {device} of this machine",
            notes=["OpenCV has f16 on ARM processors and on OpenCL", "offered: f32, native"],
        )
    return target


def place_on(net: Any, cv2: Any, target: int, winograd: bool | None) -> None:
    """Sets the device and, where it was asked for, Winograd's algorithm on or off."""
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    net.setPreferableTarget(target)
    if winograd is not None:
        net.enableWinograd(winograd)


def read_with(cv2: Any, artifact: Path, read: Callable[[], T]) -> T:
    """What ``read`` returns, without OpenCV's prints; raises CTK404 or CTK408 when cv2 refuses the network."""
    try:
        with without_prints(cv2):
            return read()
    except CtkError:
        raise
    except Exception as error:
        raise load_fault(error, artifact) from error


def heed(wrong: Sequence[Deviation], artifact: Path) -> None:
    """Refuses what cannot run, and warns of what runs and gives wrong numbers.

    Raises:
        EnvironmentFailed: CTK404 naming the first node or layer.
    """
    heed_deviations(wrong, artifact, "opencv", "use another backend for this network")


def refuse_missing_layers(reading: Reading) -> None:
    """Creates every layer where all sizes are known, which shows types that cv2 lacks before the first run.

    Raises:
        EnvironmentFailed: CTK404 naming the layer.
    """
    read = [info for name, info in reading.inputs.items() if name not in reading.unread]
    if not read or any(info.is_open or not info.shape for info in read):
        return
    import cv2

    def create() -> None:
        reading.net.getLayersShapes([list(info.shape) for info in read])

    read_with(cv2, reading.artifact, create)
