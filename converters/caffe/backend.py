"""The backend `caffe-reference`: a Caffe network executed in float64 NumPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from converters.caffe.build import NetOptions, read_net
from converters.caffe.caffemodel import read_caffemodel
from converters.caffe.lacking import lacking_layers
from converters.caffe.layers.registry import shape_of
from converters.caffe.network import Net, Shape
from converters.caffe.parameters import Sources
from converters.caffe.reference import run_reference
from toolkit.backends.closed_on_exit import ClosedOnExit
from toolkit.backends.fitting import fitting
from toolkit.backends.memory import refuse_too_large
from toolkit.backends.precision import NATIVE, refuse_unoffered
from toolkit.backends.protocol import Backend, BackendInfo, Lacking, TensorInfo
from toolkit.backends.threads import thread_count
from toolkit.errors import BadInput, EnvironmentFailed, UsageFault, Where

# Both are served in float64: a reference for whatever another backend was asked for.
_PRECISIONS = ("f32", NATIVE)


class CaffeReferenceBackend:
    """Loads a prototxt, and the caffemodel of the same stem beside it if there is one."""

    formats: ClassVar[tuple[str, ...]] = ("caffe",)

    @classmethod
    def load(
        cls,
        artifact: Path,
        *,
        threads: int | None = None,
        precision: str = "f32",
        device: str | None = None,
    ) -> CaffeReferenceSession:
        """Reads the network; see `Backend.load`.

        Args:
            artifact: The prototxt.
            threads: Threads of NumPy's BLAS; the physical cores by default.
            precision: ``f32`` or ``native``; float64 is executed for both, as a reference for either.
            device: ``CPU`` or None.

        Raises:
            BadInput: As `converters.caffe.build.read_net`.
            EnvironmentFailed: CTK407 for too many threads, CTK408 for a network larger than memory.
            UsageFault: CTK601 for a thread count below 1, CTK604 for another precision or device.
        """
        refuse_unoffered(precision, _PRECISIONS, "caffe-reference", "it always computes in float64")
        if device not in {None, "CPU"}:
            what = f"the backend caffe-reference has no device {device!r}"
            raise UsageFault("CTK604", what, notes=["offered: CPU"])
        threads = thread_count(threads)
        caffemodel = artifact.with_suffix(".caffemodel")
        refuse_too_large([artifact, caffemodel], "caffe-reference")
        sources = Sources(caffemodel=read_caffemodel(caffemodel) if caffemodel.exists() else None)
        return CaffeReferenceSession(read_net(artifact, sources, NetOptions()), threads, precision)

    @classmethod
    def supports(cls, model: Path) -> tuple[Lacking, ...]:
        """Which layers have a type that nothing is registered for; see `Backend.supports`.

        Args:
            model: The prototxt; no caffemodel is read.

        Raises:
            BadInput: CTK501 to CTK508 when it is wrong in another way.
        """
        return lacking_layers(model)


class CaffeReferenceSession(ClosedOnExit):
    """A network ready to run; see `toolkit.backends.protocol.Session`.

    Args:
        net: The network.
        threads: Threads of NumPy's BLAS.
        precision: The one that was asked for.
    """

    def __init__(self, net: Net, threads: int, precision: str) -> None:
        from threadpoolctl import ThreadpoolController

        self._net: Net | None = net
        self._precision = precision
        self._limit = threads
        # The pool belongs to the process, and is limited while this session runs, and no longer.
        self._pools = ThreadpoolController().select(user_api="blas")
        with self._pools.limit(limits=threads):
            self._threads = max((pool["num_threads"] for pool in self._pools.info()), default=1)

    def info(self) -> BackendInfo:
        """What runs: NumPy in float64."""
        net = self._opened()
        return BackendInfo(
            name="caffe-reference",
            runtime_version=f"numpy {np.__version__}",
            device="CPU",
            providers=(),
            precision_executed="f64",
            threads=self._threads,
            inputs={name: TensorInfo(net.values[name].shape, "float32") for name in net.inputs},
            outputs={name: TensorInfo(net.values[name].shape, "float64") for name in net.outputs},
            precision_requested=self._precision,
        )

    def run(
        self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Executes the network once; see `Session.run`.

        Args:
            inputs: float32 arrays of the inputs' rank; other sizes are taken where the network can.
            outputs: Names of any values in the network; its outputs by default.

        Raises:
            BadInput: CTK516 for a missing or unknown name, CTK508 for a wrong rank, size or element type.
            EnvironmentFailed: CTK408 when memory runs out.
            UsageFault: CTK601 when the session is closed.
        """
        net = self._opened()
        unknown = [name for name in inputs if name not in net.inputs]
        if unknown:
            raise BadInput("CTK516", f"no input is called {unknown[0]!r}", Where(file=net.file))
        arrays = {name: _checked(net, name, value) for name, value in inputs.items()}
        shapes = {name: array.shape for name, array in arrays.items()}
        if any(net.values[name].shape != shape for name, shape in shapes.items()):
            refuse_sizes(net, shapes)
        try:
            with self._pools.limit(limits=self._limit):
                return dict(run_reference(net, arrays, outputs))
        except MemoryError as error:
            raise EnvironmentFailed(
                "CTK408", "out of memory in caffe-reference", Where(file=net.file)
            ) from error

    def synchronise(self) -> None:
        """Nothing is ever pending."""

    def close(self) -> None:
        """Lets go of the network."""
        self._net = None

    def _opened(self) -> Net:
        if self._net is None:
            raise UsageFault("CTK601", "the session is closed")
        return self._net


def _checked(net: Net, name: str, value: object) -> NDArray[Any]:
    """An input of the right rank and element type; its sizes may differ from the prototxt's."""
    anything = TensorInfo((None,) * len(net.values[name].shape), "float32")
    return fitting(name, value, anything, Where(file=net.file))


def refuse_sizes(net: Net, inputs: Mapping[str, Shape]) -> None:
    """Checks that a network takes inputs of other sizes, by inferring all shapes anew.

    Raises:
        BadInput: CTK508 when it does not.
    """
    shapes: dict[str, Shape] = {}
    for layer in net.layers:
        if layer.type == "Input":
            shapes.update({top: inputs.get(top, net.values[top].shape) for top in layer.tops})
            continue
        found = shape_of(replace(layer, bottom_shapes=tuple(shapes[name] for name in layer.bottoms)))
        if tuple(spec.shape for spec in found.blobs) != tuple(blob.values.shape for blob in layer.blobs):
            raise layer.fault("CTK508", f"the parameters of this {layer.type} do not fit inputs of that size")
        shapes.update(zip(layer.tops, found.tops, strict=True))


if TYPE_CHECKING:  # the type checker holds the class to the protocol
    _HELD: type[Backend] = CaffeReferenceBackend
