"""From a seed to one hostile input: files and options."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from converters.options import ConvertOptions
from tests.fuzz.byte_mutations import mutate_bytes
from tests.fuzz.corpus import Case, corpus
from tests.fuzz.made_up_nets import make_net
from tests.fuzz.text_mutations import mutate_text
from tests.fuzz.wire_mutations import mutate_wire

_KINDS = {"text": 32, "wire": 24, "made-up": 22, "model-bytes": 10, "text-bytes": 8, "exchange": 4}

_TOP = re.compile(rb"top: *[\"']([^\"']*)")
_SHAPES = (
    (1, 3, -1, -1),
    (2, 2, -1, -1),
    (-1, 4, -1, -1),
    (1, -1),
    (2, 3, 8, 8),
    (-1, 2, 2**20, 2**10),
    (2**31 - 1,),
)


@dataclass(frozen=True, slots=True)
class HostileInput:
    """One input of the fuzzer; the seed alone makes it again."""

    seed: int
    kind: str
    case: str
    prototxt: bytes
    caffemodel: bytes | None
    options: ConvertOptions

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return len(self.prototxt) + len(self.caffemodel or b"")


def make_input(seed: int) -> HostileInput:
    """The input of a seed; the same on every machine."""
    random = Random(seed)
    kind = random.choices(list(_KINDS), list(_KINDS.values()))[0]
    if kind == "made-up":
        prototxt, small = make_net(random)
        return HostileInput(seed, kind, "-", prototxt, None, _options(prototxt, random, allow_filler=small))
    cases = [case for case in corpus() if case.caffemodel or kind in {"text", "text-bytes"}]
    case = random.choice(cases)
    prototxt, caffemodel = _mutated(kind, case, cases, random)
    return HostileInput(seed, kind, case.name, prototxt, caffemodel, _options(prototxt, random))


def _mutated(kind: str, case: Case, cases: list[Case], random: Random) -> tuple[bytes, bytes | None]:
    weights = case.caffemodel or b""
    if kind == "text":
        return mutate_text(case.prototxt, random), case.caffemodel
    if kind == "text-bytes":
        return mutate_bytes(case.prototxt, random), case.caffemodel
    if kind == "wire":
        return case.prototxt, mutate_wire(weights, random)
    if kind == "model-bytes":
        return case.prototxt, mutate_bytes(weights, random)
    return case.prototxt, random.choice(cases).caffemodel


def _options(prototxt: bytes, random: Random, *, allow_filler: bool = False) -> ConvertOptions:
    """The default ones mostly; else another opset, other input sizes, a cut, laxer reading."""
    if random.random() < 0.6:
        return ConvertOptions(allow_filler=allow_filler)
    tops = [name.decode("utf-8", "replace") for name in _TOP.findall(prototxt)] or ["data"]
    named = random.choice(tops)
    return ConvertOptions(
        allow_filler=allow_filler,
        opset=random.randint(11, 21),
        batch=random.choice((None, None, "dynamic", 1, 3)),
        input_shape={tops[0]: random.choice(_SHAPES)} if random.random() < 0.4 else {},
        cut=(named,) if random.random() < 0.2 else (),
        ignore_unknown_fields=random.random() < 0.5,
    )
