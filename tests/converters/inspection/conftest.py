"""A small Caffe network with everything that is told apart, and its weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converters.caffe.caffemodel_writer import write_caffemodel

# 2 -> 6 (stride 2, dilation 2, group 2) -> norm -> 6 -> 4 (deconvolution, twice the size) -> scale -> 313 -> 2.
PROTOTXT = """
name: "little"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 1 dim: 2 dim: 16 dim: 12 } } }
layer { name: "wide" type: "Convolution" bottom: "data" top: "wide"
  convolution_param { num_output: 6 group: 2 kernel_size: 3 stride: 2 pad: 2 dilation: 2 } }
layer { name: "relu" type: "ReLU" bottom: "wide" top: "wide" }
layer { name: "norm" type: "BatchNorm" bottom: "wide" top: "norm" }
layer { name: "up" type: "Deconvolution" bottom: "norm" top: "up"
  convolution_param { num_output: 313 kernel_size: 4 stride: 2 pad: 1 bias_term: false } }
layer { name: "scale" type: "Scale" bottom: "up" top: "scale" scale_param { filler { value: 2.5 } } }
layer { name: "soft" type: "Softmax" bottom: "scale" top: "soft" }
layer { name: "class8_ab" type: "Convolution" bottom: "soft" top: "class8_ab"
  convolution_param { num_output: 2 kernel_size: 1 } }
layer { name: "quiet" type: "Silence" bottom: "class8_ab" }
"""


@pytest.fixture
def little(tmp_path: Path) -> tuple[Path, Path]:
    """Prototxt and caffemodel; the latter lacks ``scale`` and ``class8_ab``."""
    random = np.random.default_rng(5)
    prototxt, caffemodel = tmp_path / "little.prototxt", tmp_path / "little.caffemodel"
    prototxt.write_text(PROTOTXT)
    shapes = {
        ("wide", "Convolution"): [(6, 1, 3, 3), (6,)],
        ("norm", "BatchNorm"): [(6,), (6,), (1,)],
        ("up", "Deconvolution"): [(6, 313, 4, 4)],
    }
    with caffemodel.open("wb") as file:
        write_caffemodel(
            file,
            "little",
            [(*key, [random.random(s).astype(np.float32) for s in found]) for key, found in shapes.items()],
        )
    return prototxt, caffemodel
