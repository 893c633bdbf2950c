"""The backend `onnxruntime`: ONNX files on the CPU.

Threads are set explicitly and do not spin while they wait: a second runtime in the same process would be
measured up to 3.6 times too slow beside spinning ones (benchmark_method.md §1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from numpy.typing import NDArray

from toolkit.backends.cores import physical_cores
from toolkit.backends.fitting import fitting
from toolkit.backends.onnx_precision import uniform_precision
from toolkit.backends.protocol import Backend, BackendInfo, TensorInfo
from toolkit.content import HEAD_BYTES, refuse_stand_in
from toolkit.errors import BadInput, CtkError, EnvironmentFailed, UsageFault, Where
from toolkit.files import opened
from toolkit.nearest import did_you_mean

CPU = "CPUExecutionProvider"
# What surrounds the reason in the runtime's messages: a status, the file's path, and the place in its source.
_NOISE = re.compile(
    r"^\[ONNXRuntimeError\] : \d+ : \w+ : |Load model from .* failed:|/onnxruntime_src/\S+ [^()]*\([^()]*\) "
)
_FATAL_ONLY = 4  # every error also comes as an exception, with its text
# NumPy's names of ONNX Runtime's element types, where they are not the same word.
_DTYPES = {"float": "float32", "double": "float64", "float16": "float16", "string": "object"}


class OnnxRuntimeBackend:
    """Loads ONNX files into ONNX Runtime."""

    @classmethod
    def load(
        cls, artifact: Path, *, threads: int | None = None, providers: Sequence[str] = (CPU,)
    ) -> OnnxRuntimeSession:
        """Loads an ONNX file; see `Backend.load`.

        Args:
            artifact: The ONNX file; external data lies beside it.
            threads: Threads inside an operator; the physical cores by default. Operators run in turn.
            providers: Execution providers demanded, all of them and in this order.

        Raises:
            BadInput: CTK501 or CTK502 for the file, CTK517 when it is no sound ONNX graph.
            EnvironmentFailed: CTK404 when a provider is missing or was silently replaced, or an operator
                of the graph has no implementation; CTK408 when memory runs out.
            UsageFault: CTK601 for a thread count below 1.
        """
        threads = physical_cores() if threads is None else threads
        if threads < 1:
            raise UsageFault("CTK601", f"the number of threads must be at least 1, not {threads}")
        _refuse_unreadable(artifact)
        return OnnxRuntimeSession(artifact, _runtime_session(artifact, threads, providers), threads)


class OnnxRuntimeSession:
    """An ONNX file in ONNX Runtime; made by `OnnxRuntimeBackend.load`.

    Args:
        artifact: The ONNX file.
        runtime: The ``onnxruntime.InferenceSession`` made of it.
        threads: Threads inside an operator.
    """

    def __init__(self, artifact: Path, runtime: Any, threads: int) -> None:
        self._artifact = artifact
        self._runtime: Any | None = runtime
        self._threads = threads
        self._inputs = {value.name: _tensor_info(value) for value in runtime.get_inputs()}
        self._outputs = {value.name: _tensor_info(value) for value in runtime.get_outputs()}
        self._info: BackendInfo | None = None

    def info(self) -> BackendInfo:
        """What was loaded; the first call reads the file once more for its element types."""
        if self._info is None:
            self._info = self._read_back()
        return self._info

    def run(
        self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Executes the network once; see `Session.run`. Only graph outputs can be asked for."""
        runtime = self._open_runtime()
        names = list(self._outputs if outputs is None else outputs)
        for name in names:
            if name not in self._outputs:
                raise self._unknown("output", name, self._outputs)
        feed = self._checked(inputs)
        if not names:
            return {}  # to the runtime an empty list means all
        try:
            return dict(zip(names, runtime.run(names, feed), strict=True))
        except Exception as error:
            raise _named(error, self._artifact, running=True) from error

    def synchronise(self) -> None:
        """Returns at once: `run` waits for the CPU itself."""

    def close(self) -> None:
        """Frees the runtime's session."""
        self._runtime = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read_back(self) -> BackendInfo:
        import onnxruntime

        runtime = self._open_runtime()
        providers = tuple(runtime.get_providers())
        return BackendInfo(
            name="onnxruntime",
            runtime_version=onnxruntime.__version__,
            device=providers[0].removesuffix("ExecutionProvider"),
            providers=providers,
            precision_executed=uniform_precision(self._artifact) if providers == (CPU,) else None,
            threads=runtime.get_session_options().intra_op_num_threads,
            inputs=self._inputs,
            outputs=self._outputs,
        )

    def _open_runtime(self) -> Any:
        if self._runtime is None:
            raise UsageFault("CTK601", "the session is closed", Where(file=str(self._artifact)))
        return self._runtime

    def _checked(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        for name in inputs:
            if name not in self._inputs:
                raise self._unknown("input", name, self._inputs)
        place = Where(file=str(self._artifact))
        return {name: fitting(name, inputs.get(name), info, place) for name, info in self._inputs.items()}

    def _unknown(self, what: str, name: str, known: Mapping[str, TensorInfo]) -> CtkError:
        return BadInput(
            "CTK516",
            f"the graph has no {what} {name!r}",
            Where(file=str(self._artifact)),
            did_you_mean(name, known),
        )


def _runtime_session(artifact: Path, threads: int, providers: Sequence[str]) -> Any:
    import onnxruntime

    _refuse_missing_providers(providers, onnxruntime.get_available_providers())
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL_ONLY
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        runtime = onnxruntime.InferenceSession(str(artifact), options, providers=list(providers))
    except Exception as error:
        raise _named(error, artifact, running=False) from error
    refuse_fallback(providers, runtime.get_providers())
    runtime.disable_fallback()  # and none while running: a failure stays a failure
    return runtime


def refuse_fallback(demanded: Sequence[str], used: Sequence[str]) -> None:
    """Checks that the runtime took the providers it was told, in that order.

    Args:
        demanded: What the session was made with.
        used: What it reads back; ONNX Runtime adds the CPU at the end.

    Raises:
        EnvironmentFailed: CTK404 naming both lists.
    """
    if list(used[: len(demanded)]) != list(demanded) or set(used) - set(demanded) - {CPU}:
        raise EnvironmentFailed(
            "CTK404",
            f"onnxruntime fell back: {', '.join(demanded)} was demanded, but {', '.join(used)} is in use",
            notes=["a figure from another device than the one asked for would be worthless"],
        )


def _refuse_missing_providers(demanded: Sequence[str], available: Sequence[str]) -> None:
    for name in demanded:
        if name not in available:
            raise EnvironmentFailed(
                "CTK404",
                f"onnxruntime has no {name} here",
                notes=["available: " + ", ".join(available), "another build of onnxruntime may have it"],
            )


def _refuse_unreadable(artifact: Path) -> None:
    with opened(artifact, "ONNX file") as file:
        head = file.read(HEAD_BYTES)
    refuse_stand_in(head, artifact, "onnx")


def _named(error: Exception, artifact: Path, *, running: bool) -> CtkError:
    """The error of DESIGN §4 for an exception of the runtime, whose classes share no base of their own."""
    place = Where(file=str(artifact))
    why = _NOISE.sub("", str(error)).strip().split("\n")[0][:300]
    if isinstance(error, MemoryError) or "bad_alloc" in str(error) or "allocate memory" in str(error):
        return EnvironmentFailed("CTK408", f"out of memory in onnxruntime: {why}", place)
    if type(error).__name__ == "NotImplemented":
        notes = ["another version of onnxruntime, or another backend, may have it"]
        return EnvironmentFailed("CTK404", f"onnxruntime cannot execute this graph: {why}", place, notes)
    if not running:
        notes = ["convert it again, or fetch it again"]
        return BadInput("CTK517", f"onnxruntime refuses the ONNX file: {why}", place, notes)
    if type(error).__name__ == "InvalidArgument":
        return BadInput("CTK508", f"onnxruntime refuses the inputs: {why}", place)
    return EnvironmentFailed("CTK404", f"onnxruntime failed while running: {why}", place)


def _tensor_info(value: Any) -> TensorInfo:
    """Of a ``NodeArg``, whose type reads ``tensor(float)`` and whose open dimensions are names or None."""
    shape = tuple(size if isinstance(size, int) else None for size in value.shape or ())
    element = value.type.removeprefix("tensor(").removesuffix(")")
    return TensorInfo(shape, _DTYPES.get(element, element))


if TYPE_CHECKING:  # the type checker holds the class to the protocol
    _HELD: type[Backend] = OnnxRuntimeBackend
