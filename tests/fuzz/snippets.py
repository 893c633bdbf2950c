"""Short ways to write hostile networks and caffemodels, and to have them judged."""

from __future__ import annotations

from converters.options import ConvertOptions
from tests.fuzz.inputs import HostileInput
from tests.fuzz.judge import Verdict, judge
from tests.fuzz.wire_tree import varint


def input_layer(*dims: int) -> str:
    """An Input layer whose blob is ``data``."""
    shape = " ".join(f"dim: {dim}" for dim in dims)
    return f'layer {{ name: "data" type: "Input" top: "data" input_param {{ shape {{ {shape} }} }} }}\n'


def layer(kind: str, parameters: str = "", *, bottom: str = "data", name: str = "x") -> str:
    """A layer with one bottom and one top of its own name."""
    return f'layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" top: "{name}" {parameters} }}\n'


def field(number: int, body: bytes) -> bytes:
    """A length-delimited field."""
    return varint(number << 3 | 2) + varint(len(body)) + body


def judged(prototxt: str | bytes, caffemodel: bytes | None = None, **options: object) -> Verdict:
    """The verdict on hostile files; a fault fails the test that asked."""
    text = prototxt if isinstance(prototxt, bytes) else prototxt.encode("utf-8", "surrogateescape")
    given = HostileInput(0, "by hand", "-", text, caffemodel, ConvertOptions(**options))  # type: ignore[arg-type]
    verdict = judge(given, check=False)
    assert verdict.faults == [], verdict.faults[0]
    return verdict
