"""How many bottoms and tops a layer takes: the numbers of Caffe's headers (Exact/Min/MaxNumBottomBlobs ...)."""

from __future__ import annotations

import pytest
from layer_nets import declared_inputs

from converters.caffe.build import NetOptions, build_net
from converters.caffe.parameters import Sources
from converters.caffe.prototxt import parse_prototxt
from toolkit.errors import BadInput

_CONV = "convolution_param { num_output: 2 kernel_size: 1 }"
# Type: bottoms from, to; tops from, to (None: no limit); parameters without which another error comes first.
# include/caffe/layers/*.hpp of BVLC/caffe; for the forks' layers, the headers of the forks.
COUNTS: dict[str, tuple[int, int | None, int, int | None, str]] = {
    "AbsVal": (1, 1, 1, 1, ""),
    "Accuracy": (2, 2, 1, 2, ""),
    "ArgMax": (1, 1, 1, 1, ""),
    "Axpy": (3, 3, 1, 1, ""),
    "BNLL": (1, 1, 1, 1, ""),
    "BatchNorm": (1, 1, 1, 1, ""),
    "BatchReindex": (2, 2, 1, 1, ""),
    "Bias": (1, 2, 1, 1, ""),
    "Clip": (1, 1, 1, 1, "clip_param { min: 0 max: 1 }"),
    "Concat": (1, None, 1, 1, ""),
    "ContrastiveLoss": (3, 3, 0, 1, ""),  # a loss without a top gets one of its own
    "Convolution": (1, None, 1, None, _CONV),
    "ConvolutionDepthwise": (1, 1, 1, 1, "convolution_param { num_output: 3 kernel_size: 1 }"),
    "Crop": (2, 2, 1, 1, ""),
    "Deconvolution": (1, None, 1, None, _CONV),
    "Dropout": (1, 1, 1, 1, ""),
    "ELU": (1, 1, 1, 1, ""),
    "Eltwise": (2, None, 1, 1, ""),
    "Embed": (1, 1, 1, 1, "embed_param { num_output: 2 input_dim: 3 }"),
    "EuclideanLoss": (2, 2, 0, 1, ""),
    "Exp": (1, 1, 1, 1, ""),
    "Flatten": (1, 1, 1, 1, ""),
    "HingeLoss": (2, 2, 0, 1, ""),
    "InnerProduct": (1, 1, 1, 1, "inner_product_param { num_output: 2 }"),
    "LRN": (1, 1, 1, 1, ""),
    "Log": (1, 1, 1, 1, ""),
    "MVN": (1, 1, 1, 1, ""),
    "MultinomialLogisticLoss": (2, 2, 0, 1, ""),
    "PReLU": (1, 1, 1, 1, ""),
    "Permute": (1, 1, 1, 1, ""),
    "Pooling": (1, 1, 1, 2, "pooling_param { kernel_size: 2 }"),
    "Power": (1, 1, 1, 1, ""),
    "ReLU": (1, 1, 1, 1, ""),
    "ReLU6": (1, 1, 1, 1, ""),
    "Reduction": (1, 1, 1, 1, ""),
    "Reshape": (1, 1, 1, 1, "reshape_param { shape { dim: -1 } }"),
    "SPP": (1, 1, 1, 1, "spp_param { pyramid_height: 1 }"),
    "Scale": (1, 2, 1, 1, ""),
    "ShuffleChannel": (1, 1, 1, 1, ""),
    "Sigmoid": (1, 1, 1, 1, ""),
    "Silence": (1, None, 0, 0, ""),
    "Slice": (1, 1, 1, None, ""),
    "Softmax": (1, 1, 1, 1, ""),
    "SoftmaxWithLoss": (2, 2, 0, 2, ""),
    "Split": (1, 1, 1, None, ""),
    "Swish": (1, 1, 1, 1, ""),
    "TanH": (1, 1, 1, 1, ""),
    "Threshold": (1, 1, 1, 1, ""),
    "Tile": (1, 1, 1, 1, "tile_param { tiles: 2 }"),
}
WRONG = [
    (kind, bottoms, tops)
    for kind, (low, high, fewest, most, _) in COUNTS.items()
    for bottoms in range(5)
    for tops in range(4)
    if not (low <= bottoms <= (high or 9)) or not (fewest <= tops <= (9 if most is None else most))
    # One count wrong at a time, so that each is looked at.
    if low <= bottoms <= (high or 9) or fewest <= tops <= (9 if most is None else most)
]


def build(kind: str, bottoms: int, tops: int, body: str) -> None:
    names = [f'bottom: "x{i}"' for i in range(bottoms)] + [f'top: "y{i}"' for i in range(tops)]
    layer = f'layer {{ name: "l" type: "{kind}" {" ".join(names)} {body} }}'
    output = 'layer { name: "out" type: "ReLU" bottom: "x0" top: "z" }'
    inputs = declared_inputs({f"x{i}": (2, 3, 4, 4) for i in range(4)})
    text = parse_prototxt((inputs + output + layer).encode(), "net.prototxt")
    build_net(text, Sources(allow_filler=True), NetOptions())


@pytest.mark.parametrize(("kind", "bottoms", "tops"), WRONG)
def test_other_counts_are_refused(kind: str, bottoms: int, tops: int):
    with pytest.raises(BadInput) as caught:
        build(kind, bottoms, tops, COUNTS[kind][4])
    assert (caught.value.code, caught.value.where.layer) == ("CTK505", "l")


@pytest.mark.parametrize("kind", COUNTS)
def test_the_smallest_counts_are_taken(kind: str):
    bottoms, _, tops, _, body = COUNTS[kind]
    codes = {"taken"}
    try:
        build(kind, bottoms, tops, body)
    except BadInput as error:  # shapes and data may not fit; the counts do
        codes = {error.code}
    assert codes <= {"taken", "CTK507", "CTK508", "CTK511"}


def test_an_input_takes_no_bottom():
    text = declared_inputs({"x": (1,)}) + (
        'layer { name: "i" type: "Input" bottom: "x" top: "y" input_param { shape { dim: 1 } } }'
    )
    with pytest.raises(BadInput) as caught:
        build_net(parse_prototxt(text.encode(), "net.prototxt"), Sources(), NetOptions())
    assert caught.value.code == "CTK505"


def test_silence_and_concat_take_many_bottoms():
    build("Silence", 4, 0, "")
    build("Concat", 4, 1, "")
