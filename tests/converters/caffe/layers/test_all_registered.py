"""Every layer type is registered whole, and every forward layer of BVLC Caffe is there."""

from __future__ import annotations

import pytest

from converters.caffe.layers import registry
from converters.caffe.schema import V1LayerParameter
from converters.caffe.upgrade.v1 import type_name

registry.load_all()

# Issue 4: all layers of BVLC Caffe (commit 9b89154) that run forward, and those of the common forks.
FORWARD = (
    "AbsVal ArgMax BatchNorm BatchReindex Bias BNLL Clip Concat Convolution Crop Deconvolution Dropout Eltwise ELU "
    "Embed Exp Flatten Im2col InnerProduct Input Log LRN MVN Parameter Pooling Power PReLU Reduction ReLU Reshape "
    "Scale Sigmoid Silence Slice Softmax Split SPP Swish TanH Threshold Tile"
)
LOSSES = (
    "Accuracy ContrastiveLoss EuclideanLoss HingeLoss InfogainLoss MultinomialLogisticLoss "
    "SigmoidCrossEntropyLoss SoftmaxWithLoss"
)
FORKS = "Permute Normalize Axpy Interp ShuffleChannel ReLU6 ConvolutionDepthwise Upsample"


def test_the_three_registries_hold_the_same_types():
    assert set(registry.SHAPES) == set(registry.EMISSIONS) == set(registry.EVALUATIONS)


@pytest.mark.parametrize("kind", [*FORWARD.split(), *LOSSES.split(), *FORKS.split()])
def test_every_forward_layer_is_registered(kind: str):
    assert kind in registry.SHAPES


def test_counts_and_reaches_belong_to_registered_types():
    assert set(registry.MACS) | set(registry.REACHES) <= set(registry.SHAPES)


def test_layers_with_weights_that_multiply_are_counted():
    counted = {"Convolution", "ConvolutionDepthwise", "Deconvolution", "InnerProduct"}
    assert counted <= set(registry.MACS)


@pytest.mark.parametrize("name", [name for name in V1LayerParameter.LayerType.keys() if name != "NONE"])  # noqa: SIM118
def test_every_old_type_has_a_registered_successor(name: str):
    """The enum of 2014 names what Caffe could do then; each of those types still means something here."""
    assert type_name(V1LayerParameter.LayerType.Value(name)) in registry.SHAPES
