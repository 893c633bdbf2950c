"""Reading a prototxt: spellings, places, and what the golden cases say about every network."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from converters.caffe import prototxt_locations
from converters.caffe.prototxt import NetText, parse_prototxt, read_prototxt
from converters.caffe.schema import NetParameter
from toolkit.errors import BadInput
from toolkit.messages import collected_warnings

ROOT = Path(__file__).parents[3]
CASES = Path(__file__).parents[2] / "golden" / "cases"
MODEL = ROOT.parent / "shared" / "model" / "colorization_deploy_v2.prototxt"
# Cases whose prototxt itself is at fault, with the code of the fault.
REFUSED = {"err_empty_file": "CTK502", "err_unbalanced": "CTK503", "err_unknown_field": "CTK504"}


def parse(text: str | bytes, **options: bool) -> NetText:
    data = text.encode() if isinstance(text, str) else text
    return parse_prototxt(data, "net.prototxt", **options)


# ------------------------------------------------------------------ golden cases


@pytest.mark.parametrize("case", sorted(path.parent.name for path in CASES.glob("*/case.json")))
def test_golden_prototxt(case: str) -> None:
    facts = json.loads((CASES / case / "case.json").read_text())
    path = CASES / case / "deploy.prototxt"
    if case in REFUSED:
        with pytest.raises(BadInput) as caught:
            read_prototxt(path)
        assert caught.value.code == REFUSED[case]
        return
    net = read_prototxt(path).message
    assert not net.layers
    assert not net.input
    if facts["status"] != "ok":
        return
    # Which blobs are inputs and outputs is Caffe's own account of upgrades and phase rules.
    assert _inputs(net) == {name: list(shape) for name, shape in facts["inputs"].items()}
    outputs, optional = set(facts["outputs"]), set(facts.get("optional_outputs") or [])
    assert outputs <= _unread_tops(net) <= outputs | optional


def _inputs(net: NetParameter) -> dict[str, list[int]]:
    found = {}
    for layer in net.layer:
        if layer.type == "Input":
            shapes = [list(shape.dim) for shape in layer.input_param.shape]
            shapes = shapes * len(layer.top) if len(shapes) == 1 else shapes
            found.update(zip(layer.top, shapes, strict=True))
    return found


def _unread_tops(net: NetParameter) -> set[str]:
    unread: set[str] = set()
    for layer in net.layer:
        if layer.type != "Silence":
            unread -= set(layer.bottom)
        unread |= set(layer.top)
    return unread


def test_network_saved_by_caffe_is_the_network_read() -> None:
    folder = CASES / "cm_saved_by_caffe"
    saved = NetParameter.FromString((folder / "weights.caffemodel").read_bytes())
    for layer in saved.layer:
        layer.ClearField("blobs")
        layer.ClearField("phase")  # Caffe writes the phase of the net into each layer
    assert read_prototxt(folder / "deploy.prototxt").message == saved


def test_lines_of_every_golden_layer() -> None:
    for path in CASES.glob("v*/deploy.prototxt"):
        net, lines = read_prototxt(path), path.read_text().splitlines()
        made = int(any(line.startswith("input:") for line in lines))
        for index in range(made, len(net.message.layer)):
            line = net.line_of(index)
            assert line is not None
            assert lines[line - 1].startswith("layer")
        assert not made or net.line_of(0) is None


@pytest.mark.skipif(not MODEL.exists(), reason="../shared/model is not here")
def test_colorization_network() -> None:
    net = read_prototxt(MODEL)
    assert len(net.message.layer) == 57
    assert [layer.type for layer in net.message.layer].count("BatchNorm") == 7
    assert net.message.layer[-1].type == "Silence"
    lines = MODEL.read_text().splitlines()
    index = next(i for i, layer in enumerate(net.message.layer) if layer.name == "conv8_313_rh")
    line = net.line_of_field(index, "scale_param.filler.value")
    assert line is not None
    assert "2.606" in lines[line - 1]


# ------------------------------------------------------------------ spellings

# Each is one layer's worth of text that Caffe's reader accepts, and the plain text of the same.
SPELLINGS = {
    "sign apart": ("power_param { shift: - 1 }", "power_param { shift: -1 }"),
    "sign and word apart": ("power_param { shift: - inf }", "power_param { shift: -inf }"),
    "sign before a comment": ("power_param { shift: - # minus\n 2.5 }", "power_param { shift: -2.5 }"),
    "hexadecimal bool": ("convolution_param { bias_term: 0x0 }", "convolution_param { bias_term: false }"),
    "octal bool": ("convolution_param { bias_term: 01 }", "convolution_param { bias_term: true }"),
    "octal enum": ("pooling_param { pool: 01 }", "pooling_param { pool: AVE }"),
    "hexadecimal enum": ("pooling_param { pool: 0x2 }", "pooling_param { pool: STOCHASTIC }"),
    "escapes": (
        r'top: "\a\?\'\"\\\t\x41\X4a\101\u00e9\U0001F600"',
        'top: "\\007?\'\\"\\\\\\tAJA\u00e9\U0001f600"',
    ),
    "escaped backslash before u": (r'top: "\\u0041"', 'top: "\\134u0041"'),
    "one hexadecimal digit": (r'top: "\x9z"', 'top: "\\tz"'),
    "joined literals": ('top: "a" \'b\' # c\n "d"', 'top: "abd"'),
    "list of messages": (
        "input_param { shape: [{ dim: 1 }, < dim: [2, 3] >] }",
        "input_param { shape { dim: 1 } shape { dim: 2 dim: 3 } }",
    ),
    "empty list": ("input_param { shape { dim: [] } }", "input_param { shape { } }"),
    "no white space": ('top:"a"bottom:"b"phase:TEST', 'top: "a" bottom: "b" phase: TEST'),
    "separators": ('top: "a"; bottom: "b", phase: TEST;', 'top: "a" bottom: "b" phase: TEST'),
    "numbers": (
        "power_param { power: 1. scale: .5f shift: 2E-1F }",
        "power_param { power: 1 scale: 0.5 shift: 0.2 }",
    ),
    "infinity in capitals": ("power_param { scale: INFINITY }", "power_param { scale: inf }"),
    "angle brackets": ("power_param < scale: 2 >", "power_param { scale: 2 }"),
    "form feed and tab": ("power_param\f{\v\tscale:\t2 }", "power_param { scale: 2 }"),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_spelling(name: str) -> None:
    odd, plain = (parse(f'layer {{ name: "x" {text} }}').message for text in SPELLINGS[name])
    assert odd == plain
    assert odd.layer[0].ListFields()


@pytest.mark.skipif(
    not importlib.util.find_spec("grpc_tools"), reason="grpc_tools (make setup) is not installed"
)
def test_spellings_as_read_by_the_cpp_parser() -> None:
    text = "\n".join(f"layer {{ {odd} }}" for odd, _ in SPELLINGS.values())
    assert parse(text).message == _read_by_cpp(text.encode())


# Texts on which the readers of C++ and Python differ, or nearly; C++ refuses each.
CPP_REFUSES = [
    r'layer { name: "\q" }',
    "layer { convolution_param { num_output: 64kernel_size: 3 } }",
    'layer { name: "a\nb" }',
    "layer { power_param { shift: 0x10 } }",
    'layer { pooling_param { pool: "MAX" } }',
    "layer { convolution_param { num_output: 08 } }",
    "layer { input_param { shape { dim: [1, 2,] } } }",
    "layer { convolution_param { num_output: [1] } }",
    'layer { 1: "a" }',
    "layer { power_param { shift: - # \n } }",
]


@pytest.mark.parametrize("text", CPP_REFUSES)
def test_texts_that_cpp_refuses(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse(text)
    assert caught.value.code == "CTK503"


@pytest.mark.skipif(
    not importlib.util.find_spec("grpc_tools"), reason="grpc_tools (make setup) is not installed"
)
@pytest.mark.parametrize("text", CPP_REFUSES)
def test_cpp_refuses_these_texts(text: str) -> None:
    assert _run_protoc(text.encode()).returncode != 0


def _read_by_cpp(data: bytes) -> NetParameter:
    done = _run_protoc(data)
    assert done.returncode == 0, done.stderr
    return NetParameter.FromString(done.stdout)


def _run_protoc(data: bytes) -> subprocess.CompletedProcess[bytes]:
    """The C++ TextFormat parser, the one in Caffe, as protoc offers it."""
    return subprocess.run(
        [
            sys.executable, "-m", "grpc_tools.protoc", "-I", ".", "--encode=ctk.caffe.NetParameter",
            "converters/caffe/schema/caffe.proto",
        ],
        input=data,
        capture_output=True,
        cwd=ROOT,
        check=False,
    )  # fmt: skip


def test_comments_in_any_encoding() -> None:
    text = "# Faltung fü\n".encode("latin-1") + b'layer { name: "# \xc3\xa9" } # \xff\n'
    assert parse(text).message.layer[0].name == "# é"


def test_byte_order_mark_and_windows_line_ends() -> None:
    net = parse(b'\xef\xbb\xbflayer {\r\n  name: "a"\r\n}\r\nlayer {\r\n}\r\n')
    assert [net.line_of(0), net.line_of(1)] == [1, 4]


# ------------------------------------------------------------------ places


def test_no_place_is_looked_for_while_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prototxt_locations, "read_tree", lambda source: pytest.fail("the tree was read"))
    parse('input: "data" input_dim: [1, 1, 1, 1] layer { exclude { phase: TRAIN } } layer { exclude {} }')


def test_lines_after_input_upgrade_and_phase_rules() -> None:
    text = """\
input: "data"
layer { name: "train" include { phase: TRAIN } }
layer {
  name: "conv" # 4
  bottom: "a" bottom:
    "b"
  convolution_param {
    kernel_size: [3,
      5]
  }
}
input_dim: [1, 3, 8, 8]
layer: [ { name: "p" }, # 13
  { name: "q" } ]
"""
    net = parse(text)
    assert [layer.name for layer in net.message.layer] == ["input", "conv", "p", "q"]
    assert [net.line_of(i) for i in range(4)] == [None, 3, 13, 14]
    fields = {
        "name": 4,
        "bottom[1]": 5,
        "bottom[2]": 3,
        "convolution_param": 7,
        "convolution_param.kernel_size": 8,
        "convolution_param.kernel_size[1]": 9,
        "convolution_param.pad": 7,
        "pooling_param.pad": 3,
    }
    assert {path: net.line_of_field(1, path) for path in fields} == fields
    assert net.where(2).layer == "p"
    assert net.line_of_field(0, "top") is None


def test_layer_of_v0_has_its_line_and_name() -> None:
    text = 'layers { layer { name: "pad" type: "padding" pad: 1 } bottom: "data" top: "p" }\n'
    text += 'layers { layer { name: "c" type: "conv" } bottom: "p" top: "c" }\ninput: "data"'
    net = parse(text)
    assert len(net.message.layer) == 1
    assert (net.where(0).line, net.where(0).layer) == (2, "c")


def test_a_number_that_only_python_reads_has_no_line() -> None:
    assert parse("layer { power_param { shift: +1 } }").line_of(0) is None


# ------------------------------------------------------------------ unknown fields


def test_unknown_fields_are_left_out_with_one_warning_each() -> None:
    text = """\
solver_thing: 3
layer {
  name: "a"
  vendor { x: [ { y: - 1 }, < z: "}" > ] name: "b" }
  relu_param { negative_slope: 0.5 vendor_flag: [1, 2] }
  [no.way]: 1
}
"""
    with pytest.raises(BadInput, match="expected the name of a field") as caught:
        parse(text, ignore_unknown_fields=True)
    assert caught.value.where.line == 6
    with collected_warnings() as warnings:
        net = parse(text.replace("  [no.way]: 1\n", ""), ignore_unknown_fields=True)
    assert net.message == parse('layer { name: "a" relu_param { negative_slope: 0.5 } }').message
    assert [line.split("net.prototxt:")[1].rstrip(")") for line in warnings] == [
        "1:1",
        "4:3, layer 'a'",
        "5:36, layer 'a'",
    ]
    assert "'vendor_flag' of ReLUParameter" in warnings[2]


def test_nothing_is_said_when_no_field_is_unknown() -> None:
    with collected_warnings() as warnings:
        parse("layer { }", ignore_unknown_fields=True)
    assert not warnings
