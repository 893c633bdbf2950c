"""The backend `openvino`: OpenVINO IR and ONNX on the CPU, or on any device that OpenVINO finds.

On a CPU that has bf16 OpenVINO computes in it unless told otherwise, and serves a request for f16 in it too
(DESIGN §8.5); what is executed is therefore read from the compiled model, never taken from the request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from toolkit.backends.onnx_outline import read_outline
from toolkit.backends.openvino_deviations import (
    heed,
    onnx_deviations,
    refuse_other_shapes,
    stated_outputs,
)
from toolkit.backends.openvino_faults import compiling_fault
from toolkit.backends.openvino_precision import Executed, executed_precision
from toolkit.backends.openvino_profile import ProfiledOpenVinoSession
from toolkit.backends.openvino_reading import format_of, read_artifact
from toolkit.backends.openvino_requests import OpenVinoRequests
from toolkit.backends.openvino_session import OpenVinoSession, ports
from toolkit.backends.openvino_support import lacking_parts
from toolkit.backends.precision import NATIVE, parts_of, refuse_unoffered
from toolkit.backends.protocol import Backend, BackendInfo, Lacking
from toolkit.backends.runtime_import import runtime_module
from toolkit.backends.threads import thread_count, whole_number
from toolkit.errors import CtkError, EnvironmentFailed, UsageFault
from toolkit.messages import warn

S = TypeVar("S")
_PRECISIONS = ("f32", "f16", "bf16", NATIVE)
_PERFORMANCE_HINTS = ("LATENCY", "THROUGHPUT")
_CPU = "CPU"
# What says how large the machine is, or lists these very words, and sets nothing.
_NO_SETTING = {"SUPPORTED_PROPERTIES", "RUNTIME_REQUIREMENTS"}


class OpenVinoBackend:
    """Loads OpenVINO IR and ONNX files into OpenVINO."""

    formats: ClassVar[tuple[str, ...]] = ("openvino", "onnx")

    @classmethod
    def load(
        cls,
        artifact: Path,
        *,
        threads: int | None = None,
        precision: str = "f32",
        device: str | None = None,
        performance_hint: str = "LATENCY",
        streams: int | None = None,
        profile: bool = False,
    ) -> OpenVinoSession:
        """Reads and compiles an artifact; see `Backend.load`. Warns of ONNX nodes that OpenVINO misreads.

        Args:
            artifact: The xml of an IR, its bin beside it, or an ONNX file.
            threads: Threads of all streams together; the physical cores by default.
            precision: What OpenVINO is asked for as INFERENCE_PRECISION_HINT; ``native`` asks for nothing.
            device: One of OpenVINO's ``available_devices``, such as ``CPU``.
            performance_hint: ``LATENCY`` or ``THROUGHPUT``.
            streams: Inferences that run beside each other (NUM_STREAMS); the performance hint's by default.
            profile: Whether the session is a `ProfilingSession` (PERF_COUNT), at some cost in time.

        Raises:
            BadInput: CTK501 or CTK502 for the file, CTK517 or CTK520 when it is damaged.
            EnvironmentFailed: CTK404 when OpenVINO, the device or an operator is missing, or the shape of an
                output contradicts the ONNX file; CTK407 for too many threads, CTK408 when memory runs out.
            UsageFault: CTK601 for a number below 1, CTK604 for a precision or hint that is not offered.
        """
        settings = _settings(precision, performance_hint, streams)
        if profile:
            settings["PERF_COUNT"] = "YES"

        def session(compiled: Any, info: BackendInfo, model: Any) -> OpenVinoSession:
            if profile:
                return ProfiledOpenVinoSession(artifact, compiled, info, model)
            return OpenVinoSession(artifact, compiled, info)

        return _loaded(artifact, threads, precision, device, settings, session)

    @classmethod
    def load_async(
        cls,
        artifact: Path,
        *,
        threads: int | None = None,
        precision: str = "f32",
        device: str | None = None,
        in_flight: int | None = None,
        performance_hint: str = "THROUGHPUT",
        streams: int | None = None,
    ) -> OpenVinoRequests:
        """Compiles an artifact for several inferences at a time; see `open_async`.

        Args:
            artifact: As `load`.
            threads: As `load`.
            precision: As `load`.
            device: As `load`.
            in_flight: Infer requests; OPTIMAL_NUMBER_OF_INFER_REQUESTS by default. OpenVINO is told the
                number (PERFORMANCE_HINT_NUM_REQUESTS) and chooses its streams by it.
            performance_hint: As `load`.
            streams: As `load`.

        Raises:
            CtkError: As `load`.
        """
        settings = _settings(precision, performance_hint, streams)
        if in_flight is not None:
            settings["PERFORMANCE_HINT_NUM_REQUESTS"] = str(in_flight)

        def requests(compiled: Any, info: BackendInfo, _: Any) -> OpenVinoRequests:
            return OpenVinoRequests(artifact, compiled, info, in_flight)

        return _loaded(artifact, threads, precision, device, settings, requests)

    @classmethod
    def supports(cls, model: Path) -> tuple[Lacking, ...]:
        """Which nodes OpenVINO cannot execute on the CPU; see `Backend.supports`.

        Args:
            model: An ONNX file, with or without its weights, or the xml of an IR with its bin, which holds
                shapes as well as weights.

        Raises:
            BadInput: CTK501, CTK502, CTK517 or CTK520 for the file.
            EnvironmentFailed: CTK404 when OpenVINO is missing.
        """
        return lacking_parts(_runtime().Core(), model)


def _runtime() -> Any:
    return runtime_module("openvino", "the backend openvino")


def _loaded(
    artifact: Path,
    threads: int | None,
    precision: str,
    device: str | None,
    settings: dict[str, str],
    make: Callable[[Any, BackendInfo, Any], S],
) -> S:
    """What ``make`` gives for the compiled model, what it runs on, and the model as it was read.

    Raises:
        CtkError: As `OpenVinoBackend.load`.
    """
    openvino = _runtime()
    refuse_unoffered(precision, _PRECISIONS, "openvino")
    device = device or _CPU
    if device == _CPU:
        settings["INFERENCE_NUM_THREADS"] = str(thread_count(threads))
    core = openvino.Core()
    core.set_property({"CACHE_DIR": ""})  # a compiled model from elsewhere is not the one in the file
    _refuse_missing_device(device, core.available_devices)
    model = read_artifact(core, artifact)
    stated = _heeded(artifact)
    try:
        compiled = core.compile_model(model, device, settings)
        info = _read_back(compiled, precision, executed_precision(compiled, model), openvino.__version__)
        refuse_other_shapes(stated, info.outputs, artifact)
        session = make(compiled, info, model)
    except CtkError:
        raise
    except Exception as error:
        raise compiling_fault(error, artifact, device) from error
    _warn_of_others(settings, info)
    return session


def _heeded(artifact: Path) -> Mapping[str, tuple[int | None, ...]]:
    """Warns of what OpenVINO misreads in an ONNX file; the outputs' shapes as the file states them."""
    if format_of(artifact) != "onnx":
        return {}
    outline = read_outline(artifact)
    heed(onnx_deviations(outline), artifact)
    return stated_outputs(outline)


def _settings(precision: str, performance_hint: str, streams: int | None) -> dict[str, str]:
    """What a compilation is asked for, in OpenVINO's words."""
    if performance_hint not in _PERFORMANCE_HINTS:
        raise UsageFault(
            "CTK604",
            f"the backend openvino has no performance hint {performance_hint!r}",
            notes=["offered: " + ", ".join(_PERFORMANCE_HINTS)],
        )
    settings = {"PERFORMANCE_HINT": performance_hint}
    if precision != NATIVE:
        settings["INFERENCE_PRECISION_HINT"] = precision
    if streams is not None:
        settings["NUM_STREAMS"] = str(whole_number(streams, "streams"))
    return settings


def _refuse_missing_device(device: str, present: list[str]) -> None:
    if device not in present:
        raise EnvironmentFailed(
            "CTK404",
            f"openvino has no device {device!r} here",
            notes=["present: " + ", ".join(present), "a device needs its driver"],
        )


def _read_back(compiled: Any, precision: str, executed: Executed, version: str) -> BackendInfo:
    settings = _settings_in_force(compiled)
    return BackendInfo(
        name="openvino",
        runtime_version=version,
        device=settings.get("EXECUTION_DEVICES", _CPU),
        providers=(),
        precision_executed=executed.word,
        threads=int(settings.get("INFERENCE_NUM_THREADS", "0")),  # 0: no threads of the CPU compute
        inputs=ports(compiled.inputs),
        outputs=ports(compiled.outputs),
        precision_requested=precision,
        layer_precisions=executed.layers,
        settings=settings,
    )


def _settings_in_force(compiled: Any) -> Mapping[str, str]:
    names = sorted(set(compiled.get_property("SUPPORTED_PROPERTIES")) - _NO_SETTING)
    return {name: _written(compiled.get_property(name)) for name in names}


def _written(value: Any) -> str:
    """A setting as OpenVINO writes it: element types and enumerations by their names, lists with commas."""
    if hasattr(value, "get_type_name"):
        return str(value.get_type_name())
    if isinstance(value, bool):
        return "YES" if value else "NO"
    if isinstance(value, (list, tuple, set)):
        return ",".join(sorted(map(_written, value)))
    return str(getattr(value, "name", value))


def _warn_of_others(asked: Mapping[str, str], info: BackendInfo) -> None:
    """One line for each thing that was asked for and is done otherwise."""
    precision = asked.get("INFERENCE_PRECISION_HINT")
    executed = info.precision_executed
    if precision and executed and set(parts_of(executed)) - {"i8"} - {precision}:
        warn(f"openvino was asked for {precision} and executes {executed} on this {info.device}")
    threads = asked.get("INFERENCE_NUM_THREADS")
    if threads and int(threads) != info.threads:
        warn(f"openvino was asked for {threads} threads and uses {info.threads}")


if TYPE_CHECKING:  # the type checker holds the class to the protocol
    _HELD: type[Backend] = OpenVinoBackend
