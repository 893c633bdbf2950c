"""Constant parts of the graph are computed once, and nothing else is changed.

OpenVINO's reader for ONNX writes chains of ShapeOf, Concat and Reshape around every bias. Its own pass
ConstantFolding alone takes them away. `openvino.convert_model` would too, but it also fuses BatchNorm into the
convolution before it, so that a layer could no longer be found by its name (DESIGN §8.4; docs/adr/0007).
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from math import prod
from pathlib import Path
from typing import Any

from converters.openvino.naming import automatic_names, origins_of_constants, settle_names
from toolkit.backends.onnx_external import onnx_files
from toolkit.errors import EnvironmentFailed, Where

# Folding may write out what a file only describes, such as a broadcast constant.
_GROWTH = 8
_FREE_BYTES = 256 * 2**20


def fold_constants(model: Any, initializers: Mapping[str, int], given: AbstractSet[str], path: Path) -> None:
    """Folds, and gives names to what has none.

    Args:
        model: ``openvino.Model``, changed in place.
        initializers: Number of elements of the ONNX file's initializers by name.
        given: Names that stay, of `name_after_nodes`.
        path: The ONNX file; its size, with that of the files beside it, bounds what constants may take.

    Raises:
        EnvironmentFailed: CTK408 when the constants would take far more memory than these files' size.
    """
    from openvino import passes

    origins = origins_of_constants(model, initializers)
    automatic = automatic_names(model)
    _refuse_growth(model, path)
    manager = passes.Manager()
    manager.register_pass(passes.ConstantFolding())
    manager.run_passes(model)
    settle_names(model, origins, automatic, given)


def _refuse_growth(model: Any, path: Path) -> None:
    most = _GROWTH * sum(file.stat().st_size for file in onnx_files(path) if file.is_file()) + _FREE_BYTES
    held: set[str] = set()  # operations that depend on constants alone
    total = 0
    for op in model.get_ordered_ops():
        sources = [value.get_node().get_name() for value in op.input_values()]
        constant = op.get_type_name() == "Constant"
        if not constant and not (sources and held.issuperset(sources)):
            continue
        held.add(op.get_name())
        total += 0 if constant else sum(_bytes(out) for out in op.outputs())
        if total > most:
            what = f"folding the constants of this graph would take more than {most} bytes"
            raise EnvironmentFailed("CTK408", what, Where(file=str(path)))


def _bytes(value: Any) -> int:
    shape = value.get_partial_shape()
    if shape.is_dynamic:
        return 0
    return int(prod(size.get_length() for size in shape) * max(1, value.get_element_type().bitwidth // 8))
