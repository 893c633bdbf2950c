"""An artifact compiled by OpenVINO, ready to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.backends.closed_on_exit import ClosedOnExit
from toolkit.backends.fitting import fitting
from toolkit.backends.openvino_faults import running_fault
from toolkit.backends.protocol import BackendInfo, TensorInfo
from toolkit.errors import BadInput, UsageFault, Where
from toolkit.nearest import did_you_mean

# NumPy's names of OpenVINO's element types, where they are not the same word.
_DTYPES = {"f64": "float64", "f32": "float32", "f16": "float16", "bf16": "bfloat16", "boolean": "bool"}
_DTYPES |= {
    f"{kind}{bits}": f"{word}{bits}"
    for kind, word in (("i", "int"), ("u", "uint"))
    for bits in (8, 16, 32, 64)
}
_OF_NUMPY = frozenset(_DTYPES.values()) - {"bfloat16"}
_RESULT = "/sink_port_0"  # what OpenVINO adds to an output's name to name the node behind it


class OpenVinoSession(ClosedOnExit):
    """An artifact in OpenVINO; made by `OpenVinoBackend.load`.

    Args:
        artifact: Its main file.
        compiled: The ``openvino.CompiledModel`` made of it.
        info: What `info` says, but inputs and outputs.
    """

    def __init__(self, artifact: Path, compiled: Any, info: BackendInfo) -> None:
        self._place = Where(file=str(artifact))
        self._artifact = artifact
        self._request: Any | None = compiled.create_infer_request()
        self._lent: list[NDArray[Any]] = []  # inputs of an inference in flight
        self._in_flight = False
        self._info = info
        self._inputs = list(info.inputs.items())
        # A value may bear several names; all of them are understood.
        self._input_places = _places(compiled.inputs)
        self._output_places = _places(compiled.outputs)
        self._all_outputs = [(name, i) for i, name in enumerate(info.outputs)]
        self._dynamic = any(tensor.is_open for tensor in info.inputs.values())
        self._own_inputs = [
            _own_numbers(self._request, i, tensor) for i, (_, tensor) in enumerate(self._inputs)
        ]

    def info(self) -> BackendInfo:
        """What was loaded, read back from the compiled model."""
        return self._info

    def run(
        self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Executes the network once; see `Session.run`. Only graph outputs can be asked for."""
        request = self._open_request()
        wanted = self._all_outputs if outputs is None else self._wanted(outputs)
        arrays = self._checked(inputs)
        try:
            self._give(request, arrays)
            request.infer()
            return self._copied(request, wanted)
        except UsageFault:
            raise
        except Exception as error:
            raise running_fault(error, self._artifact, dynamic=self._dynamic) from error

    def start(
        self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> list[tuple[str, int]]:
        """Begins an inference; arguments and errors as `run`. What it returns is for `finish`."""
        request = self._open_request()
        wanted = self._all_outputs if outputs is None else self._wanted(outputs)
        arrays = self._checked(inputs)
        try:
            self._give(request, arrays)
            self._lent = arrays
            self._in_flight = True
            request.start_async()
        except UsageFault:
            raise
        except Exception as error:
            raise running_fault(error, self._artifact, dynamic=self._dynamic) from error
        return wanted

    def finish(self, wanted: Sequence[tuple[str, int]]) -> dict[str, NDArray[Any]]:
        """Waits for the inference that `start` began, and returns its outputs; errors as `run`."""
        request = self._open_request()
        try:
            request.wait()
            return self._copied(request, wanted)
        except Exception as error:
            raise running_fault(error, self._artifact, dynamic=self._dynamic) from error
        finally:
            self._lent, self._in_flight = [], False

    def synchronise(self) -> None:
        """Returns at once: `run` waits for the device itself."""

    def close(self) -> None:
        """Frees the compiled model."""
        self._request = None
        self._own_inputs = []

    def _open_request(self) -> Any:
        if self._request is None:
            raise UsageFault("CTK601", "the session is closed", self._place)
        return self._request

    def _give(self, request: Any, arrays: Sequence[NDArray[Any]]) -> None:
        if self._in_flight:  # it reads its inputs yet
            raise UsageFault("CTK601", "an inference is in flight: finish it first", self._place)
        for i, (array, own) in enumerate(zip(arrays, self._own_inputs, strict=True)):
            if own is not None:
                # With caches that an inference has emptied, 10 to 20 µs; a tensor of the caller's numbers takes 100.
                own[...] = array
            else:
                self._lend(request, i, array)

    @staticmethod
    def _lend(request: Any, i: int, array: NDArray[Any]) -> None:
        from openvino import Tensor

        # A view of the caller's numbers; OpenVINO does not make one of an array that is read-only.
        shared = array.flags.writeable and array.size > 0
        request.set_input_tensor(i, Tensor(array, shared_memory=shared))

    @staticmethod
    def _copied(request: Any, wanted: Sequence[tuple[str, int]]) -> dict[str, NDArray[Any]]:
        """Copies: the next run writes into the same tensors."""
        return {name: np.array(request.get_output_tensor(i).data) for name, i in wanted}

    def _wanted(self, outputs: Sequence[str]) -> list[tuple[str, int]]:
        for name in outputs:
            if name not in self._output_places:
                raise self._unknown("output", name, self._info.outputs)
        return [(name, self._output_places[name]) for name in outputs]

    def _checked(self, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        given: dict[int, NDArray[Any]] = {}
        for name, array in inputs.items():
            if name not in self._input_places:
                raise self._unknown("input", name, self._info.inputs)
            given[self._input_places[name]] = array
        return [
            fitting(name, given.get(i), wanted, self._place) for i, (name, wanted) in enumerate(self._inputs)
        ]

    def _unknown(self, what: str, name: str, known: Mapping[str, TensorInfo]) -> BadInput:
        return BadInput("CTK516", f"the graph has no {what} {name!r}", self._place, did_you_mean(name, known))


def _own_numbers(request: Any, i: int, wanted: TensorInfo) -> NDArray[Any] | None:
    """The memory that a request reads an input from; None where its shape or its element type is not NumPy's."""
    if wanted.is_open or 0 in wanted.shape or wanted.dtype not in _OF_NUMPY:
        return None
    data: NDArray[Any] = request.get_input_tensor(i).data
    return data if data.shape == wanted.shape and data.dtype == wanted.dtype else None


def ports(values: Sequence[Any]) -> dict[str, TensorInfo]:
    """Inputs or outputs of a compiled model by name, in order.

    Args:
        values: Its ``inputs`` or ``outputs``.
    """
    return {_name(value): _tensor_info(value) for value in values}


def _name(value: Any) -> str:
    """The name that the artifact gives it; OpenVINO keeps those of merged values beside it, in no order."""
    own = str(value.node.get_friendly_name()).removesuffix(_RESULT)
    names = value.names
    return own if own in names or not names else min(names)


def _places(values: Sequence[Any]) -> dict[str, int]:
    places = {name: i for i, value in enumerate(values) for name in value.names}
    return places | {_name(value): i for i, value in enumerate(values)}


def _tensor_info(value: Any) -> TensorInfo:
    shape = value.partial_shape
    element = value.element_type.get_type_name()
    dtype = _DTYPES.get(element, element)
    if shape.rank.is_dynamic:
        return TensorInfo((), dtype, any_rank=True)
    return TensorInfo(tuple(None if d.is_dynamic else d.get_length() for d in shape), dtype)
