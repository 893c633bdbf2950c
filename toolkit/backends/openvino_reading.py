"""Artifacts read into OpenVINO: IR as a checked pair of files, ONNX through its own reader alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from toolkit.backends.memory import refuse_too_large
from toolkit.backends.onnx_external import onnx_files
from toolkit.backends.openvino_faults import reading_fault
from toolkit.content import HEAD_BYTES, refuse_stand_in, sniff
from toolkit.files import opened
from toolkit.ir_files import bin_of, check_pair


def format_of(artifact: Path) -> str:
    """``openvino`` or ``onnx``, by the file's first bytes; a file that tells nothing, by its suffix.

    Raises:
        BadInput: CTK501 when it cannot be read, CTK502 when it is something else.
    """
    with opened(artifact, "artifact") as file:
        head = file.read(HEAD_BYTES)
    if sniff(head) == "ir" or (sniff(head) == "unknown" and artifact.suffix.lower() == ".xml"):
        return "openvino"
    refuse_stand_in(head, artifact, "onnx")
    return "onnx"


def read_artifact(core: Any, artifact: Path) -> Any:
    """The ``openvino.Model`` of an artifact.

    Args:
        core: The ``openvino.Core``.
        artifact: The xml of an IR, or an ONNX file.

    Raises:
        BadInput: CTK501 or CTK502 for the file, CTK517 or CTK520 when it is damaged.
        EnvironmentFailed: CTK404 naming the operators that OpenVINO lacks; CTK408 for a model larger than
            memory.
    """
    format_ = format_of(artifact)
    if format_ == "openvino":
        check_pair(artifact)
        refuse_too_large([artifact, bin_of(artifact)], "openvino")
    else:
        refuse_too_large(onnx_files(artifact), "openvino")
    try:
        return core.read_model(artifact) if format_ == "openvino" else _read_onnx(artifact)
    except Exception as error:
        raise reading_fault(error, artifact, format_) from error


def _read_onnx(artifact: Path) -> Any:
    """By the ONNX reader itself: asked for any, OpenVINO tries them all, and they write to standard error."""
    from openvino.frontend import FrontEndManager

    reader = FrontEndManager().load_by_framework("onnx")
    return reader.convert(reader.load(str(artifact)))
