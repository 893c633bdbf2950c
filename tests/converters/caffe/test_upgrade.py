"""Older forms against what the original Caffe makes of them.

The expected networks were computed by BVLC's own util/upgrade_proto.cpp (commit 9b89154), compiled against
protobuf 3.21 and given the same text.
"""

from __future__ import annotations

import pytest
from google.protobuf import text_format

from converters.caffe.prototxt import parse_prototxt
from converters.caffe.schema import NetParameter, V1LayerParameter
from converters.caffe.upgrade import upgrade_net
from converters.caffe.upgrade.v0_parameters import BY_TYPE, ELSEWHERE, FOR_ALL_TYPES
from converters.caffe.upgrade.v1 import type_name
from toolkit.errors import BadInput, Where
from toolkit.messages import collected_warnings

V0 = """
name: "old" force_backward: true
input: "data" input_dim: 1 input_dim: 3 input_dim: 9 input_dim: 9
layers { layer { name: "pad1" type: "padding" pad: 2 } bottom: "data" top: "pad1" }
layers { layer { name: "conv1" type: "conv" num_output: 4 kernelsize: 3 stride: 2 group: 1 biasterm: false pad: 7
  weight_filler { type: "gaussian" std: 0.01 } bias_filler { type: "constant" value: 1 }
  blobs_lr: 1 blobs_lr: 2 weight_decay: 1 weight_decay: 0
  blobs { num: 1 channels: 1 height: 1 width: 2 data: 3 data: 4 } }
  bottom: "pad1" top: "conv1" include { phase: TRAIN } }
layers { layer { name: "pool1" type: "pool" pool: AVE kernelsize: 3 stride: 2 } bottom: "conv1" top: "pool1" }
layers { layer { name: "norm1" type: "lrn" local_size: 3 alpha: 0.5 beta: 0.25 k: 2 } bottom: "pool1" top: "norm1" }
layers { layer { name: "fc" type: "innerproduct" num_output: 5 biasterm: true bias_filler { value: 2 } }
  bottom: "norm1" top: "fc" }
layers { layer { name: "drop" type: "dropout" dropout_ratio: 0.25 } bottom: "fc" top: "fc" }
layers { layer { name: "cat" type: "concat" concat_dim: 0 } bottom: "fc" bottom: "fc" top: "cat" }
layers { layer { name: "images" type: "images" source: "list.txt" batchsize: 8 scale: 0.5 meanfile: "m" cropsize: 7
  mirror: true rand_skip: 3 new_height: 4 new_width: 5 shuffle_images: true } top: "im" top: "label" }
layers { layer { name: "win" type: "window_data" source: "w" det_fg_threshold: 0.25 det_bg_threshold: 0.75
  det_fg_fraction: 0.125 det_context_pad: 6 det_crop_mode: "square" } top: "w" }
layers { layer { name: "h5" type: "hdf5_output" hdf5_output_param { file_name: "o.h5" } } bottom: "w" }
"""
V0_UPGRADED = """
name: "old" force_backward: true
layer { name: "input" type: "Input" top: "data" input_param { shape { dim: 1 dim: 3 dim: 9 dim: 9 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  param { lr_mult: 1.0 decay_mult: 1.0 } param { lr_mult: 2.0 decay_mult: 0.0 }
  blobs { num: 1 channels: 1 height: 1 width: 2 data: 3.0 data: 4.0 }
  convolution_param { num_output: 4 bias_term: false pad: 2 kernel_size: 3 group: 1 stride: 2
    weight_filler { type: "gaussian" std: 0.01 } bias_filler { type: "constant" value: 1.0 } } }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param { pool: AVE kernel_size: 3 stride: 2 } }
layer { name: "norm1" type: "LRN" bottom: "pool1" top: "norm1"
  lrn_param { local_size: 3 alpha: 0.5 beta: 0.25 k: 2.0 } }
layer { name: "fc" type: "InnerProduct" bottom: "norm1" top: "fc"
  inner_product_param { num_output: 5 bias_term: true bias_filler { value: 2.0 } } }
layer { name: "drop" type: "Dropout" bottom: "fc" top: "fc" dropout_param { dropout_ratio: 0.25 } }
layer { name: "cat" type: "Concat" bottom: "fc" bottom: "fc" top: "cat" concat_param { concat_dim: 0 } }
layer { name: "images" type: "ImageData" top: "im" top: "label"
  transform_param { scale: 0.5 mirror: true crop_size: 7 mean_file: "m" }
  image_data_param { source: "list.txt" batch_size: 8 rand_skip: 3 shuffle: true new_height: 4 new_width: 5 } }
layer { name: "win" type: "WindowData" top: "w" window_data_param { source: "w" fg_threshold: 0.25
  bg_threshold: 0.75 fg_fraction: 0.125 context_pad: 6 crop_mode: "square" } }
layer { name: "h5" type: "HDF5Output" bottom: "w" hdf5_output_param { file_name: "o.h5" } }
"""
V1 = """
name: "v1"
input: "data" input: "mask"
input_shape { dim: 1 dim: 3 } input_shape { dim: 5 }
state { stage: "deploy" }
layers { name: "d" type: DATA top: "d" include { phase: TRAIN }
  data_param { source: "db" batch_size: 2 backend: LMDB scale: 0.5 mean_file: "m" crop_size: 7 mirror: true } }
layers { name: "i" type: IMAGE_DATA top: "i" image_data_param { source: "l" crop_size: 3 }
  transform_param { force_gray: true } exclude { stage: "deploy" } }
layers { name: "c" type: CONVOLUTION bottom: "data" top: "c" param: "w" param: "b" blob_share_mode: PERMISSIVE
  blobs_lr: 1 blobs_lr: 2 blobs_lr: 3 weight_decay: 1 weight_decay: 0 loss_weight: 0.5
  convolution_param { num_output: 2 kernel_size: 3 } blobs { shape { dim: 2 } data: 1 data: 2 } }
layers { name: "l" type: SOFTMAX_LOSS bottom: "c" bottom: "mask" top: "l" softmax_param { engine: CAFFE }
  loss_param { ignore_label: 255 normalize: true } }
layers { name: "x" bottom: "c" top: "x" relu_param { negative_slope: 0.25 } threshold_param { threshold: 1 } }
"""
V1_UPGRADED = """
name: "v1" state { stage: "deploy" }
layer { name: "input" type: "Input" top: "data" top: "mask"
  input_param { shape { dim: 1 dim: 3 } shape { dim: 5 } } }
layer { name: "d" type: "Data" top: "d" include { phase: TRAIN }
  transform_param { scale: 0.5 mirror: true crop_size: 7 mean_file: "m" }
  data_param { source: "db" batch_size: 2 backend: LMDB } }
layer { name: "i" type: "ImageData" top: "i" exclude { stage: "deploy" }
  transform_param { crop_size: 3 force_gray: true } image_data_param { source: "l" } }
layer { name: "c" type: "Convolution" bottom: "data" top: "c" loss_weight: 0.5
  param { name: "w" share_mode: PERMISSIVE lr_mult: 1.0 decay_mult: 1.0 }
  param { name: "b" lr_mult: 2.0 decay_mult: 0.0 } param { lr_mult: 3.0 }
  blobs { data: 1.0 data: 2.0 shape { dim: 2 } } convolution_param { num_output: 2 kernel_size: 3 } }
layer { name: "l" type: "SoftmaxWithLoss" bottom: "c" bottom: "mask" top: "l"
  loss_param { ignore_label: 255 normalize: true } softmax_param { engine: CAFFE } }
layer { name: "x" bottom: "c" top: "x" relu_param { negative_slope: 0.25 } threshold_param { threshold: 1.0 } }
"""
# V1 enum -> type string, all of them, as upgrade_proto.cpp lists them.
TYPES = """
    NONE= ABSVAL=AbsVal ACCURACY=Accuracy ARGMAX=ArgMax BNLL=BNLL CONCAT=Concat CONTRASTIVE_LOSS=ContrastiveLoss
    CONVOLUTION=Convolution DECONVOLUTION=Deconvolution DATA=Data DROPOUT=Dropout DUMMY_DATA=DummyData
    EUCLIDEAN_LOSS=EuclideanLoss ELTWISE=Eltwise EXP=Exp FLATTEN=Flatten HDF5_DATA=HDF5Data HDF5_OUTPUT=HDF5Output
    HINGE_LOSS=HingeLoss IM2COL=Im2col IMAGE_DATA=ImageData INFOGAIN_LOSS=InfogainLoss INNER_PRODUCT=InnerProduct
    LRN=LRN MEMORY_DATA=MemoryData MULTINOMIAL_LOGISTIC_LOSS=MultinomialLogisticLoss MVN=MVN POOLING=Pooling
    POWER=Power RELU=ReLU SIGMOID=Sigmoid SIGMOID_CROSS_ENTROPY_LOSS=SigmoidCrossEntropyLoss SILENCE=Silence
    SOFTMAX=Softmax SOFTMAX_LOSS=SoftmaxWithLoss SPLIT=Split SLICE=Slice TANH=TanH WINDOW_DATA=WindowData
    THRESHOLD=Threshold
"""


def network(text: str) -> NetParameter:
    return text_format.Parse(text, NetParameter())


def upgraded(text: str) -> tuple[NetParameter, list[int | None]]:
    net = network(text)
    return net, upgrade_net(net, lambda index: Where("net.prototxt", index))


def test_v0_network() -> None:
    net, origins = upgraded(V0)
    assert net == network(V0_UPGRADED)
    assert origins == [None, *range(1, 10)]


def test_v1_network() -> None:
    net, origins = upgraded(V1)
    assert net == network(V1_UPGRADED)
    assert origins == [None, 0, 1, 2, 3, 4]


def test_present_network_stays() -> None:
    net, origins = upgraded(V1_UPGRADED)
    assert net == network(V1_UPGRADED)
    assert origins == [0, 1, 2, 3, 4, 5]


def test_v1_types() -> None:
    expected = dict(pair.split("=") for pair in TYPES.split())
    types = V1LayerParameter.LayerType
    assert {name: type_name(types.Value(name)) for name in types.keys()} == expected  # noqa: SIM118


def test_every_v0_field_has_its_place() -> None:
    fields = V1LayerParameter.DESCRIPTOR.fields_by_name["layer"].message_type.fields_by_name
    known = [*BY_TYPE, *FOR_ALL_TYPES, *ELSEWHERE]
    assert sorted(fields) == sorted(known)


def test_v0_parameter_without_meaning_is_left_out_with_a_warning() -> None:
    # Caffe says "Unknown parameter num_output for layer type relu" and goes on.
    text = 'input: "a" layers { layer { name: "r" type: "relu" num_output: 3 } bottom: "a" top: "r" }'
    with collected_warnings() as warnings:
        net, _ = upgraded(text)
    assert net.layer[0].type == "ReLU"
    assert not net.layer[0].HasField("convolution_param")
    assert len(warnings) == 1
    assert "num_output has no meaning in a V0 layer of type 'relu'" in warnings[0]


@pytest.mark.parametrize(
    ("layers", "code", "words"),
    [
        ('{ layer { type: "relu" } bottom: "p" }', "CTK505", "only conv and pool can pad"),
        ('{ layer { type: "conv" } bottom: "p" bottom: "data" }', "CTK505", "one bottom each"),
        ('{ layer { type: "conv" } bottom: "q" }', "CTK505", "unknown bottom blob 'q'"),
        ('{ layer { type: "convolution" } }', "CTK506", "unknown V0 layer type 'convolution'"),
        ("{ type: RELU }", "CTK505", "of V1 at once"),
    ],
)
def test_v0_faults(layers: str, code: str, words: str) -> None:
    text = 'input: "data" layers { layer { type: "padding" pad: 1 } bottom: "data" top: "p" }'
    with pytest.raises(BadInput, match=words) as caught:
        upgraded(f"{text} layers {layers}")
    assert (caught.value.code, caught.value.where.line) == (code, 1)


def test_both_forms_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        upgraded('layer { type: "ReLU" } layers { type: RELU }')
    assert caught.value.code == "CTK505"


LAYER = 'layer { name: "r" }'


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ('input: "a" input_dim: [1, 2, 3, 4]', [[1, 2, 3, 4]]),
        ('input: "a" input: "b" input_dim: [1, 2, 3, 4, 5, 6, 7, 8]', [[1, 2, 3, 4], [5, 6, 7, 8]]),
        ('input: "a" input_shape { dim: 7 } input_dim: [1, 2, 3, 4]', [[7]]),
        ('input: "a" input_shape { }', [[]]),
        ('input: "a"', None),
        ("input_dim: [1, 2, 3, 4]", None),
    ],
)
def test_inputs(text: str, shapes: list[list[int]] | None) -> None:
    for whole in (text + LAYER, LAYER + text):
        net, origins = upgraded(whole)
        assert not net.input
        assert not net.input_dim
        assert not net.input_shape
        if shapes is None:
            assert origins == [0]
        else:
            assert origins == [None, 0]
            first = net.layer[0]
            assert (first.name, first.type, list(first.top)) == ("input", "Input", ["a", "b"][: len(shapes)])
            assert [list(shape.dim) for shape in first.input_param.shape] == shapes


@pytest.mark.parametrize(
    "shapes", ["input_dim: [1, 2, 3, 4]", "input_shape { dim: 1 }", "input_dim: [1, 2, 3, 4, 5]"]
)
def test_fewer_shapes_than_inputs(shapes: str) -> None:
    with pytest.raises(BadInput, match="2 inputs are declared, but only 1") as caught:
        upgraded(f'input: "a" input: "b" {shapes} {LAYER}')
    assert caught.value.code == "CTK505"


def test_batch_norm_of_old_is_frozen() -> None:
    net, _ = upgraded(
        'layer { type: "BatchNorm" param { name: "m" lr_mult: 1 } param { } param { decay_mult: 2 } }'
        'layer { type: "BatchNorm" param { lr_mult: 1 } param { } }'
        'layer { type: "Scale" param { lr_mult: 1 } param { } param { } }'
    )
    assert [(spec.name, spec.lr_mult, spec.decay_mult) for spec in net.layer[0].param] == [
        ("m", 0.0, 0.0),
        ("", 0.0, 0.0),
        ("", 0.0, 0.0),
    ]
    assert net.layer[1].param[0].lr_mult == 1.0
    assert net.layer[2].param[0].lr_mult == 1.0


def test_upgrade_is_part_of_reading() -> None:
    assert parse_prototxt(V0.encode(), "net.prototxt").message == network(V0_UPGRADED)
    # At phase TEST the Data layer goes, and so does the one that the stage excludes.
    kept = parse_prototxt(V1.encode(), "net.prototxt").message
    assert [layer.name for layer in kept.layer] == ["input", "c", "l", "x"]
