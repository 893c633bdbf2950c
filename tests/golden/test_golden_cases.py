"""The cases computed by the original Caffe, converted by the API and by the installed command."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from command import CTK
from golden_route import OPSETS

from converters.caffe.layers import registry
from converters.caffe.prototxt import read_prototxt
from toolkit.errors import CtkError

HERE = Path(__file__).resolve().parent
CASES = sorted(path.parent for path in HERE.glob("cases/*/case.json"))
COMMAND = f"'{CTK}' convert {{prototxt}} {{caffemodel}} --to onnx -o {{out}}"
# These go through the command in every run, all others in the long one.
BY_COMMAND = (
    "bn_sf0", "cm_garbage", "cm_missing_layer_filler", "cm_none_constant_filler", "cm_truncated", "cm_unpacked_floats",
    "conv_double_blobs", "conv_group2", "deconv_bilinear_missing", "deconv_k4s2p1", "err_unbalanced", "err_unknown_field",
    "err_unknown_layer", "input_legacy_after_layers", "pool_ave_pad_s2", "real_color_mini", "scale_two_bottoms_bias",
    "softmax_axis_neg1", "v1_lenet",
)  # fmt: skip
# What must be said of every file that is refused: the right code, not just any error.
CODES = {
    "cm_data_shorter_than_shape": "509",
    "cm_garbage": "502",
    "cm_missing_random_filler": "511",
    "cm_none_random_filler": "511",
    "cm_shape_mismatch": "510",
    "cm_too_few_blobs": "510",
    "cm_transposed_shape": "510",
    "cm_truncated": "509",
    "err_conv_pad_and_pad_h": "507",
    "err_conv_stride_zero": "507",
    "err_conv_too_big_kernel": "508",
    "err_crop_out_of_bounds": "507 508",
    "err_data_layer_at_test": "506",
    "err_duplicate_top": "505",
    "err_eltwise_shape": "508",
    "err_empty_file": "502",
    "err_group_indivisible": "507",
    "err_inplace_second_bottom": "505",
    "err_lrn_even": "507",
    "err_not_topological": "505",
    "err_python_layer": "506",
    "err_unbalanced": "503",
    "err_unknown_bottom": "505",
    "err_unknown_field": "504",
    "err_unknown_layer": "506",
    "inplace_after_consumer": "505",
    "phase_dangling_bottom": "505",
}


def _load_checker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_cases", HERE / "check_cases.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHECKER = _load_checker()


def skip_without_layers(folder: Path) -> None:
    """Skips a case with a layer type that is not registered, unless that is what it tests."""
    if "506" in CODES.get(folder.name, ""):
        return
    registry.load_all()
    try:
        layers = read_prototxt(folder / "deploy.prototxt").message.layer
    except CtkError:
        return
    for layer in layers:
        if layer.type not in registry.SHAPES:
            pytest.skip(f"layer type {layer.type} is not there yet")


def check(result: dict[str, Any]) -> None:
    assert result["result"] in {"pass", "refused"}, result["why"]
    if result["status"] == "must_error":
        assert any(f"CTK{code}" in result["why"] for code in CODES[result["name"]].split()), result["why"]


def by_name(folder: Path) -> str:
    return folder.name


@pytest.mark.parametrize("folder", CASES, ids=by_name)
def test_api_agrees_with_caffe(folder: Path, monkeypatch: pytest.MonkeyPatch):
    skip_without_layers(folder)
    monkeypatch.chdir(folder)
    check(CHECKER.run_case(str(folder), "python", "golden_route:to_onnx", 60))


@pytest.mark.parametrize(
    "folder",
    [pytest.param(f, marks=() if f.name in BY_COMMAND else pytest.mark.slow) for f in CASES],
    ids=by_name,
)
def test_command_agrees_with_caffe(folder: Path):
    skip_without_layers(folder)
    check(CHECKER.run_case(str(folder), "cmd", COMMAND, 120))


def test_every_refusal_has_a_code_to_be_checked():
    refused = {f.name for f in CASES if json.loads((f / "case.json").read_text())["status"] == "must_error"}
    assert refused == CODES.keys()
    assert set(BY_COMMAND) <= {folder.name for folder in CASES}


@pytest.mark.slow
@pytest.mark.parametrize("opset", OPSETS)
@pytest.mark.parametrize("folder", [f for f in CASES if f.name not in CODES], ids=by_name)
def test_every_opset_agrees_with_caffe(folder: Path, opset: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(folder)
    check(CHECKER.run_case(str(folder), "python", f"golden_route:to_onnx_{opset}", 60))
