"""Prototxts that hypothesis makes from the schema: every field of every message, in any combination."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from converters.caffe.schema import LayerParameter, NetParameter
from converters.options import ConvertOptions
from tests.fuzz.inputs import HostileInput
from tests.fuzz.judge import judge
from tests.fuzz.layer_types import TYPES
from tests.fuzz.limits import can_measure

pytestmark = [
    pytest.mark.usefixtures("warm"),
    pytest.mark.skipif(not can_measure(), reason="peak memory cannot be set back on this system"),
]
_SIZES = st.one_of(st.integers(0, 4), st.integers(0, 4), st.sampled_from([-1, 2**16, 2**31 - 1]))
_NUMBERS = st.one_of(st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0]), st.floats(width=32))
_NAMES = st.sampled_from(["data", "a", "b", "c", ""])
_HEAD = (
    'layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 2 dim: 3 dim: 6 dim: 4 } } }\n'
)


def scalar(field: Any) -> st.SearchStrategy[str]:
    """The text of one value of a field that holds no message."""
    if field.type == field.TYPE_BOOL:
        return st.sampled_from(["true", "false"])
    if field.type == field.TYPE_ENUM:
        return st.sampled_from([value.name for value in field.enum_type.values])
    if field.type in {field.TYPE_FLOAT, field.TYPE_DOUBLE}:
        return _NUMBERS.map(repr)
    if field.type == field.TYPE_STRING:
        known = {"type": ["constant", "bilinear", "xavier", "x"]}.get(field.name)
        return (st.sampled_from(known) if known else _NAMES).map('"{}"'.format)
    if field.type in {field.TYPE_UINT32, field.TYPE_UINT64}:
        return _SIZES.map(abs).map(str)
    return _SIZES.map(str)


@st.composite
def message(draw: st.DrawFn, descriptor: Any, depth: int = 0) -> str:
    """The text between the braces of a message: up to four of its fields, some repeated."""
    members = [f for f in descriptor.fields if f.message_type is None or depth < 3]
    chosen = draw(st.lists(st.sampled_from(members), max_size=4, unique=True)) if members else []
    parts = []
    for field in chosen:
        for _ in range(draw(st.integers(1, 3)) if field.is_repeated else 1):
            if field.message_type is None:
                parts.append(f"{field.name}: {draw(scalar(field))}")
            else:
                parts.append(f"{field.name} {{ {draw(message(field.message_type, depth + 1))} }}")
    return " ".join(parts)


@st.composite
def any_layer(draw: st.DrawFn) -> str:
    """A layer of a known type with its wiring, and any two of the schema's parameter messages."""
    kind = draw(st.sampled_from(TYPES))
    wiring = [f'bottom: "{name}"' for name in draw(st.lists(_NAMES, max_size=3))]
    wiring += [f'top: "{name}"' for name in draw(st.lists(_NAMES, max_size=2))]
    fields = [f for f in LayerParameter.DESCRIPTOR.fields if f.name.endswith("_param")]
    own = [f for f in fields if f.name.replace("_", "").startswith(kind.lower()[:6])]
    picked = draw(st.lists(st.sampled_from(own or fields), max_size=2, unique=True))
    params = [f"{field.name} {{ {draw(message(field.message_type, 1))} }}" for field in picked]
    return f'layer {{ name: "{draw(_NAMES)}" type: "{kind}" {" ".join(wiring + params)} }}'


def check(text: str) -> None:
    given_files = HostileInput(0, "hypothesis", "-", text.encode(), None, ConvertOptions())
    assert judge(given_files, check=True).faults == [], text


_FAST = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_LONG = settings(_FAST, max_examples=5000)


@given(st.lists(any_layer(), min_size=1, max_size=4))
@_FAST
def test_nets(layers: list[str]):
    check(_HEAD + "\n".join(layers))


@given(message(NetParameter.DESCRIPTOR))
@_FAST
def test_any_fields(text: str):
    check(text)


@given(st.text(alphabet="layer{}:\"<>[]0123abc.- \n#\\'dimtypconvtop_", max_size=200))
@_FAST
def test_any_text(text: str):
    check(_HEAD + text)


@pytest.mark.slow
@given(st.lists(any_layer(), min_size=1, max_size=4))
@_LONG
def test_many_nets(layers: list[str]):
    check(_HEAD + "\n".join(layers))


@pytest.mark.slow
@given(message(NetParameter.DESCRIPTOR))
@_LONG
def test_many_fields(text: str):
    check(text)
