"""A network in cv2.dnn, ready to run; the same for one read from ONNX and one read from Caffe files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from toolkit.backends.opencv_faults import run_fault, without_log
from toolkit.backends.opencv_profile import LayerCounters
from toolkit.backends.profiling import CountedLayer, nothing_counted
from toolkit.backends.protocol import BackendInfo, TensorInfo
from toolkit.backends.simple_session import SimpleSession
from toolkit.errors import EnvironmentFailed, UsageFault, Where


@dataclass(frozen=True, slots=True)
class Place:
    """Where cv2.dnn keeps a value.

    Attributes:
        layer: The layer's name, in cv2's words.
        slot: Which of the layer's outputs.
        info: Shape and element type that the artifact declares; None where it declares none.
    """

    layer: str
    slot: int
    info: TensorInfo | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A network that cv2.dnn has read.

    Attributes:
        artifact: The main file.
        net: The ``cv2.dnn.Net``.
        inputs: Inputs of the artifact.
        outputs: Outputs of the artifact.
        places: Every value that can be asked for, by name.
        unread: Inputs that nothing reads, which cv2.dnn does not know.
        precision: What the whole network is computed in, or None where that cannot be told.
        nodes: The artifact's own name of a layer by cv2's; a layer that is not here bears the same in both.
    """

    artifact: Path
    net: Any
    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]
    places: Mapping[str, Place]
    unread: frozenset[str] = frozenset()
    precision: str | None = "f32"
    nodes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setting:
    """How a network runs.

    Attributes:
        threads: Of OpenCV's pool, which the whole process shares.
        precision_requested: As asked for.
        device: ``CPU`` or ``OPENCL``.
        settings: Whatever else was set.
    """

    threads: int
    precision_requested: str = "f32"
    device: str = "CPU"
    settings: Mapping[str, str] = field(default_factory=dict)


class OpenCvSession(SimpleSession):
    """See `toolkit.backends.protocol.Session`; made by the backend's ``load``. Values inside can be asked for.

    The number of threads belongs to the process: before every run it is set to what this session was
    loaded with.

    Args:
        reading: The network.
        setting: How it runs.
    """

    def __init__(self, reading: Reading, setting: Setting) -> None:
        import cv2

        super().__init__(reading.artifact, _info(cv2, reading, setting), self._run, self._let_go)
        self._cv2: Any = cv2
        self._reading = reading
        self._net: Any | None = reading.net
        self._threads = setting.threads
        self._where = Where(file=str(reading.artifact))
        self._counters: LayerCounters | None = None

    def start_profile(self) -> None:
        """Counts the runs from now on; see `ProfilingSession.start_profile`."""
        if self._net is None:
            raise UsageFault("CTK601", "the session is closed")
        self._counters = LayerCounters(self._cv2, self._net)

    def layer_times(self) -> tuple[CountedLayer, ...]:
        """Everything that was executed since; see `ProfilingSession.layer_times`."""
        if self._counters is None:
            raise nothing_counted()
        return self._counters.layers(self._reading.nodes, self._reading.precision)

    def _refuse_unknown(
        self, what: str, names: Sequence[str] | Mapping[str, Any], known: Mapping[str, Any]
    ) -> None:
        inside = {**self._reading.inputs, **self._reading.places}
        super()._refuse_unknown(what, names, inside if what == "output" else known)

    def _run(self, names: list[str], feed: dict[str, NDArray[Any]]) -> Iterable[NDArray[Any]]:
        found = {name: feed[name].copy() for name in names if name in feed}
        computed = [name for name in names if name not in feed]
        if computed:
            found |= self._computed(self._net, feed, computed)
        return [found[name] for name in names]

    def _let_go(self) -> None:
        self._net = None
        self._counters = None

    def _set_threads(self) -> None:
        if self._cv2.getNumThreads() != self._threads:
            self._cv2.setNumThreads(self._threads)

    def _computed(
        self, net: Any, feed: Mapping[str, NDArray[Any]], names: Sequence[str]
    ) -> dict[str, NDArray[Any]]:
        places = [self._reading.places[name] for name in names]
        layers = list(dict.fromkeys(place.layer for place in places))
        self._set_threads()
        try:
            with without_log(self._cv2):
                for name, array in feed.items():
                    if name not in self._reading.unread:
                        net.setInput(array, name)
                made = dict(zip(layers, net.forwardAndRetrieve(layers), strict=True))
            if self._counters is not None:
                self._counters.add_run()
        except Exception as error:
            open_sizes = any(info.is_open for info in self._reading.inputs.values())
            raise run_fault(error, self._reading.artifact, open_sizes=open_sizes) from error
        return {
            name: self._declared(name, place, made[place.layer])
            for name, place in zip(names, places, strict=True)
        }

    def _declared(self, name: str, place: Place, made: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """The value in its declared shape: cv2 knows no blob of fewer than two axes and adds some of size 1.

        Raises:
            EnvironmentFailed: CTK404 when the shape or the element type is another one.
        """
        if place.slot >= len(made):
            raise self._differs(name, "no blob")
        array = made[place.slot]
        if place.info is None or place.info.any_rank:
            return array
        if not _fits(array.shape, place.info.shape):
            wanted = place.info.shape
            sizes = [size for size in wanted if size is not None]
            if len(sizes) < len(wanted) or _without_ones(array.shape) != _without_ones(sizes):
                raise self._differs(name, f"shape {array.shape} instead of {wanted}")
            array = array.reshape(sizes)
        if array.dtype != place.info.dtype:
            raise self._differs(name, f"element type {array.dtype} instead of {place.info.dtype}")
        return array

    def _differs(self, name: str, how: str) -> EnvironmentFailed:
        return EnvironmentFailed(
            "CTK404",
            f"opencv gives {name!r} {how}: it executes another network than the artifact states",
            self._where,
            ["use another backend for this network"],
        )


def _info(cv2: Any, reading: Reading, setting: Setting) -> BackendInfo:
    return BackendInfo(
        name="opencv",
        runtime_version=cv2.__version__,
        device=setting.device,
        providers=(),
        precision_executed=reading.precision,
        threads=cv2.getNumThreads(),
        inputs=reading.inputs,
        outputs=reading.outputs,
        precision_requested=setting.precision_requested,
        settings=setting.settings,
    )


def _fits(shape: Sequence[int], wanted: Sequence[int | None]) -> bool:
    return len(shape) == len(wanted) and all(
        want in {None, have} for have, want in zip(shape, wanted, strict=True)
    )


def _without_ones(shape: Sequence[int]) -> list[int]:
    return [size for size in shape if size != 1]
