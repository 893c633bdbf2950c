"""Caffemodels made to cost many times their size, or to say what is not so."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.fuzz.limits import can_measure
from tests.fuzz.snippets import field, input_layer, judged
from tests.fuzz.wire_tree import varint

pytestmark = [
    pytest.mark.usefixtures("warm"),
    pytest.mark.skipif(not can_measure(), reason="peak memory cannot be set back on this system"),
]
NET = input_layer(1, 3, 8, 8) + (
    'layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 2 kernel_size: 1 } }'
)
QUARTER = 1 << 18


def floats(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def blob(dims: list[int], data: bytes) -> bytes:
    return field(7, field(7, field(1, b"".join(varint(dim % 2**64) for dim in dims))) + data)


def stored(weight: bytes, bias: bytes | None = None) -> bytes:
    bias = blob([2], field(5, floats(1, 2))) if bias is None else bias
    return field(100, field(1, b"c") + field(2, b"Convolution") + weight + bias)


WEIGHT = blob([2, 3, 1, 1], field(5, floats(*range(6))))
GOOD = stored(WEIGHT)
ZED = field(1, b"z")


def test_the_sound_one_is_accepted():
    assert judged(NET, GOOD).outcome == "ok"


@pytest.mark.parametrize(
    "dims",
    [
        [2**40, 2**40],
        [2**63 - 1],
        [-1, -6],
        [0],
        [],
        [2, 3],
        [1, 2, 3, 1],
        [2, 3, 1, 1, 1],
        [6],
        [3, 2, 1, 1],
    ],
)
def test_blob_shapes(dims: list[int]):
    assert judged(NET, stored(blob(dims, field(5, floats(*range(6)))))).outcome == "CTK510"


@pytest.mark.parametrize("dims", [[1] * 33, [1] * 100_000])
def test_too_many_axes(dims: list[int]):
    assert judged(NET, stored(blob(dims, field(5, floats(*range(6)))))).outcome == "CTK509"


@pytest.mark.parametrize("count", [0, 1, 5, 7, 600])
def test_numbers_that_do_not_fill_the_shape(count: int):
    assert judged(NET, stored(blob([2, 3, 1, 1], field(5, floats(*range(count)))))).outcome == "CTK509"


@pytest.mark.parametrize("blobs", [b"", WEIGHT, WEIGHT * 3, WEIGHT * 255])
def test_number_of_blobs(blobs: bytes):
    model = field(100, field(1, b"c") + field(2, b"Convolution") + blobs)
    assert judged(NET, model).outcome == "CTK510"


@pytest.mark.parametrize("factor", [1e-45, -1e-45, float("inf"), float("nan"), 3e38, 0.0])
def test_extreme_factors_of_batch_norm(factor: float):
    net = input_layer(1, 2, 4, 4) + 'layer { name: "n" type: "BatchNorm" bottom: "data" top: "n" }'
    pair = blob([2], field(5, floats(3e38, -1)))
    model = field(100, field(1, b"n") + pair + pair + blob([1], field(5, floats(factor))))
    assert judged(net, model).outcome == "ok"


@pytest.mark.parametrize(
    "bits", [0x7FF0000000000001, 0xFFF8000000000000, 0x7FF0000000000000, 0x7FEFFFFFFFFFFFFF]
)
def test_doubles_that_float32_cannot_hold(bits: int):
    numbers = struct.pack("<6Q", bits, *range(5))
    assert judged(NET, stored(blob([2, 3, 1, 1], field(8, numbers)))).outcome == "ok"


@pytest.mark.parametrize(
    ("value", "text"), [(float("nan"), "1 of 6"), (float("inf"), "1 of 6"), (-float("inf"), "1 of 6")]
)
def test_not_finite_weights_are_named_and_allowed(value: float, text: str, tmp_path: Path):
    import converters
    from toolkit.messages import collected_warnings

    (tmp_path / "n.prototxt").write_text(NET)
    (tmp_path / "n.caffemodel").write_bytes(
        stored(blob([2, 3, 1, 1], field(5, floats(1, 2, value, 4, 5, 6))))
    )
    with collected_warnings() as warned:
        converters.convert([tmp_path / "n.prototxt", tmp_path / "n.caffemodel"], output=tmp_path / "n.onnx")
    assert [line for line in warned if text in line and "weight of layer 'c'" in line]


@pytest.mark.parametrize(
    "model",
    [
        GOOD + field(100, field(1, b"x") + field(7, b"") * 250) * 300,
        GOOD + field(100, b"") * 60_000,
        GOOD + field(2, field(1, b"") * QUARTER),
        stored(field(7, (varint(5 << 3 | 5) + floats(1) + b"\x08\x01") * (QUARTER // 7))),
        GOOD + field(100, field(1, ("a" * (1 << 22) + "\U0001f600").encode())),
        GOOD + field(1, ("a" * (1 << 22) + "\U0001f600").encode()),
        GOOD + b"\xe8\x04\x01" * (QUARTER // 3),
        GOOD + field(100, ZED + b"\xe8\x04\x01" * (QUARTER // 3)),
        GOOD + field(100, ZED + field(6, b"") * (QUARTER // 2)),
        GOOD + field(100, ZED + field(8, b"") * (QUARTER // 2)),
        GOOD + field(100, ZED + field(3, b"") * (QUARTER // 2)),
        GOOD + field(3, b"") * (QUARTER // 2),
        GOOD + field(100, ZED + field(77, b"x" * (20 << 20))),
        GOOD + field(100, ZED + field(100, field(4, b"x" * (20 << 20)))),
        GOOD + field(100, ZED + field(7, field(7, b"") * (QUARTER // 2))),
        GOOD + field(100, ZED + field(7, b"\x08\x01" * (QUARTER // 2))),
        GOOD + field(100, ZED + field(7, field(5, floats(1)) * (QUARTER // 6))),
        GOOD + b"\x1b" * QUARTER,
        field(100, field(1, b"c") * (QUARTER // 3)),
        GOOD * 3000,
    ],
    ids=[
        "empty-blobs", "empty-layers", "v0-layers-in-one", "floats-one-by-one", "long-layer-name", "long-net-name",
        "unknown-fields", "unknown-fields-in-layer", "empty-param", "empty-include", "empty-bottoms", "empty-inputs",
        "large-unknown-field", "large-known-field", "empty-shapes", "repeated-num", "floats-in-pieces", "groups",
        "names-of-one-layer", "one-layer-again-and-again",
    ],
)  # fmt: skip
def test_cost_is_bounded_by_size(model: bytes):
    assert judged(NET, model).outcome in {"ok", "CTK509", "CTK510"}


def test_random_bytes_and_other_files():
    import random

    for seed in range(20):
        assert judged(NET, random.Random(seed).randbytes(2000)).outcome in {"CTK502", "CTK509", "CTK601"}
    assert judged(NET, b"<!DOCTYPE html><html>" + b"x" * 1000).outcome == "CTK502"
    assert (
        judged(NET, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n").outcome == "CTK502"
    )
