"""What cv2.dnn says when it cannot do something, turned into errors of DESIGN §4; its prints kept back."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from toolkit.errors import BadInput, CtkError, EnvironmentFailed, Where, printable

_NO_MEMORY = -4  # cv::Error::StsNoMem
_NODE = re.compile(r"Node \[([^@\]]+)@[^\]]*\]:\((?:onnx_node!)?([^)]*)\)")
_LAYER = re.compile(r"Can't create layer \"(?:onnx_node!)?([^\"]*)\" of type \"([^\"]*)\"")
_PLACE = re.compile(
    r"OpenCV\([^)]*\) \S+:\d+: error: |\(-?\d+:[^)]*\) ?|^> ?|in function '[^']*'", re.MULTILINE
)
_LONGEST = 240


def reason_of(error: BaseException) -> str:
    """One line with what cv2 said, without the places in its source."""
    text = _PLACE.sub(" ", str(error)).replace("\n", " ")
    return printable(" ".join(text.split()))[:_LONGEST] or type(error).__name__


def lacking_in(error: BaseException) -> tuple[str, str] | None:
    """Name and type of the node or layer that cv2 has no code for, where its message names one."""
    text = str(error)
    if found := _NODE.search(text):
        return found[2], found[1]
    if found := _LAYER.search(text):
        return found[1], found[2]
    return None


def load_fault(error: Exception, artifact: Path) -> CtkError:
    """The error for a sound file that cv2 does not load: CTK404, or CTK408 without memory."""
    place = Where(file=str(artifact))
    if _is_memory(error):
        return EnvironmentFailed("CTK408", f"out of memory in opencv: {reason_of(error)}", place)
    lacking = lacking_in(error)
    what = f"{lacking[1]} ({lacking[0]!r}): " if lacking else ""
    return EnvironmentFailed(
        "CTK404",
        f"opencv cannot execute this network: {what}{reason_of(error)}",
        place,
        ["another version of OpenCV, or another backend, may be able to"],
    )


def run_fault(error: Exception, artifact: Path, *, open_sizes: bool) -> CtkError:
    """The error for a run that failed.

    Args:
        error: What cv2 raised.
        artifact: The main file.
        open_sizes: Whether the graph leaves sizes of its inputs open, so that the inputs may be at fault.
    """
    place = Where(file=str(artifact))
    if _is_memory(error) or lacking_in(error) or not open_sizes:
        fault = load_fault(error, artifact)
        fault.what = fault.what.replace("cannot execute this network", "failed while running", 1)
        return fault
    return BadInput("CTK508", f"opencv refuses inputs of these sizes: {reason_of(error)}", place)


def _is_memory(error: Exception) -> bool:
    text = str(error)
    return (
        isinstance(error, MemoryError)
        or getattr(error, "code", 0) == _NO_MEMORY
        or "Failed to allocate" in text
        or "bad_alloc" in text
    )


@contextmanager
def without_log(cv2: Any) -> Iterator[None]:
    """OpenCV's own log is silent inside: every error comes as an exception too."""
    before = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)


@contextmanager
def without_prints(cv2: Any) -> Iterator[None]:
    """As `without_log`, and what C++ code writes to standard error (protobuf does) goes nowhere either."""
    with without_log(cv2), _standard_error_kept_back():
        yield


@contextmanager
def _standard_error_kept_back() -> Iterator[None]:
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # nobody listens anyway
        yield
        return
    try:
        with tempfile.TemporaryFile() as sink:
            os.dup2(sink.fileno(), 2)
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
