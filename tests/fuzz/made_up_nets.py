"""Whole networks made up at random: known types, fields of the schema, sizes from sane to absurd."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from tests.fuzz.layer_types import TYPES

_SMALL = (0, 1, 1, 1, 2, 2, 3, 3, 4, 5)
_ABSURD = (-2, -1, 0, 7, 1000, 65536, 10**6, 2**31 - 1)
_FLOATS = ("0", "1", "-1", "0.5", "2", "-0.25", "1e-5", "1e30", "nan", "inf", "-3")
_FILLERS = ("constant", "constant", "constant", "bilinear", "xavier", "gaussian", "nonsense")
_COMPUTING = tuple(
    kind for kind in TYPES if not re.search("Data|LSTM|RNN|Python|Filter|Input|HDF5Output", kind)
)
# These take a second bottom that few made-up wirings would fit: labels, or numbers in the shape of the first.
_LABELLED = ("Accuracy", "SoftmaxWithLoss", "InfogainLoss", "MultinomialLogisticLoss", "HingeLoss")
_PAIRED = ("EuclideanLoss", "SigmoidCrossEntropyLoss")
# Where the message of a type is not named after it.
_PARAM = {
    "BatchReindex": None,
    "Deconvolution": "convolution_param",
    "Im2col": "convolution_param",
    "ConvolutionDepthwise": "convolution_param",
    "DepthwiseConvolution": "convolution_param",
    "Normalize": "norm_param",
    "TanH": "tanh_param",
    "SoftmaxWithLoss": "softmax_param",
}


def make_net(random: Random) -> tuple[bytes, bool]:
    """A prototxt, and whether its sizes are so small that any filler may be allowed."""
    maker = _Maker(random)
    return maker.net().encode(), not maker.absurd


class _Maker:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.absurd = random.random() < 0.4
        self.blobs: list[str] = []
        self.inputs: dict[str, list[str]] = {}

    def net(self) -> str:
        lines = [f'name: "made up {self.random.randrange(1000)}"']
        lines += [self._input(i) for i in range(self.random.choice((1, 1, 1, 2, 3)))]
        for i in range(self.random.choice((1, 2, 3, 4, 6, 10))):
            lines += self._layer(i)
        return "\n".join(lines) + "\n"

    def _input(self, index: int) -> str:
        name = f"in{index}"
        self.blobs.append(name)
        rank = self.random.choice((4, 4, 4, 4, 2, 3, 5, 1, 0))
        return self._declared(name, [str(self._size()) for _ in range(rank)])

    def _declared(self, name: str, sizes: list[str]) -> str:
        self.inputs[name] = sizes
        dims = " ".join(f"dim: {size}" for size in sizes)
        return f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ {dims} }} }} }}'

    def _size(self) -> int:
        if self.absurd and self.random.random() < 0.1:
            return self.random.choice(_ABSURD)
        return self.random.choice((1, 2, 3, 4, 4, 5, 6, 8))

    def _layer(self, index: int) -> list[str]:
        kind = self.random.choice(TYPES if self.random.random() < 0.3 else _COMPUTING)
        bottoms = [
            self.random.choice(self.blobs[-3:])
            for _ in range(self.random.choice((1, 1, 1, 1, 1, 1, 2, 2, 3, 0)))
        ]
        further: list[str] = []
        if kind in {*_LABELLED, *_PAIRED} and self.random.random() < 0.8:
            bottoms, further = self._pair(kind, index)
        tops = [f"b{index}_{i}" for i in range(self.random.choice((1, 1, 1, 1, 1, 1, 1, 1, 2, 0)))]
        if bottoms and tops and self.random.random() < 0.15:
            tops[0] = bottoms[0]
        parts = [f'name: "l{index}" type: "{kind}"']
        parts += [f'bottom: "{b}"' for b in bottoms] + [f'top: "{t}"' for t in tops]
        parts.append(self._parameters(kind))
        self.blobs += [top for top in tops if top not in self.blobs]
        return [*further, "layer { " + " ".join(parts) + " }"]

    def _pair(self, kind: str, index: int) -> tuple[list[str], list[str]]:
        """An input, and one beside it that fits as its labels or as its like; the latter's layer."""
        first = self.random.choice(list(self.inputs))
        sizes = self.inputs[first]
        second = [*sizes[:1], *sizes[2:]] if kind in _LABELLED and kind != "HingeLoss" else sizes
        if kind == "HingeLoss":
            second = sizes[:1]
        return [first, f"like{index}"], [self._declared(f"like{index}", second)]

    def _parameters(self, kind: str) -> str:
        from converters.caffe.schema import LayerParameter

        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower()
        name = _PARAM.get(kind, f"{snake}_param") or ""
        fields = LayerParameter.DESCRIPTOR.fields_by_name
        field = fields.get(name) or fields.get(f"{kind.lower()}_param")
        return self._message(field, depth=0) if field is not None else ""

    def _message(self, field: Any, depth: int) -> str:
        members = list(field.message_type.fields)
        chosen = [m for m in members if self._wants(m.name, len(members))]
        inner = " ".join(self._field(m, depth + 1) for m in chosen)
        return f"{field.name} {{ {inner} }}"

    def _wants(self, name: str, count: int) -> bool:
        likely = {
            "num_output": 0.97,
            "kernel_size": 0.9,
            "weight_filler": 0.9,
            "bias_filler": 0.6,
            "filler": 0.7,
        }
        return self.random.random() < likely.get(name, 1.2 / count)

    def _field(self, field: Any, depth: int) -> str:
        if field.message_type is not None:
            if field.message_type.name == "FillerParameter":
                return f'{field.name} {{ type: "{self.random.choice(_FILLERS)}" value: {self._float()} }}'
            return self._message(field, depth) if depth < 4 else f"{field.name} {{ }}"
        count = self.random.choice((1, 1, 1, 2, 3)) if field.is_repeated else 1
        return " ".join(f"{field.name}: {self._scalar(field)}" for _ in range(count))

    def _scalar(self, field: Any) -> str:
        if field.type == field.TYPE_BOOL:
            return self.random.choice(("true", "false"))
        if field.type == field.TYPE_ENUM:
            return str(self.random.choice([value.name for value in field.enum_type.values]))
        if field.type in {field.TYPE_FLOAT, field.TYPE_DOUBLE}:
            return self._float()
        if field.type == field.TYPE_STRING:
            return '"text"'
        unsigned = field.type in {field.TYPE_UINT32, field.TYPE_UINT64}
        if self.absurd and self.random.random() < 0.1:
            return str(self.random.choice([v for v in _ABSURD if not unsigned or v >= 0]))
        return str(self.random.choice(_SMALL if unsigned else (*_SMALL, -1, -2)))

    def _float(self) -> str:
        return self.random.choice(_FLOATS)
