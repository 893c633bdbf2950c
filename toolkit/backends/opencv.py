"""The backend `opencv`: cv2.dnn on ONNX files.

Registered is `converters.caffe.opencv_backend.OpenCvBackend`, which reads Caffe files as well.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from toolkit.backends.memory import refuse_too_large
from toolkit.backends.onnx_external import onnx_files
from toolkit.backends.onnx_outline import read_outline
from toolkit.backends.opencv_deviations import onnx_deviations
from toolkit.backends.opencv_onnx import lacking_nodes, read_graph
from toolkit.backends.opencv_runtime import (
    as_lacking,
    chosen,
    heed,
    opencv_module,
    place_on,
    refuse_missing_layers,
)
from toolkit.backends.opencv_session import OpenCvSession
from toolkit.backends.protocol import Backend, Lacking


class OnnxInOpenCv:
    """Loads ONNX files into cv2.dnn."""

    formats: ClassVar[tuple[str, ...]] = ("onnx",)

    @classmethod
    def load(
        cls,
        artifact: Path,
        *,
        threads: int | None = None,
        precision: str = "f32",
        device: str | None = None,
        winograd: bool | None = None,
    ) -> OpenCvSession:
        """Loads an ONNX file; see `Backend.load`. Warns of every node that cv2 is known to compute wrongly.

        Args:
            artifact: The ONNX file; external data lies beside it.
            threads: Threads of OpenCV's pool, which the process shares; the physical cores by default.
            precision: ``f32``, ``native`` (f32 as well on a CPU), or ``f16`` where OpenCV has it.
            device: ``CPU``, or ``OPENCL`` where OpenCV finds it.
            winograd: Whether 3x3 convolutions may use Winograd's algorithm; OpenCV's own choice by default.

        Raises:
            BadInput: CTK501, CTK502 or CTK517 for the file.
            EnvironmentFailed: CTK404 when OpenCV or the device is missing, or cannot execute a node; CTK407
                and CTK408 as in `Backend.load`.
            UsageFault: CTK601 for a thread count below 1, CTK604 for a precision or device not offered.
        """
        cv2 = opencv_module()
        refuse_too_large(onnx_files(artifact), "opencv")
        target, setting = chosen(cv2, threads, precision, device, winograd)
        outline = read_outline(artifact)
        heed(onnx_deviations(outline), artifact)
        reading = read_graph(cv2, artifact, outline)
        place_on(reading.net, cv2, target, winograd)
        refuse_missing_layers(reading)
        return OpenCvSession(reading, setting)

    @classmethod
    def supports(cls, model: Path) -> tuple[Lacking, ...]:
        """Nodes that cv2 does not load, and those that it is known to compute wrongly; see `Backend.supports`."""
        cv2 = opencv_module()
        outline = read_outline(model)
        wrong = onnx_deviations(outline)
        order = {node.name or f"node {i}": i for i, node in enumerate(outline.graph.node)}
        found = {
            one.name: one for one in (*lacking_nodes(cv2, model, outline, wrong), *map(as_lacking, wrong))
        }
        return tuple(sorted(found.values(), key=lambda one: order.get(one.name, 0)))


if TYPE_CHECKING:  # the type checker holds the class to the protocol
    _HELD: type[Backend] = OnnxInOpenCv
