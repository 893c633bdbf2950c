"""The golden cases in cv2.dnn, from ONNX and from Caffe files: right, refused, or wrong and said to be so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from onnx_samples import written

from converters.caffe.build import NetOptions, read_net
from converters.caffe.caffemodel import read_caffemodel
from converters.caffe.opencv_backend import OpenCvBackend
from converters.caffe.parameters import Sources
from toolkit.backends.opencv_session import OpenCvSession
from toolkit.errors import EnvironmentFailed
from toolkit.messages import collected_warnings

CASES = Path(__file__).resolve().parents[2] / "golden" / "cases"
# The reader refuses these, although Caffe goes on.
UNREAD = {"aliasing_flatten_inplace"}
NAMES = sorted({path.parent.name for path in CASES.glob("*/outputs.npz")} - UNREAD)

# In opencv-python-headless 4.14. Whatever is in neither set must agree with Caffe.
WRONG_FROM_ONNX = {
    *("bn_batch_stats", "dag_20", "mvn_across", "reduction_mean"),  # reductions of three axes
    *("lrn_within", "lrn_within_k", "pool_ave_pad"),  # AveragePool that counts its padding
}
REFUSED_FROM_ONNX = {
    *("argmax_axis1", "argmax_default", "argmax_ties", "argmax_topk"),  # Slice backwards before a TopK
    *(
        "dag_40",
        "input_legacy_two_shapes",
        "scale_two_bottoms",
        "scale_two_bottoms_bias",
    ),  # Unsqueeze of two axes
    *("deconv_dilation", "reduction_sum_all"),
}
WRONG_FROM_CAFFE = {
    *("dag_20", "lrn_across_big"),  # LRN's k; MVN's eps
    *("concat_single", "log_base10", "pool_empty_window_max", "scale_two_bottoms_bias"),
}
REFUSED_FROM_CAFFE = {
    *(
        "argmax_axis1",
        "argmax_default",
        "argmax_ties",
        "argmax_topk",
        "bias_basic",
        "bias_two_bottoms",
        "clip",
    ),
    *("embed", "embed_nobias", "parameter_layer", "threshold", "v1_all_simple"),
    *("reduction_asum", "reduction_mean", "reduction_sum_all", "reduction_sumsq"),
    *("dag_10", "dag_15", "tile_axis_neg", "tile_default"),  # Tile
    *("bn_batch_stats", "deconv_dilation", "pool_round_floor", "reshape_axis_neg_replace"),
}


def prepared(name: str, folder: Path, form: str) -> Path:
    weights = CASES / name / "weights.caffemodel"
    prototxt = folder / f"{name}.prototxt"
    if form == "caffe":
        shutil.copy(CASES / name / "deploy.prototxt", prototxt)
        if weights.exists():
            shutil.copy(weights, prototxt.with_suffix(".caffemodel"))
        return prototxt
    sources = Sources(caffemodel=read_caffemodel(weights) if weights.exists() else None)
    return written(read_net(CASES / name / "deploy.prototxt", sources, NetOptions()), folder / f"{name}.onnx")


def opened(artifact: Path) -> OpenCvSession | None:
    """None where cv2.dnn lacks something; any other error fails."""
    try:
        return OpenCvBackend.load(artifact)
    except EnvironmentFailed as error:
        if error.code != "CTK404":
            raise
        return None


def outcome(name: str, artifact: Path) -> str:
    """``right``, ``wrong`` (and warned of), or ``refused``; anything else fails."""
    inputs, expected = np.load(CASES / name / "inputs.npz"), np.load(CASES / name / "outputs.npz")
    case = json.loads((CASES / name / "case.json").read_text())
    with collected_warnings() as warnings:
        session = opened(artifact)
        if session is None:
            return "refused"
        with session:
            found = session.run({key: inputs[key] for key in session.info().inputs})
    warned = any("opencv computes" in text for text in warnings)
    compared = set(expected.files) & found.keys()
    assert compared == set(expected.files) - set(inputs.files)  # an input may be listed as an output
    agrees = True
    for key in compared:
        assert found[key].shape == expected[key].shape
        error = np.abs(found[key].astype(np.float64) - expected[key])
        bound = case["tolerance_atol"] + case["tolerance_rtol"] * np.abs(expected[key])
        agrees &= bool((error <= bound).all())
    assert warned or agrees
    return "wrong" if warned else "right"


@pytest.mark.parametrize(
    ("form", "wrong", "refused"),
    [
        ("onnx", WRONG_FROM_ONNX, REFUSED_FROM_ONNX),
        ("caffe", WRONG_FROM_CAFFE, REFUSED_FROM_CAFFE),
    ],
    ids=["onnx", "caffe"],
)
def test_golden_cases(form: str, wrong: set[str], refused: set[str], tmp_path: Path):
    outcomes = {}
    for name in NAMES:
        with collected_warnings():
            artifact = prepared(name, tmp_path, form)
            lacking = OpenCvBackend.supports(artifact)
        outcomes[name] = outcome(name, artifact)
        assert bool(lacking) == (outcomes[name] != "right"), (name, lacking)
    assert {name for name, found in outcomes.items() if found == "wrong"} == wrong
    assert {name for name, found in outcomes.items() if found == "refused"} == refused
    assert len(outcomes) > 150
