"""Pooling that rounds the other way, held against `caffe-reference` with the other `round_mode`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx_samples import run_onnx
from wrong_networks import case_files, case_inputs, case_net, run, with_parameter

import converters
from benchmarks.faults.artifacts import FaultyArtifacts
from benchmarks.faults.pooling_rounding import FAULT
from converters.caffe.schema import PoolingParameter

CEIL, FLOOR = PoolingParameter.CEIL, PoolingParameter.FLOOR


@pytest.mark.parametrize(
    ("case", "layer", "other"),
    [
        ("pool_round_floor", "op", CEIL),
        ("pool_max_k3s2_ceil", "op", FLOOR),
        ("pool_ave_k3s2", "op", FLOOR),
        ("real_resnet_small", "pool1", FLOOR),
    ],
)
def test_it_has_the_windows_of_the_other_round_mode(
    tmp_path: Path, case: str, layer: str, other: int
) -> None:
    artifact = converters.convert(case_files(case), output=tmp_path / "sound.onnx").path
    made = FaultyArtifacts(artifact, tmp_path).make(FAULT)
    assert made is not None
    assert made.place.layer == layer
    onnx.checker.check_model(str(made.path), full_check=True)
    net, given = case_net(case), case_inputs(case)
    wrong = with_parameter(net, layer, "pooling_param", round_mode=other)
    found, wanted = run_onnx(made.path, given), run(wrong, given)
    assert {name: array.shape for name, array in found.items()} == {n: a.shape for n, a in wanted.items()}
    for name, array in wanted.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-4, atol=1e-5)
        sound = run(net, given)[name]
        assert sound.shape != array.shape or np.abs(sound - array).max() > 1e-3


@pytest.mark.parametrize("case", ["pool_max_k2s2_even", "pool_global_ave", "real_vgg_small"])
def test_there_is_none_where_both_ways_are_one_or_a_layer_needs_the_size(tmp_path: Path, case: str) -> None:
    artifact = converters.convert(case_files(case), output=tmp_path / "sound.onnx").path
    assert FaultyArtifacts(artifact, tmp_path).make(FAULT) is None
