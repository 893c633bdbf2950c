"""OpenVINO IR made by OpenVINO itself, and changed in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openvino


def ir_of(onnx: Path, target: Path, *, f16: bool = False, fused: bool = False) -> Path:
    """The IR that OpenVINO makes of an ONNX file, as read or with its usual fusions (as `ovc` does)."""
    model = openvino.convert_model(str(onnx)) if fused else openvino.Core().read_model(str(onnx))
    target.parent.mkdir(exist_ok=True)
    openvino.save_model(model, str(target), compress_to_fp16=f16)
    return target


def graph_ir(results: list[Any], inputs: list[Any], target: Path, *, f16: bool = False) -> Path:
    openvino.save_model(openvino.Model(results, inputs, "by_hand"), str(target), compress_to_fp16=f16)
    return target


def edited_xml(path: Path, change: Callable[[str], str]) -> Path:
    """The pair under another name, its xml changed."""
    target = path.with_name(f"edited_{path.name}")
    before = path.read_text()
    after = change(before)
    assert after != before
    target.write_text(after)
    target.with_suffix(".bin").write_bytes(path.with_suffix(".bin").read_bytes())
    return target


def edited_bin(path: Path, offset: int, change: Callable[[bytes], bytes]) -> Path:
    """The pair under another name, the bytes of its bin changed from an offset on."""
    target = path.with_name(f"edited_{path.name}")
    target.write_text(path.read_text())
    data = path.with_suffix(".bin").read_bytes()
    target.with_suffix(".bin").write_bytes(data[:offset] + change(data[offset:]))
    return target
