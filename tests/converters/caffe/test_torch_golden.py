"""The golden cases, computed by the original Caffe, in the backend `torch`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from onnx_samples import written

from converters.caffe.build import NetOptions, read_net
from converters.caffe.caffemodel import read_caffemodel
from converters.caffe.parameters import Sources
from toolkit.errors import BadInput
from toolkit.messages import collected_warnings

pytest.importorskip("torch", reason="torch is an extra")

from toolkit.backends.torch import TorchBackend

CASES = Path(__file__).resolve().parents[2] / "golden" / "cases"


def test_golden_cases(tmp_path: Path):
    compared = 0
    for folder in sorted(path.parent for path in CASES.glob("*/outputs.npz")):
        case = json.loads((folder / "case.json").read_text())
        inputs, expected = np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz")
        weights = folder / "weights.caffemodel"
        stored = read_caffemodel(weights) if weights.exists() else None
        with collected_warnings():
            try:
                net = read_net(folder / "deploy.prototxt", Sources(caffemodel=stored), NetOptions())
            except BadInput:
                if not case["allow_error"]:
                    raise
                continue
            path = written(net, tmp_path / f"{folder.name}.onnx")
        with TorchBackend.load(path) as session:
            found = session.run({name: inputs[name] for name in session.info().inputs})
        for name in set(expected.files) - set(inputs.files):  # an input may be listed as an output
            assert found[name].shape == expected[name].shape, folder.name
            error = np.abs(found[name].astype(np.float64) - expected[name])
            bound = case["tolerance_atol"] + case["tolerance_rtol"] * np.abs(expected[name])
            assert (error <= bound).all(), folder.name
            compared += 1
    assert compared > 150
