"""What OpenVINO's exceptions mean: it has one class for all of them, and says the rest in words."""

from __future__ import annotations

import re
from pathlib import Path

from toolkit.errors import BadInput, CtkError, EnvironmentFailed, Where

# Lines that say where in OpenVINO's source something happened, or that something did.
_NOISE = re.compile(
    r"^(\s*$|Exception from |Check '.*' failed at |FrontEnd API failed|Model wasn't fully converted|Summary:"
    r"|To facilitate the conversion|While validating |-- Conversion is failed for|Loading input model$"
    r"|\[ GENERAL_ERROR \]$)"
)
_PLACE = re.compile(r"Check '.*?' failed at \S+:\d+:?\s*|Exception from \S+:\d+:?\s*|\[ \w+ \]\s*|^-- ")
_LONGEST = 300
_MEMORY = re.compile(r"bad_alloc|[Cc]an(?:not|'t|not) allocate|[Ff]ailed to allocate|[Nn]ot enough memory")
# The ONNX reader; the IR reader (twice); a device that has no code for it.
_LACKING = re.compile(
    r"No conversion rule found for operations: (?P<rules>.*)"
    r"|doesn't contain the operation with type: (?P<type>\S+)"
    r"|Cannot create (?P<created>\S+) layer .* from unsupported opset: (?P<opset>\S+)"
    r"|[Uu]nsupported operation of type: (?P<kind>\S+)"
)
_VERSION = re.compile(r"-\d+$")  # "Frob-13": the operator set stands behind ONNX's own operators
_SHAPES = re.compile(r"[Ss]hape|incompatible|[Dd]imension|does not match|mismatch")
_AGAIN = ("convert it again, or fetch it again",)


def plain(error: Exception) -> str:
    """An exception's text without OpenVINO's places in its own source, on one line."""
    lines = [_PLACE.sub("", line).strip() for line in str(error).splitlines() if not _NOISE.match(line)]
    return " ".join(filter(None, lines))[:_LONGEST] or type(error).__name__


def lacking_operators(error: Exception) -> tuple[str, ...]:
    """The operators that OpenVINO says it lacks, or none."""
    found = _LACKING.search(str(error))
    if found is None:
        return ()
    if found["rules"]:
        return tuple(_VERSION.sub("", name.strip()) for name in found["rules"].split(","))
    return (found["type"] or found["kind"] or f"{found['created']} of {found['opset']}",)


def reading_fault(error: Exception, artifact: Path, format_: str) -> CtkError:
    """Of a file that OpenVINO refuses: CTK520 for ``openvino``, CTK517 for ``onnx``, or `_general`."""
    if (known := _general(error, artifact)) is not None:
        return known
    what, code = ("OpenVINO IR", "CTK520") if format_ == "openvino" else ("ONNX file", "CTK517")
    why = f"OpenVINO refuses the {what}: {plain(error)}"
    return BadInput(code, why, Where(file=str(artifact)), _AGAIN)


def compiling_fault(error: Exception, artifact: Path, device: str) -> CtkError:
    """Of a graph that a device refuses: CTK404 or CTK408."""
    what = f"openvino cannot execute this graph on {device}: {plain(error)}"
    return _general(error, artifact) or EnvironmentFailed("CTK404", what, Where(file=str(artifact)))


def running_fault(error: Exception, artifact: Path, *, dynamic: bool) -> CtkError:
    """Of an inference: CTK508 when the sizes given do not fit each other, else CTK404 or CTK408.

    Args:
        error: OpenVINO's.
        artifact: The file.
        dynamic: Whether the graph leaves sizes open: otherwise the inputs were known to fit.
    """
    place = Where(file=str(artifact))
    if dynamic and _SHAPES.search(str(error)) and not _MEMORY.search(str(error)):
        return BadInput("CTK508", f"openvino refuses inputs of these sizes: {plain(error)}", place)
    what = f"openvino failed while running: {plain(error)}"
    return _general(error, artifact) or EnvironmentFailed("CTK404", what, place)


def _general(error: Exception, artifact: Path) -> CtkError | None:
    """CTK408 when memory ran out, CTK404 naming the operators that it lacks, or None."""
    place = Where(file=str(artifact))
    if isinstance(error, MemoryError) or _MEMORY.search(str(error)):
        return EnvironmentFailed("CTK408", f"out of memory in openvino: {plain(error)}", place)
    if operators := lacking_operators(error):
        what = f"openvino lacks operators of this graph: {', '.join(operators)}"
        return EnvironmentFailed(
            "CTK404", what, place, ["another version, or another backend, may have them"]
        )
    return None
