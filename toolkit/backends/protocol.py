"""What every backend offers (DESIGN §1): load an artifact, say what was loaded, run, wait, close.

A backend is a class registered under its name in the entry point group ``ctk.backends``; `Backend.load`
gives a `Session`. A minimal use::

    with open_backend("onnxruntime", Path("net.onnx"), threads=2) as session:
        ab = session.run({"data_l": l_nchw})["class8_ab"]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Shape and element type of a graph input or output.

    Attributes:
        shape: Dimensions; None where the artifact leaves one open.
        dtype: NumPy's name of the element type, such as ``float32``.
        any_rank: Whether the artifact leaves open even how many dimensions there are; ``shape`` is empty
            then, as a scalar's is.
    """

    shape: tuple[int | None, ...]
    dtype: str
    any_rank: bool = False

    @property
    def is_open(self) -> bool:
        """Whether arrays of several shapes fit."""
        return self.any_rank or None in self.shape


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """What really runs, read back from the runtime rather than repeated from the request.

    Attributes:
        name: The backend's word of DESIGN §1.
        runtime_version: Version of the library behind it.
        device: Where it computes, such as ``CPU``.
        providers: The execution providers in use, in the runtime's own words; empty where it has none.
        precision_executed: A word of DESIGN §1, or None where the runtime does not tell. `caffe-reference`
            says ``f64``, for which §1 has no word.
        threads: Number of threads that compute, read back.
        inputs: Graph inputs by name, in order.
        outputs: Graph outputs by name, in order.
        precision_requested: What `Backend.load` was asked for.
        layer_precisions: The executed precision of every layer by the runtime's name for it; empty where the
            runtime does not tell, or executes one for all.
        settings: Whatever else was set and read back, in the runtime's own words.
    """

    name: str
    runtime_version: str
    device: str
    providers: tuple[str, ...]
    precision_executed: str | None
    threads: int
    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]
    precision_requested: str = "f32"
    layer_precisions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lacking:
    """A part of a model that a backend cannot execute.

    Attributes:
        name: The node (ONNX, OpenVINO IR) or layer (Caffe).
        type: Its operator or layer type, with its domain before a colon where that is not ONNX's own.
        reason: In the runtime's words.
    """

    name: str
    type: str
    reason: str


class Session(Protocol):
    """A loaded artifact, ready to run; used by one thread at a time."""

    def info(self) -> BackendInfo:
        """What was loaded, and what it runs on."""

    def run(
        self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Executes the network once.

        Args:
            inputs: One array for every graph input, of its very shape and element type.
            outputs: Names wanted, in this order; all graph outputs by default. A backend that keeps the
                blobs inside takes their names as well.

        Returns:
            The outputs by name, which later runs leave alone.

        Raises:
            BadInput: CTK516 for a missing or unknown name, CTK508 for a wrong shape or element type.
            EnvironmentFailed: CTK404 when the runtime fails, CTK408 when memory runs out.
            UsageFault: CTK601 when the session is closed.
        """

    def synchronise(self) -> None:
        """Returns when everything that `run` started is done; at once where `run` itself waits."""

    def close(self) -> None:
        """Frees what the session holds; a second call does nothing."""

    def __enter__(self) -> Self:
        """The session itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes the session."""


class Backend(Protocol):
    """Something that executes artifacts.

    Attributes:
        formats: Formats (DESIGN §1) that it loads, the one made on demand for it first.
    """

    formats: ClassVar[tuple[str, ...]]

    @classmethod
    def load(
        cls,
        artifact: Path,
        *,
        threads: int | None = None,
        precision: str = "f32",
        device: str | None = None,
    ) -> Session:
        """Loads an artifact.

        A backend may take further keyword arguments of its own, all with defaults.

        Args:
            artifact: Its main file; a backend finds further files beside it.
            threads: Number of threads that compute; the physical cores by default.
            precision: ``f32``, ``f16``, ``bf16``, or ``native`` for whatever the runtime would choose.
                What is executed is read back; see `BackendInfo.precision_executed`.
            device: Where to compute, in the runtime's own words; its CPU by default.

        Raises:
            BadInput: CTK501 or CTK502 for the file, or the code of its format (CTK517 for ONNX, CTK520 for
                OpenVINO IR).
            EnvironmentFailed: CTK404 when the runtime is missing, lacks an operator or does not do what was
                asked, CTK407 for more threads than logical processors, CTK408 when memory runs out.
            UsageFault: CTK601 for a thread count below 1, CTK604 for a precision or device that this
                backend does not offer.
        """

    @classmethod
    def supports(cls, model: Path) -> tuple[Lacking, ...]:
        """Which parts of a model this backend cannot execute; none when it can execute all.

        Args:
            model: The main file of an artifact of one of `formats`. Its weights need not be there: shapes
                and attributes decide.

        Raises:
            BadInput: The file cannot be read.
            EnvironmentFailed: CTK404 when the runtime is missing.
        """
