"""The page docs/layers.md: which layer types are converted, from the registry itself."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import text_format

from converters.caffe.layers import registry
from converters.caffe.network import Layer, Shape
from converters.caffe.schema import LayerParameter
from converters.onnx.graph import OPSETS
from toolkit.errors import CtkError

ROOT = Path(__file__).resolve().parents[1]
# What REGISTER_LAYER_CLASS and REGISTER_LAYER_CREATOR name in BVLC/caffe, and the base class RecurrentLayer. All
# other types come from forks.
BVLC = frozenset(
    """
    AbsVal Accuracy ArgMax BatchNorm BatchReindex Bias BNLL Clip Concat ContrastiveLoss Convolution Crop Data
    Deconvolution Dropout DummyData Eltwise ELU Embed EuclideanLoss Exp Filter Flatten HDF5Data HDF5Output HingeLoss
    Im2col ImageData InfogainLoss InnerProduct Input Log LRN LSTM LSTMUnit MemoryData MultinomialLogisticLoss MVN
    Parameter Pooling Power PReLU Python Recurrent Reduction ReLU Reshape RNN Scale Sigmoid SigmoidCrossEntropyLoss
    Silence Slice Softmax SoftmaxWithLoss Split SPP Swish TanH Threshold Tile WindowData
    """.split()  # noqa: SIM905 - names read better as words
)
# One ordinary set of fields and bottoms for every type: with it the shape rule is asked about running in place.
_FIELDS = """
    convolution_param { num_output: 4 kernel_size: 3 pad: 1 }
    pooling_param { kernel_size: 3 stride: 1 pad: 1 }
    inner_product_param { num_output: 4 }
    embed_param { num_output: 4 input_dim: 5 }
    tile_param { tiles: 2 }
    reshape_param { shape { dim: 2 dim: 144 } }
    spp_param { pyramid_height: 2 }
    shuffle_channel_param { group: 2 }
    permute_param { order: 0 order: 2 order: 3 order: 1 }
    upsample_param { scale: 2 }
    interp_param { zoom_factor: 2 }
    clip_param { min: 0 max: 1 }
"""
# With one bottom, or one top, these are no more than a copy.
_LEAST_BOTTOMS = {"Concat": 2}
_TOPS = {"Slice": 2}
_PICTURE = (2, 4, 6, 6)
_BOTTOMS: Sequence[Sequence[Shape]] = (
    [_PICTURE],
    [_PICTURE, _PICTURE],
    [_PICTURE, (2,)],
    [(2, 4), (2,)],
    [_PICTURE, (2, 6, 6)],
    [(2, 4), _PICTURE, _PICTURE],
    [(2, 4), (2, 4), (2,)],
    [(2, 4), (2,), (1, 1, 4, 4)],
)


@dataclass(frozen=True)
class LayerSupport:
    """A row of the table."""

    type: str
    origin: str
    file: str
    opsets: str
    in_place: str
    notes: str


def layers_page(notice: str) -> str:
    """The page as Markdown.

    Args:
        notice: The line that says the page is generated.
    """
    rows = layer_support()
    converted = [row for row in rows if row.opsets]
    forks = sum(row.origin == "fork" for row in converted)
    lines = [
        "# Layers",
        "",
        notice,
        "",
        f"{len(converted)} layer types are converted, {forks} of them from forks of Caffe. Each has a shape rule, an ONNX",
        "emission and an evaluation in float64 (`caffe-reference`), all in one file of `converters/caffe/layers`.",
        "",
        "In place: whether such a layer may overwrite its bottom, asked of its shape rule with ordinary fields; empty",
        "where the question makes no sense.",
        "",
        "| type | from | file | opsets | in place | notes |",
        "|---|---|---|---|---|---|",
        *(_row(row) for row in converted),
        "",
        "## Known and not converted",
        "",
        "A network with one of these ends with CTK506.",
        "",
        "| type | from | why |",
        "|---|---|---|",
        *(f"| {row.type} | {row.origin} | it {row.notes} |" for row in rows if not row.opsets),
    ]
    return "\n".join(lines) + "\n"


def layer_support() -> list[LayerSupport]:
    """All known types, by name without regard to case."""
    registry.load_all()
    return [_support(kind) for kind in sorted(registry.SHAPES, key=str.lower)]


def _support(kind: str) -> LayerSupport:
    origin = "BVLC" if kind in BVLC else "fork"
    if kind in registry.REFUSED:
        return LayerSupport(kind, origin, "", "", "", registry.REFUSED[kind])
    rule = registry.SHAPES[kind]
    file = Path(inspect.getfile(rule)).resolve().relative_to(ROOT).as_posix()
    opsets = f"{OPSETS[0]}–{OPSETS[-1]}"
    return LayerSupport(kind, origin, file, opsets, _in_place(kind), _notes(kind, rule))


def _notes(kind: str, rule: Callable[..., object]) -> str:
    module = inspect.getmodule(rule)
    first = ((module and module.__doc__) or "").strip().partition("\n")[0]
    return first.removeprefix(f"{kind}: ").rstrip(".")


def _row(row: LayerSupport) -> str:
    name = row.file.rpartition("/")[2]
    cells = [row.type, row.origin, f"[{name}](../{row.file})", row.opsets, row.in_place, row.notes]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _in_place(kind: str) -> str:
    for bottoms in _BOTTOMS:
        if len(bottoms) >= _LEAST_BOTTOMS.get(kind, 1) and _accepts(kind, bottoms, in_place=False):
            return "yes" if _accepts(kind, bottoms, in_place=True) else "no"
    return ""


def _accepts(kind: str, bottoms: Sequence[Shape], *, in_place: bool) -> bool:
    message = LayerParameter(name="probe", type=kind)
    text_format.Parse(_FIELDS, message)
    names = tuple(f"b{i}" for i in range(len(bottoms)))
    message.bottom.extend(names)
    tops = tuple(f"t{i}" for i in range(_TOPS.get(kind, 1)))
    message.top.extend(("b0", *tops[1:]) if in_place else tops)
    layer = Layer(0, "probe", kind, message, names, tops, tuple(bottoms), in_place=in_place)
    try:
        registry.shape_of(layer)
    except CtkError:
        return False
    return True
