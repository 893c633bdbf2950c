"""Networks that declare absurd sizes, wire themselves wrong, or are named to do harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.limits import can_measure
from tests.fuzz.snippets import input_layer, judged, layer

pytestmark = [
    pytest.mark.usefixtures("warm"),
    pytest.mark.skipif(not can_measure(), reason="peak memory cannot be set back on this system"),
]
SMALL = input_layer(1, 3, 8, 8)
PLANE = input_layer(1, 3, 26_000, 26_000)  # 2.03e9 elements, just below Caffe's limit
WIDE = input_layer(1, 2_000_000_000, 1, 1)
ONES = 'weight_filler { type: "constant" value: 1 }'


@pytest.mark.parametrize(
    "dims",
    [
        [-1, 3, 8, 8],
        [0, 3, 8, 8],
        [2**62] * 4,
        [2**63 - 1],
        [-(2**63)],
        [2**31],
        [1] * 33,
        [1] * 5000,
        [2] * 31,
    ],
)
def test_input_sizes(dims: list[int]):
    assert judged(input_layer(*dims) + layer("ReLU")).outcome == "CTK508"


@pytest.mark.parametrize(
    ("kind", "parameters", "code"),
    [
        ("Convolution", f"convolution_param {{ num_output: 2000000000 kernel_size: 1 {ONES} }}", "CTK508"),
        ("Convolution", f"convolution_param {{ num_output: 2 kernel_size: 4294967295 {ONES} }}", "CTK507"),
        ("Convolution", f"convolution_param {{ num_output: 2 kernel_size: 9 {ONES} }}", "CTK508"),
        ("Convolution", f"convolution_param {{ num_output: 2 kernel_size: 3 stride: 0 {ONES} }}", "CTK507"),
        ("Convolution", f"convolution_param {{ num_output: 2 kernel_size: 0 {ONES} }}", "CTK507"),
        ("Convolution", f"convolution_param {{ num_output: 0 kernel_size: 1 {ONES} }}", "CTK507"),
        ("Convolution", f"convolution_param {{ num_output: 2 group: 0 kernel_size: 1 {ONES} }}", "CTK507"),
        ("Convolution", f"convolution_param {{ num_output: 2 kernel_size: 1 pad: 2147483647 {ONES} }}", "CTK508"),
        ("Deconvolution", f"convolution_param {{ num_output: 1 kernel_size: 1 stride: 1000000000 {ONES} }}", "CTK508"),
        ("Deconvolution", "convolution_param { num_output: 1 kernel_size: 2000 bias_term: false"
         ' weight_filler { type: "bilinear" } }', "CTK513"),
        ("Pooling", "pooling_param { kernel_size: 4294967295 }", "CTK507"),
        ("Pooling", "pooling_param { kernel_size: 3 stride: 0 }", "CTK507"),
        ("Pooling", "pooling_param { kernel_size: 3 stride: 4294967295 }", "CTK507"),
        ("Tile", "tile_param { tiles: 2147483647 }", "CTK508"),
        ("Tile", "tile_param { tiles: -1 }", "CTK507"),
        ("SPP", "spp_param { pyramid_height: 4294967295 }", "CTK508"),
        ("LRN", "lrn_param { local_size: 4294967295 }", "CTK507"),
        ("Im2col", "convolution_param { kernel_size: 3000 pad: 3000 }", "CTK508"),
        ("Interp", "interp_param { zoom_factor: 1000000000 }", "CTK508"),
        ("Upsample", "upsample_param { scale: 46340 }", "CTK508"),
        ("Reshape", "reshape_param { shape { dim: 0 dim: -1 dim: 1000000007 } }", "CTK508"),
        ("Reshape", "reshape_param { shape { dim: -2 } }", "CTK507"),
        ("ArgMax", "argmax_param { top_k: 4294967295 }", "CTK507"),
        ("Embed", f"embed_param {{ num_output: 8 input_dim: 4294967295 {ONES} }}", "CTK507"),
        ("InnerProduct", f"inner_product_param {{ num_output: 4294967295 {ONES} }}", "CTK507"),
        ("InnerProduct", f"inner_product_param {{ num_output: 1000000 {ONES} }}", "CTK513"),
        ("Concat", "concat_param { axis: -2147483648 }", "CTK507"),
        ("Slice", "slice_param { slice_point: 4294967295 }", "CTK507"),
        ("ShuffleChannel", "shuffle_channel_param { group: 0 }", "CTK507"),
        ("Log", "log_param { base: 1 }", "CTK507"),
    ],
)  # fmt: skip
def test_absurd_parameters(kind: str, parameters: str, code: str):
    assert judged(SMALL + layer(kind, parameters)).outcome == code


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("ReLU", ""),
        ("Pooling", "pooling_param { pool: AVE kernel_size: 3 pad: 1 stride: 2 }"),
        ("Pooling", "pooling_param { pool: MAX kernel_size: 3 stride: 2 }"),
        ("Pooling", "pooling_param { pool: AVE global_pooling: true }"),
        ("LRN", "lrn_param { norm_region: WITHIN_CHANNEL }"),
        ("MVN", ""),
        ("SPP", "spp_param { pyramid_height: 3 pool: AVE }"),
        ("ArgMax", "argmax_param { top_k: 1000000 }"),
        ("Permute", "permute_param { order: 0 order: 2 order: 3 order: 1 }"),
        ("Interp", "interp_param { height: 10000 width: 10000 }"),
        ("Reduction", ""),
        ("Softmax", ""),
        ("ShuffleChannel", "shuffle_channel_param { group: 3 }"),
    ],
)
def test_nothing_is_made_at_the_size_of_a_plane(kind: str, parameters: str):
    assert judged(PLANE + layer(kind, parameters)).outcome == "ok"


@pytest.mark.parametrize(
    ("kind", "parameters", "code"),
    [
        ("BatchNorm", "", "CTK511"),
        ("BatchNorm", "batch_norm_param { use_global_stats: false }", "CTK511"),
        ("Scale", "", "CTK511"),
        ("Scale", "scale_param { filler { value: 1 } }", "CTK513"),
        ("Bias", "bias_param { filler { value: 1 } }", "CTK513"),
        ("PReLU", 'prelu_param { filler { type: "constant" value: 1 } }', "CTK513"),
        ("Convolution", f"convolution_param {{ num_output: 1 kernel_size: 1 {ONES} }}", "CTK513"),
        ("ShuffleChannel", "shuffle_channel_param { group: 1000000000 }", "CTK604"),
        ("Im2col", "convolution_param { kernel_size: 1 }", "CTK604"),
    ],
)
def test_nothing_is_made_of_as_many_numbers_as_channels(kind: str, parameters: str, code: str):
    assert judged(WIDE + layer(kind, parameters)).outcome == code


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("Power", "power_param { power: 1e30 scale: 1e38 }"),
        ("Power", "power_param { power: 0 scale: inf }"),
        ("Power", "power_param { power: -1 scale: 0 shift: 0 }"),
        ("ReLU", "relu_param { negative_slope: nan }"),
        ("ELU", "elu_param { alpha: inf }"),
        ("Exp", "exp_param { scale: 1e38 shift: 1e38 }"),
        ("LRN", "lrn_param { alpha: inf k: nan }"),
        ("MVN", "mvn_param { eps: nan }"),
        ("Reduction", "reduction_param { coeff: nan }"),
        ("Clip", "clip_param { min: 3 max: 1 }"),
        ("Scale", "scale_param { filler { value: inf } }"),
        ("Threshold", "threshold_param { threshold: nan }"),
    ],
)
def test_extreme_numbers_make_no_warning_of_numpy(kind: str, parameters: str):
    assert judged(SMALL + layer(kind, parameters)).outcome in {"ok", "CTK507"}


def test_the_limit_of_fillers_counts_all_layers():
    scales = [
        layer(
            "Scale", "scale_param { filler { value: 1 } }", bottom=f"s{i - 1}" if i else "data", name=f"s{i}"
        )
        for i in range(9)
    ]
    assert judged(input_layer(1, 2**20) + "".join(scales[:8])).outcome == "ok"  # 32 MiB exactly
    assert judged(input_layer(1, 2**20) + "".join(scales)).outcome == "CTK513"


@pytest.mark.parametrize(
    "text",
    [
        layer("ReLU", bottom="nope"),
        layer("ReLU", bottom="y", name="x") + layer("ReLU", bottom="x", name="y"),
        layer("ReLU", bottom="x", name="x"),
        layer("ReLU") + layer("ReLU"),
        layer("ReLU") + layer("Sigmoid", name="data2").replace('top: "data2"', 'top: "data"'),
        'layer { name: "x" type: "Eltwise" bottom: "data" bottom: "x" top: "x" }',
        'layer { name: "x" type: "ReLU" bottom: "data" }',
        'layer { name: "x" type: "ReLU" top: "x" }',
        'layer { name: "x" type: "Split" bottom: "data" top: "x" top: "x" }',
    ],
    ids=[
        "dangling",
        "cycle",
        "own-top",
        "twice",
        "twice-other",
        "second-in-place",
        "no-top",
        "no-bottom",
        "tops",
    ],
)
def test_wiring(text: str):
    assert judged(SMALL + text).outcome == "CTK505"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("a/b", "a/b"),
        ("../../etc/x", "../../etc/x"),
        ("a b", "a b"),
        ("it's", "it's"),
        (r"\"", '"'),
        (r"\\", "\\"),
        ("ü", "ü"),
        ("\u202e", "\u202e"),
        ("\U0001f600", "\U0001f600"),
        (r"\n", "\n"),
        (r"\000", "\0"),
        ("n" * 5000, "n" * 5000),
    ],
)
def test_names_are_kept_in_the_onnx_file(written: str, name: str, tmp_path: Path):
    import onnx

    import converters

    text = SMALL + layer("ReLU", name=written)
    assert judged(text).outcome == "ok"
    (tmp_path / "n.prototxt").write_text(text, "utf-8")
    converters.convert([tmp_path / "n.prototxt"], output=tmp_path / "n.onnx")
    assert [path.name for path in tmp_path.iterdir() if "onnx" in path.name and path.suffix == ".onnx"] == [
        "n.onnx"
    ]
    (node,) = onnx.load(tmp_path / "n.onnx").graph.node
    assert (node.name, node.output[0]) == (name, name)


def test_a_top_without_a_name():
    assert judged(SMALL + 'layer { name: "x" type: "ReLU" bottom: "data" top: "" }').outcome == "CTK505"


@pytest.mark.parametrize("open_with", ["layer {", "a {", "layer { a {", "layer: [ {", "<", "{", "a <"])
def test_nesting_bombs(open_with: str):
    assert judged(SMALL + open_with * 100_000).outcome == "CTK503"
    assert judged(SMALL + open_with * 3000 + "}" * 6000, ignore_unknown_fields=True).outcome == "CTK503"


@pytest.mark.parametrize(
    "data", [b'layer { name: "\xff" }', b"\xff\xfe", b"\xc3\x28" * 1000, b"layer {\x00}"]
)
def test_other_encodings(data: bytes):
    assert judged(SMALL.encode() + data).outcome in {"CTK502", "CTK503"}


@pytest.mark.parametrize("count", [20_000])
def test_one_name_for_all_layers_takes_no_quadratic_time(count: int):
    from converters.caffe.wiring import unique_name

    taken: set[str] = set()
    names = [unique_name("x", taken) for _ in range(count)]
    assert names[:3] == ["x", "x~2", "x~3"]
    assert len(set(names)) == count == len(taken)


def test_a_free_number_is_found_among_gaps():
    from converters.caffe.wiring import unique_name

    taken = {"x", "x~2", "x~4", "x~5"}
    assert len({unique_name("x", taken) for _ in range(20)}) == 20
    assert len(taken) == 24
