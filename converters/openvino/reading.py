"""An ONNX file as an OpenVINO model, as OpenVINO's own reader for ONNX makes it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converters.openvino.reductions import teach_reductions
from toolkit.backends.memory import refuse_too_large
from toolkit.backends.onnx_external import onnx_files
from toolkit.backends.runtime_import import runtime_module
from toolkit.errors import BadInput, CtkError, EnvironmentFailed, InternalFault, Where

if TYPE_CHECKING:
    from onnx import ModelProto

    from converters.inspection.document import InspectedFile

_MOST_REASON = 300
# What surrounds the reason in OpenVINO's messages: where in its source a check failed, and headings.
_NOISE = (
    "Exception from ",
    "Check '",
    "FrontEnd API failed",
    "While ",
    "Model wasn't",
    "Summary:",
    "-- ",
    "[",
)
_LACKING = re.compile(r"No conversion rule found for operations: (.+)")


def openvino_module() -> Any:
    """The library itself.

    Raises:
        EnvironmentFailed: CTK404 when it is not installed.
    """
    return runtime_module("openvino", "writing OpenVINO IR")


def read_within_memory(path: Path) -> ModelProto:
    """Parses an ONNX file, and looks at the size of the files beside it before anybody reads them.

    Raises:
        BadInput: As `read_onnx`; CTK517 also when a file beside it would lie outside its folder.
        EnvironmentFailed: CTK408 when all of them are larger than memory.
    """
    from converters.inspection.onnx_reading import read_onnx

    parsed = read_onnx(path)
    refuse_too_large(onnx_files(path), "openvino")
    return parsed


def files_beside(parsed: ModelProto, path: Path) -> list[InspectedFile]:
    """The files of external data, hashed.

    OpenVINO opens them itself, wherever the ONNX file says; hence their places are looked at first.

    Args:
        parsed: The ONNX file.
        path: The same.

    Raises:
        BadInput: CTK517 when one is missing, cut short, or lies elsewhere.
    """
    from converters.inspection.onnx_reading import damaged, external_files

    found, remarks = external_files(parsed, path)
    for remark in remarks:
        raise damaged(path, remark)
    return found


def read_model(path: Path, graph: ModelProto, *, own: bool) -> Any:
    """Reads an ONNX file.

    Args:
        path: The ONNX file, of `read_within_memory`; of a foreign one `files_beside` has accepted the others.
        graph: The same, parsed.
        own: Whether ctk made it, so that a refusal is not the file's fault.

    Returns:
        An ``openvino.Model``.

    Raises:
        BadInput: CTK517 when OpenVINO refuses it.
        EnvironmentFailed: CTK404 when an operator is missing in OpenVINO, CTK408 when memory runs out.
    """
    openvino_module()
    from openvino.frontend import FrontEndManager

    try:
        # Not Core.read_model, which would try readers of other formats on a file that it does not like.
        reader = FrontEndManager().load_by_framework("onnx")
        teach_reductions(reader, graph)
        return reader.convert(reader.load(str(path)))
    except Exception as error:  # several classes, by what failed
        raise refusal(error, path, own=own) from error


def refusal(error: Exception, path: Path, *, own: bool) -> CtkError:
    """The error of DESIGN §4 for an exception that OpenVINO raised about a graph.

    Args:
        error: What was raised.
        path: The ONNX file.
        own: Whether ctk made the ONNX file.
    """
    place = Where(file=str(path))
    why = reason(error)
    if isinstance(error, MemoryError) or "bad_alloc" in str(error):
        return EnvironmentFailed("CTK408", f"out of memory in openvino: {why}", place)
    lacking = _LACKING.search(str(error))
    if lacking is not None:
        what = f"openvino lacks operators of this graph: {lacking.group(1)[:_MOST_REASON]}"
        notes = ["another version of openvino, or another format, may have them"]
        return EnvironmentFailed("CTK404", what, place, notes)
    if own:
        return InternalFault("CTK702", f"openvino refuses the ONNX file that ctk made: {why}", place)
    return BadInput("CTK517", f"openvino refuses the ONNX file: {why}", place, ["fetch it again"])


def reason(error: Exception) -> str:
    """The telling line of an OpenVINO message, which may have many."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    telling = [line for line in lines if not line.startswith(_NOISE)]
    return ((telling or lines or [type(error).__name__])[0])[:_MOST_REASON]
