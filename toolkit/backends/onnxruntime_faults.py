"""What ONNX Runtime's exceptions mean; their classes share no base of their own."""

from __future__ import annotations

import re
from pathlib import Path

from toolkit.errors import BadInput, CtkError, EnvironmentFailed, Where

# What surrounds the reason in the runtime's messages: a status, the file's path, and the place in its source.
_NOISE = re.compile(
    r"^\[ONNXRuntimeError\] : \d+ : \w+ : |Load model from .* failed:|/onnxruntime_src/\S+ [^()]*\([^()]*\) "
)
_LONGEST = 300
_MEMORY = ("bad_alloc", "allocate memory")
_LACKING = re.compile(
    r"No Op registered|is not a registered function|guarantees\W? support|Could not find an implementation"
)
_NO_FALLBACK = "fallback to CPU EP has been explicitly disabled"


def plain(error: Exception) -> str:
    """An exception's reason, on one line, without what surrounds it."""
    return _NOISE.sub("", str(error)).strip().split("\n")[0][:_LONGEST]


def loading_fault(error: Exception, artifact: Path) -> CtkError:
    """Of a file that the runtime refuses: CTK408 or CTK404 where that is not the file's fault, else CTK517."""
    place = Where(file=str(artifact))
    if (known := _general(error, artifact)) is not None:
        return known
    if _NO_FALLBACK in str(error):
        what = "onnxruntime would fall back: some nodes of this graph only its CPU provider can execute"
        notes = ["demand CPUExecutionProvider as the last provider to allow that"]
        return EnvironmentFailed("CTK404", what, place, notes)
    notes = ["convert it again, or fetch it again"]
    return BadInput("CTK517", f"onnxruntime refuses the ONNX file: {plain(error)}", place, notes)


def running_fault(error: Exception, artifact: Path) -> CtkError:
    """Of an inference: CTK508 when the runtime blames the inputs, else CTK408 or CTK404."""
    place = Where(file=str(artifact))
    if (known := _general(error, artifact)) is not None:
        return known
    if type(error).__name__ == "InvalidArgument":
        return BadInput("CTK508", f"onnxruntime refuses the inputs: {plain(error)}", place)
    return EnvironmentFailed("CTK404", f"onnxruntime failed while running: {plain(error)}", place)


def _general(error: Exception, artifact: Path) -> CtkError | None:
    place = Where(file=str(artifact))
    if isinstance(error, MemoryError) or any(words in str(error) for words in _MEMORY):
        return EnvironmentFailed("CTK408", f"out of memory in onnxruntime: {plain(error)}", place)
    if type(error).__name__ == "NotImplemented" or _LACKING.search(str(error)):
        notes = ["another version of onnxruntime, or another backend, may have it"]
        what = f"onnxruntime cannot execute this graph: {plain(error)}"
        return EnvironmentFailed("CTK404", what, place, notes)
    return None
