"""Runs golden cases in this process: ONNX in onnxruntime at several opsets, and caffe-reference."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CASES = Path(__file__).parents[2] / "tests" / "golden" / "cases"
OPSETS = (13, 11, 18)
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """A golden case with its numbers."""

    folder: Path
    types: frozenset[str]
    facts: Mapping[str, Any]
    inputs: Arrays
    outputs: Arrays


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case, the smallest first, since most mutants die at once."""
    found = [_read(folder) for folder in CASES.iterdir() if (folder / "case.json").is_file()]
    return tuple(
        sorted(found, key=lambda case: (sum(f.stat().st_size for f in case.folder.iterdir()), case.folder))
    )


def cases_of(types: Iterable[str]) -> list[Case]:
    """Cases whose prototxt names one of the layer types, in any generation's spelling."""
    wanted = {_plain(name) for name in types}
    return [case for case in all_cases() if case.types & wanted]


def fails(case: Case, scratch: Path) -> str:
    """Why a case does not come out as Caffe's; empty when it does."""
    from converters.caffe.build import load_sources, read_net
    from toolkit.errors import CtkError, InternalFault

    weights = case.folder / "weights.caffemodel"
    must_fail = case.facts["status"] == "must_error"
    try:
        net = read_net(case.folder / "deploy.prototxt", load_sources(weights if weights.exists() else None))
        for opset in OPSETS:
            why = _run_onnx(net, case, opset, scratch)
            if why and not must_fail:
                return why
    except InternalFault as fault:
        return fault.headline
    except CtkError as error:
        return "" if must_fail or case.facts.get("allow_error") else error.headline
    return "accepted" if must_fail else _run_reference(net, case)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _read(folder: Path) -> Case:
    text = (folder / "deploy.prototxt").read_text("utf-8", "replace")
    types = frozenset(_plain(name) for name in re.findall(r"type\s*:\s*[\"']?(\w+)", text)) | {"input"}
    facts = json.loads((folder / "case.json").read_text("utf-8"))
    arrays = [_npz(folder / name) for name in ("inputs.npz", "outputs.npz")]
    return Case(folder, types, facts, *arrays)


def _npz(path: Path) -> Arrays:
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _run_onnx(net: Any, case: Case, opset: int, scratch: Path) -> str:
    import onnxruntime

    from converters.onnx.emit import emit_onnx
    from converters.onnx.stream_writer import write_onnx

    graph, _ = emit_onnx(net, opset)
    target = scratch / "net.onnx"
    write_onnx(target, graph, dict)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(target), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    given = {i.name: case.inputs[i.name] for i in session.get_inputs() if i.name in case.inputs}
    made = dict(zip(names, session.run(names, given), strict=True))
    return _compare(made, case)


def _run_reference(net: Any, case: Case) -> str:
    from converters.caffe.reference import run_reference

    return _compare(run_reference(net, {k: v for k, v in case.inputs.items() if k in net.inputs}), case)


def _compare(made: Arrays, case: Case) -> str:
    for name, want in case.outputs.items():
        if name in case.inputs and name not in made:
            continue
        if name not in made or made[name].shape != want.shape:
            return f"output {name!r} is missing or of another shape"
        off = np.abs(made[name].astype(np.float64) - want)
        if not (off <= case.facts["tolerance_atol"] + case.facts["tolerance_rtol"] * np.abs(want)).all():
            return f"output {name!r} is off by {off.max()}"
    return ""
