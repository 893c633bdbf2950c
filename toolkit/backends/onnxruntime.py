"""The backend `onnxruntime`: ONNX files on the CPU, or on any execution provider that is present.

Threads are set explicitly and do not spin while they wait: a second runtime in the same process would be
measured up to 3.6 times too slow beside spinning ones (benchmark_method.md §1).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from toolkit.backends.memory import refuse_too_large
from toolkit.backends.node_probe import probe_nodes
from toolkit.backends.onnx_external import onnx_files
from toolkit.backends.onnxruntime_faults import loading_fault, plain
from toolkit.backends.onnxruntime_profile import ProfiledOnnxRuntimeSession, record_folder
from toolkit.backends.onnxruntime_providers import (
    CPU,
    RECORD_ASSIGNMENT,
    demanded_providers,
    refuse_fallback,
    refuse_idle,
)
from toolkit.backends.onnxruntime_session import SPINNING, OnnxRuntimeSession
from toolkit.backends.precision import NATIVE, refuse_unoffered
from toolkit.backends.protocol import Backend, Lacking
from toolkit.backends.runtime_import import runtime_module
from toolkit.backends.session_pool import SessionPool
from toolkit.backends.threads import thread_count
from toolkit.content import HEAD_BYTES, refuse_stand_in
from toolkit.files import opened

_PRECISIONS = ("f32", NATIVE)
_WHY_NO_OTHERS = "onnxruntime executes the element types that the file states; convert it to others"
_NO_CPU = "session.disable_cpu_ep_fallback"
_FATAL_ONLY = 4  # every error also comes as an exception, with its text


class OnnxRuntimeBackend:
    """Loads ONNX files into ONNX Runtime."""

    formats: ClassVar[tuple[str, ...]] = ("onnx",)

    @classmethod
    def load(
        cls,
        artifact: Path,
        *,
        threads: int | None = None,
        precision: str = "f32",
        device: str | None = None,
        providers: Sequence[str] | None = None,
        spinning: bool = False,
        profile: bool = False,
    ) -> OnnxRuntimeSession:
        """Loads an ONNX file; see `Backend.load`.

        Args:
            artifact: The ONNX file; external data lies beside it.
            threads: Threads inside an operator; the physical cores by default. Operators run in turn.
            precision: ``f32`` or ``native``, which are the same here: the runtime reduces nothing by itself.
            device: An execution provider without that word, such as ``CPU`` or ``CUDA``, demanded for every
                node of the graph.
            providers: Execution providers demanded in place of a device, all of them and in this order; with
                the CPU among them, nodes that the others lack may run there, and the first must execute some.
            spinning: Whether threads burn time while they wait for work.
            profile: Whether the session is a `ProfilingSession`, at some cost in time.

        Raises:
            BadInput: CTK501 or CTK502 for the file, CTK517 when it is no sound ONNX graph.
            EnvironmentFailed: CTK404 when a provider is missing or was silently replaced, or an operator
                of the graph has no implementation; CTK407 for too many threads, CTK408 when memory runs out;
                CTK401 when the profile has nowhere to be written.
            UsageFault: CTK601 for a thread count below 1, or a device beside providers; CTK604 for a
                precision that is not offered.
        """
        threads = thread_count(threads)
        if not profile:
            runtime = _checked_runtime(artifact, threads, precision, device, providers, spinning)
            return OnnxRuntimeSession(artifact, runtime, precision)
        folder = record_folder()
        try:
            runtime = _checked_runtime(
                artifact, threads, precision, device, providers, spinning, folder=folder.name
            )
        except BaseException:
            folder.cleanup()
            raise
        return ProfiledOnnxRuntimeSession(artifact, runtime, precision, folder)

    @classmethod
    def load_async(
        cls,
        artifact: Path,
        *,
        threads: int | None = None,
        precision: str = "f32",
        device: str | None = None,
        in_flight: int | None = None,
        providers: Sequence[str] | None = None,
        spinning: bool = False,
    ) -> SessionPool:
        """Loads an ONNX file once, for several inferences at a time; see `open_async`.

        The runtime tells no optimum. Each inference gets its share of the threads, and at least its own one:
        operators of a network this small scale worse than whole inferences do.

        Raises:
            CtkError: As `load`.
        """
        count = thread_count(threads)
        slots = in_flight or count
        each = max(1, count // slots)
        runtime = _checked_runtime(artifact, each, precision, device, providers, spinning)
        pool = SessionPool()
        for _ in range(slots):
            pool.add(OnnxRuntimeSession(artifact, runtime, precision))
        return pool

    @classmethod
    def supports(cls, model: Path) -> tuple[Lacking, ...]:
        """Which nodes ONNX Runtime cannot execute on the CPU; see `Backend.supports`.

        Args:
            model: An ONNX file, with or without its weights.

        Raises:
            BadInput: CTK501, CTK502 or CTK517 for the file.
            EnvironmentFailed: CTK404 when ONNX Runtime is missing.
        """
        _runtime()
        return probe_nodes(model, _try_node)


def _checked_runtime(
    artifact: Path,
    threads: int,
    precision: str,
    device: str | None,
    providers: Sequence[str] | None,
    spinning: bool,
    folder: str | None = None,
) -> Any:
    """As `_opened`, behind everything that can be said before; raises as `OnnxRuntimeBackend.load`."""
    onnxruntime = _runtime()
    refuse_unoffered(precision, _PRECISIONS, "onnxruntime", _WHY_NO_OTHERS)
    demanded = demanded_providers(device, providers, onnxruntime.get_available_providers())
    _refuse_unreadable(artifact)
    refuse_too_large(onnx_files(artifact), "onnxruntime")
    return _opened(artifact, threads, demanded, spinning, folder)


def _runtime() -> Any:
    return runtime_module("onnxruntime", "the backend onnxruntime")


def _opened(
    artifact: Path, threads: int, providers: Sequence[str], spinning: bool, record_in: str | None
) -> Any:
    """The ``onnxruntime.InferenceSession``, on the providers demanded and no others."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL_ONLY
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry(SPINNING, "1" if spinning else "0")
    if record_in is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(record_in) / "record")
    if list(providers) != [CPU]:
        options.add_session_config_entry(RECORD_ASSIGNMENT, "1")
    if CPU not in providers:
        options.add_session_config_entry(_NO_CPU, "1")
    try:
        runtime = onnxruntime.InferenceSession(str(artifact), options, providers=list(providers))
    except Exception as error:
        raise loading_fault(error, artifact) from error
    refuse_fallback(providers, runtime.get_providers())
    refuse_idle(providers, runtime)
    runtime.disable_fallback()  # and none while running: a failure stays a failure
    return runtime


def _try_node(node: bytes) -> None:
    """Loads a model of one node, as fast as that goes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _FATAL_ONLY
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.add_session_config_entry("session.disable_prepacking", "1")
    try:
        onnxruntime.InferenceSession(node, options, providers=[CPU])
    except Exception as error:
        raise RuntimeError(plain(error)) from error


def _refuse_unreadable(artifact: Path) -> None:
    with opened(artifact, "ONNX file") as file:
        head = file.read(HEAD_BYTES)
    refuse_stand_in(head, artifact, "onnx")


if TYPE_CHECKING:  # the type checker holds the class to the protocol
    _HELD: type[Backend] = OnnxRuntimeBackend
