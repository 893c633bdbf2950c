"""An ONNX file in ONNX Runtime, ready to run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from toolkit.backends.closed_on_exit import ClosedOnExit
from toolkit.backends.fitting import fitting
from toolkit.backends.onnx_outline import parsed
from toolkit.backends.onnx_precision import uniform_precision
from toolkit.backends.onnxruntime_faults import running_fault
from toolkit.backends.onnxruntime_providers import CPU, nodes_by_provider
from toolkit.backends.protocol import BackendInfo, TensorInfo
from toolkit.errors import BadInput, CtkError, UsageFault, Where
from toolkit.nearest import did_you_mean

SPINNING = "session.intra_op.allow_spinning"
# NumPy's names of ONNX Runtime's element types, where they are not the same word.
_DTYPES = {"float": "float32", "double": "float64", "float16": "float16", "string": "object"}


class OnnxRuntimeSession(ClosedOnExit):
    """An ONNX file in ONNX Runtime; made by `OnnxRuntimeBackend.load`.

    Args:
        artifact: The ONNX file.
        runtime: The ``onnxruntime.InferenceSession`` made of it.
        precision: The one that was asked for.
    """

    def __init__(self, artifact: Path, runtime: Any, precision: str) -> None:
        self._artifact = artifact
        self._runtime: Any | None = runtime
        self._precision = precision
        ports = [*runtime.get_inputs(), *runtime.get_outputs()]
        # The runtime shows a value of any rank as it shows a scalar; then the file itself tells.
        any_rank = _of_any_rank(artifact) if any(not port.shape for port in ports) else frozenset()
        self._inputs = {port.name: _tensor_info(port, any_rank) for port in runtime.get_inputs()}
        self._outputs = {port.name: _tensor_info(port, any_rank) for port in runtime.get_outputs()}
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
            raise running_fault(error, self._artifact) from error

    def synchronise(self) -> None:
        """Returns at once: `run` waits for the CPU itself."""

    def close(self) -> None:
        """Frees the runtime's session."""
        self._runtime = None

    def _read_back(self) -> BackendInfo:
        import onnxruntime

        runtime = self._open_runtime()
        nodes = nodes_by_provider(runtime)
        providers = tuple(nodes or runtime.get_providers())
        options = runtime.get_session_options()
        return BackendInfo(
            name="onnxruntime",
            runtime_version=onnxruntime.__version__,
            device=providers[0].removesuffix("ExecutionProvider"),
            providers=providers,
            precision_executed=uniform_precision(self._artifact) if providers == (CPU,) else None,
            threads=options.intra_op_num_threads,
            inputs=self._inputs,
            outputs=self._outputs,
            precision_requested=self._precision,
            settings={**_settings(options), **{f"nodes of {name}": str(n) for name, n in nodes.items()}},
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


def _settings(options: Any) -> Mapping[str, str]:
    """What is in force, in the runtime's words."""
    return {
        "execution_mode": options.execution_mode.name,
        "graph_optimization_level": options.graph_optimization_level.name,
        "inter_op_num_threads": str(options.inter_op_num_threads),
        "intra_op_num_threads": str(options.intra_op_num_threads),
        SPINNING: options.get_session_config_entry(SPINNING),
    }


def _of_any_rank(artifact: Path) -> frozenset[str]:
    graph = parsed(artifact).graph
    values = (*graph.input, *graph.output)
    return frozenset(value.name for value in values if not value.type.tensor_type.HasField("shape"))


def _tensor_info(value: Any, any_rank: Collection[str]) -> TensorInfo:
    """Of a ``NodeArg``, whose type reads ``tensor(float)`` and whose open dimensions are names or None."""
    shape = tuple(size if isinstance(size, int) else None for size in value.shape or ())
    element = value.type.removeprefix("tensor(").removesuffix(")")
    return TensorInfo(shape, _DTYPES.get(element, element), any_rank=not shape and value.name in any_rank)
