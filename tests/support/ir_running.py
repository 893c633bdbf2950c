"""Runs IR in OpenVINO, in f32 and on one thread, and looks into it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]
PROPERTIES = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": "1"}


def read_ir(path: Path) -> Any:
    """The ``openvino.Model`` of an IR."""
    return openvino.Core().read_model(str(path))


def run_ir(path: Path, inputs: Mapping[str, NDArray[Any]]) -> Arrays:
    """Outputs by name; an output of several names stands under each."""
    compiled = openvino.Core().compile_model(str(path), "CPU", PROPERTIES)
    names = {name for value in compiled.inputs for name in value.get_names()}
    found = compiled({name: array for name, array in inputs.items() if name in names})
    return {name: np.array(array, copy=True) for value, array in found.items() for name in value.get_names()}


def operations(model: Any) -> dict[str, str]:
    """Operator types by friendly name, without constants."""
    ops = [op for op in model.get_ordered_ops() if op.get_type_name() != "Constant"]
    return {op.get_friendly_name(): op.get_type_name() for op in ops}


def constants(model: Any) -> Arrays:
    """Constants by friendly name."""
    ops = [op for op in model.get_ordered_ops() if op.get_type_name() == "Constant"]
    return {op.get_friendly_name(): np.array(op.get_data(), copy=True) for op in ops}
