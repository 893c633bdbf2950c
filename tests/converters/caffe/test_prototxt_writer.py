"""What is written is what is read, for any network."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import HealthCheck, given, settings

from converters.caffe.prototxt import parse_prototxt, read_prototxt
from converters.caffe.prototxt_careful import read_carefully
from converters.caffe.prototxt_writer import format_prototxt
from converters.caffe.schema import LayerParameter, NetParameter

ROOT = Path(__file__).parents[3]
CASES = Path(__file__).parents[2] / "golden" / "cases"
SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.CPPTYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_UINT32: st.integers(0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_INT64: st.integers(-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_FLOAT: st.floats(width=32, allow_nan=False),
    FieldDescriptor.CPPTYPE_DOUBLE: st.floats(allow_nan=False),
    FieldDescriptor.CPPTYPE_BOOL: st.booleans(),
    FieldDescriptor.CPPTYPE_STRING: st.text(max_size=8),
}
# Fields that reading acts upon, so that they do not come back as they were.
ACTED_UPON = {"layers", "input", "input_dim", "input_shape", "include", "exclude", "state"}


@st.composite
def messages(draw: st.DrawFn, descriptor: Descriptor) -> dict[str, Any]:
    fields = [field for field in descriptor.fields if field.name not in ACTED_UPON]
    required = [field for field in fields if field.is_required]
    chosen = draw(st.lists(st.sampled_from(fields), max_size=3, unique=True)) if fields else []
    return {field.name: draw(values(field)) for field in {f.name: f for f in required + chosen}.values()}


def values(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.message_type is not None:
        one: st.SearchStrategy[Any] = st.deferred(lambda: messages(field.message_type))
    elif field.enum_type is not None:
        one = st.sampled_from(sorted(field.enum_type.values_by_number))
    else:
        one = SCALARS[field.cpp_type]
    return st.lists(one, max_size=3) if field.is_repeated else one


@st.composite
def networks(draw: st.DrawFn) -> NetParameter:
    net = NetParameter(**draw(messages(NetParameter.DESCRIPTOR)))
    net.layer.extend(
        LayerParameter(**fields)
        for fields in draw(st.lists(messages(LayerParameter.DESCRIPTOR), min_size=1, max_size=4))
    )
    for layer in net.layer:
        # Three of them make a BatchNorm of old, which reading upgrades.
        del layer.param[2:]
    return net


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(networks())
def test_round_trip(net: NetParameter) -> None:
    text = format_prototxt(net)
    assert parse_prototxt(text.encode(), "net.prototxt").message == net
    assert read_carefully(text, "net.prototxt", ignore_unknown_fields=False) == net


@pytest.mark.skipif(
    not importlib.util.find_spec("grpc_tools"), reason="grpc_tools (make setup) is not installed"
)
def test_the_cpp_parser_reads_what_is_written() -> None:
    net = NetParameter(name="n")
    for path in sorted(CASES.glob("*/weights.caffemodel")):
        if path.parent.name not in {"cm_garbage", "cm_truncated"}:
            net.layer.extend(NetParameter.FromString(path.read_bytes()).layer)
    net.layer.add(name="\0\1\x7f\u0085\u2028\n'\"\\é😀", loss_weight=[1e-45, 0.1, 3.4e38, float("inf")])
    done = subprocess.run(
        [
            sys.executable, "-m", "grpc_tools.protoc", "-I", ".", "--encode=ctk.caffe.NetParameter",
            "converters/caffe/schema/caffe.proto",
        ],
        input=format_prototxt(net).encode(),
        capture_output=True,
        cwd=ROOT,
        check=True,
    )  # fmt: skip
    assert NetParameter.FromString(done.stdout) == net


def test_layout() -> None:
    net = NetParameter(name="n")
    net.layer.add(name="é", type="Power", bottom=["a", "b"]).power_param.scale = 0.1
    assert format_prototxt(net) == (
        'name: "n"\n'
        "layer {\n"
        '  name: "é"\n'
        '  type: "Power"\n'
        '  bottom: "a"\n'
        '  bottom: "b"\n'
        "  power_param {\n"
        "    scale: 0.1\n"
        "  }\n"
        "}\n"
    )


def test_golden_networks_come_back() -> None:
    for path in sorted(CASES.glob("*/deploy.prototxt"))[::4]:
        if not path.parent.name.startswith("err_"):
            net = read_prototxt(path).message
            assert parse_prototxt(format_prototxt(net).encode(), "again").message == net, path
