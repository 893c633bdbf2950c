"""The schema against facts of the format, against files that Caffe wrote, and against its own source."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

import converters.caffe.schema as schema
from converters.caffe.schema import NetParameter, caffe_pb2

ROOT = Path(__file__).parents[3]
CASES = Path(__file__).parents[2] / "golden" / "cases"
DAMAGED = {"cm_garbage", "cm_truncated"}  # on purpose
SOURCE = Path("converters/caffe/schema/caffe.proto")

# Numbers of fields, from the description of the caffemodel in caffe_semantics.md §5, from the golden files and
# from BVLC's caffe.proto.
NUMBERS = {
    "NetParameter": {"name": 1, "layers": 2, "input": 3, "input_dim": 4, "state": 6, "input_shape": 8, "layer": 100},
    "NetState": {"phase": 1, "level": 2, "stage": 3},
    "NetStateRule": {"phase": 1, "min_level": 2, "max_level": 3, "stage": 4, "not_stage": 5},
    "ParamSpec": {"name": 1, "share_mode": 2, "lr_mult": 3, "decay_mult": 4},
    "BlobShape": {"dim": 1},
    "BlobProto": {
        "num": 1, "channels": 2, "height": 3, "width": 4, "data": 5, "diff": 6, "shape": 7,
        "double_data": 8, "double_diff": 9,
    },
    "FillerParameter": {"type": 1, "value": 2, "min": 3, "max": 4, "mean": 5, "std": 6, "variance_norm": 8},
    "LayerParameter": {
        "name": 1, "type": 2, "bottom": 3, "top": 4, "loss_weight": 5, "param": 6, "blobs": 7, "include": 8,
        "exclude": 9, "phase": 10, "propagate_down": 11, "transform_param": 100, "convolution_param": 106,
        "eltwise_param": 110, "inner_product_param": 117, "lrn_param": 118, "pooling_param": 121,
        "power_param": 122, "relu_param": 123, "softmax_param": 125, "prelu_param": 131, "reshape_param": 133,
        "batch_norm_param": 139, "scale_param": 142, "input_param": 143, "crop_param": 144,
        "recurrent_param": 146, "swish_param": 147, "clip_param": 148,
    },
    "V1LayerParameter": {
        "layer": 1, "bottom": 2, "top": 3, "name": 4, "type": 5, "blobs": 6, "blobs_lr": 7, "weight_decay": 8,
        "convolution_param": 10, "include": 32, "exclude": 33, "param": 1001, "blob_share_mode": 1002,
    },
    "V0LayerParameter": {"name": 1, "type": 2, "num_output": 3, "biasterm": 4, "kernelsize": 8, "blobs": 50},
    "ConvolutionParameter": {
        "num_output": 1, "bias_term": 2, "pad": 3, "kernel_size": 4, "group": 5, "stride": 6, "pad_h": 9,
        "kernel_h": 11, "stride_h": 13, "axis": 16, "dilation": 18,
    },
    "PoolingParameter": {"pool": 1, "kernel_size": 2, "stride": 3, "pad": 4, "global_pooling": 12, "round_mode": 13},
    # Forks: SSD, ShuffleNet.
    "PermuteParameter": {"order": 1},
    "NormalizeParameter": {"across_spatial": 1, "scale_filler": 2, "channel_shared": 3, "eps": 4},
    "ShuffleChannelParameter": {"group": 1},
}  # fmt: skip

# Defaults that change what a network computes (caffe_semantics.md §5 to §7).
DEFAULTS = {
    "FillerParameter": {"type": "constant", "value": 0.0, "std": 1.0},
    "ConvolutionParameter": {"bias_term": True, "group": 1, "axis": 1},
    "PoolingParameter": {"pool": 0, "stride": 1, "round_mode": 0},
    "BatchNormParameter": {"eps": 1e-5},
    "ScaleParameter": {"axis": 1, "num_axes": 1, "bias_term": False},
    "SoftmaxParameter": {"axis": 1},
    "CropParameter": {"axis": 2},
    "EltwiseParameter": {"operation": 1},
    "LRNParameter": {"local_size": 5, "alpha": 1.0, "beta": 0.75, "k": 1.0},
    "MVNParameter": {"normalize_variance": True, "across_channels": False, "eps": 1e-9},
    "ReductionParameter": {"operation": 1, "axis": 0, "coeff": 1.0},
    "ReshapeParameter": {"axis": 0, "num_axes": -1},
    "FlattenParameter": {"axis": 1, "end_axis": -1},
    "ExpParameter": {"base": -1.0, "scale": 1.0, "shift": 0.0},
    "PowerParameter": {"power": 1.0, "scale": 1.0, "shift": 0.0},
    "V0LayerParameter": {"biasterm": True, "group": 1, "stride": 1, "dropout_ratio": 0.5},
}


def test_field_numbers() -> None:
    assert sum(map(len, NUMBERS.values())) >= 60
    for message, numbers in NUMBERS.items():
        fields = caffe_pb2.DESCRIPTOR.message_types_by_name[message].fields_by_name
        assert {name: fields[name].number for name in numbers} == numbers, message


def test_defaults() -> None:
    for name, defaults in DEFAULTS.items():
        message = getattr(schema, name)()
        found = {field: getattr(message, field) for field in defaults}
        for field, default in defaults.items():
            is_float = isinstance(default, float)
            assert found[field] == (pytest.approx(default, rel=1e-6) if is_float else default), (name, field)


def test_enum_numbers() -> None:
    types = caffe_pb2.V1LayerParameter.LayerType
    assert len(types.keys()) == 40
    assert (types.Value("CONVOLUTION"), types.Value("INNER_PRODUCT"), types.Value("ABSVAL")) == (4, 14, 35)
    assert caffe_pb2.PoolingParameter.PoolMethod.items() == [("MAX", 0), ("AVE", 1), ("STOCHASTIC", 2)]
    assert caffe_pb2.EltwiseParameter.EltwiseOp.items() == [("PROD", 0), ("SUM", 1), ("MAX", 2)]
    assert (schema.TRAIN, schema.TEST) == (0, 1)


def test_no_number_is_used_by_two_forks_or_by_bvlc() -> None:
    fields = caffe_pb2.DESCRIPTOR.message_types_by_name["LayerParameter"].fields
    numbers = [field.number for field in fields]
    assert len(set(numbers)) == len(numbers)
    assert {"permute_param", "norm_param", "interp_param", "shuffle_channel_param", "upsample_param"} <= {
        field.name for field in fields
    }


def test_every_message_is_exported() -> None:
    assert set(caffe_pb2.DESCRIPTOR.message_types_by_name) | {"Phase", "TRAIN", "TEST"} == set(schema.__all__)


def test_the_package_does_not_meet_that_of_pycaffe() -> None:
    # pycaffe registers package `caffe` in file `caffe.proto`; the same names twice in one process are an error.
    assert caffe_pb2.DESCRIPTOR.package == "ctk.caffe"


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(CASES.glob("*/weights.caffemodel")) if path.parent.name not in DAMAGED],
    ids=lambda path: path.parent.name,
)
def test_files_written_by_caffe_have_no_unknown_field(path: Path) -> None:
    net = NetParameter.FromString(path.read_bytes())
    assert net.layer or net.layers
    for message in _messages(net):
        assert len(UnknownFieldSet(message)) == 0, message.DESCRIPTOR.name


@pytest.mark.skipif(
    not importlib.util.find_spec("grpc_tools"), reason="grpc_tools (make setup) is not installed"
)
def test_the_generated_reader_is_up_to_date(tmp_path: Path) -> None:
    out = tmp_path / "schema.bin"
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I", ".", f"--descriptor_set_out={out}", str(SOURCE)],
        cwd=ROOT,
        check=True,
    )
    (fresh,) = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file
    committed = descriptor_pb2.FileDescriptorProto()
    caffe_pb2.DESCRIPTOR.CopyToProto(committed)
    assert _facts(committed) == _facts(fresh)


def _messages(message: Message) -> Iterator[Message]:
    yield message
    for field, value in message.ListFields():
        if field.message_type is not None:
            for child in value if field.is_repeated else [value]:
                yield from _messages(child)


def _facts(file: descriptor_pb2.FileDescriptorProto) -> set[tuple[object, ...]]:
    facts: set[tuple[object, ...]] = {(file.package,)}
    for message in file.message_type:
        facts |= {
            (message.name, f.name, f.number, f.type, f.label, f.type_name, _default(f), f.options.packed)
            for f in message.field
        }
        enums = [(message.name, enum) for enum in message.enum_type]
        facts |= {(owner, enum.name, v.name, v.number) for owner, enum in enums for v in enum.value}
    return facts | {(enum.name, v.name, v.number) for enum in file.enum_type for v in enum.value}


def _default(field: descriptor_pb2.FieldDescriptorProto) -> object:
    # The descriptor in memory has rounded float defaults to float32.
    is_float = field.type == descriptor_pb2.FieldDescriptorProto.TYPE_FLOAT and field.default_value
    return f"{float(field.default_value):.6g}" if is_float else field.default_value
