"""ONNX Runtime's own record of what it executed, as times of layers."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from numpy.typing import NDArray

from toolkit.backends.onnx_outline import parsed
from toolkit.backends.onnxruntime_fusion import executed_nodes
from toolkit.backends.onnxruntime_session import OnnxRuntimeSession
from toolkit.backends.profiling import CountedLayer, nothing_counted
from toolkit.errors import BadInput, EnvironmentFailed, Where
from toolkit.files import read_bounded

_MOST_BYTES = 2**30  # the runtime itself stops at a million events
_KERNEL = "_kernel_time"
# Element types of outputs in the record, where they are a precision.
_WORDS = {"float": "f32", "float16": "f16", "bfloat16": "bf16", "double": "f64", "int8": "i8", "uint8": "i8"}


def record_folder() -> TemporaryDirectory[str]:
    """Where the runtime writes its record.

    Raises:
        EnvironmentFailed: CTK401 when it cannot be made.
    """
    try:
        return TemporaryDirectory(prefix="ctk-profile-")
    except OSError as error:
        raise EnvironmentFailed(
            "CTK401",
            f"no folder can be made for onnxruntime's record: {error.strerror or error}",
            notes=["the environment variable TMPDIR names where"],
        ) from error


class ProfiledOnnxRuntimeSession(OnnxRuntimeSession):
    """A session whose runtime keeps a record; see `ProfilingSession`.

    Args:
        artifact: The ONNX file.
        runtime: The ``onnxruntime.InferenceSession``, made with profiling turned on.
        precision: The one that was asked for.
        folder: Where the record is written; removed when the session closes.
    """

    def __init__(self, artifact: Path, runtime: Any, precision: str, folder: TemporaryDirectory[str]) -> None:
        super().__init__(artifact, runtime, precision)
        self._folder = folder
        self._runs = 0
        self._skipped = 0
        self._recording = True

    def run(
        self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Executes the network once; see `Session.run`."""
        found = super().run(inputs, outputs)
        self._runs += 1
        return found

    def start_profile(self) -> None:
        """Forgets the runs until now."""
        self._skipped = self._runs

    def layer_times(self) -> tuple[CountedLayer, ...]:
        """Everything that was executed since; see `ProfilingSession.layer_times`."""
        if self._runs == self._skipped or not self._recording:
            raise nothing_counted()
        record = self._record()
        graph = parsed(self._artifact).graph
        return counted_layers(record, self._skipped, graph, Where(file=str(self._artifact)))

    def close(self) -> None:
        """Frees the runtime's session and removes its record."""
        if self._recording and self._runtime is not None:
            self._recording = False
            self._runtime.end_profiling()  # otherwise it is written when the interpreter ends, folder or not
        super().close()
        self._folder.cleanup()

    def _record(self) -> bytes:
        self._recording = False
        written = Path(self._open_runtime().end_profiling())
        try:
            return read_bounded(written, "record of onnxruntime", _MOST_BYTES)
        except BadInput as error:
            raise EnvironmentFailed(
                "CTK404", f"onnxruntime's record cannot be read: {error.what}", Where(file=str(written))
            ) from error


def counted_layers(record: bytes, skipped: int, graph: Any, place: Where) -> tuple[CountedLayer, ...]:
    """Times of layers from a record.

    Args:
        record: JSON as ``end_profiling`` leaves it: events with ``ts`` and ``dur`` in microseconds.
        skipped: Runs at its start that do not count.
        graph: The artifact's ``onnx.GraphProto``.
        place: The artifact, for messages.

    Raises:
        EnvironmentFailed: CTK404 when it is no such record, or lacks a run.
    """
    try:
        events = json.loads(record)
        starts = sorted(int(e["ts"]) for e in events if e.get("name") == "model_run")
        since = starts[skipped]
        kernels = list(_kernels(events, since))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        what = "onnxruntime's record of what it executed is not understood"
        raise EnvironmentFailed("CTK404", what, place) from error
    spent: dict[str, float] = defaultdict(float)
    facts: dict[str, Mapping[str, Any]] = {}
    for name, microseconds, about in kernels:
        spent[name] += microseconds
        facts.setdefault(name, about)
    nodes = executed_nodes(list(spent), graph)
    runs = len(starts) - skipped
    return tuple(
        CountedLayer(name, str(facts[name].get("op_name", "")), _precision(facts[name]), total / runs / 1000,
                     nodes[name])
        for name, total in spent.items()
    )  # fmt: skip


def _kernels(
    events: Sequence[Mapping[str, Any]], since: int
) -> Iterator[tuple[str, float, Mapping[str, Any]]]:
    for event in sorted((e for e in events if e.get("cat") == "Node"), key=lambda e: int(e["ts"])):
        if event["name"].endswith(_KERNEL) and int(event["ts"]) >= since:
            yield event["name"].removesuffix(_KERNEL), float(event["dur"]), event["args"]


def _precision(about: Mapping[str, Any]) -> str | None:
    for output in about.get("output_type_shape") or ():
        for element in output:
            return _WORDS.get(re.sub(r"^tensor\((.*)\)$", r"\1", element))
    return None
