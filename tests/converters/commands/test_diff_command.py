"""`ctk diff` as a command: what it prints where, how it ends, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from caffe_samples import TWO_LAYERS, caffemodel, input_layer, layer, two_layer_weights, write_files
from ir_samples import ir_of

import converters
from converters.diff.document import DiffDocument
from toolkit.app import main

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    """A folder with a Caffe model, and the same with one number of its bias changed."""
    weights = two_layer_weights()
    write_files(tmp_path / "a", TWO_LAYERS, caffemodel([("conv", "Convolution", weights)]))
    changed = [weights[0], weights[1] + np.float32([0, 2])]
    write_files(tmp_path / "b", TWO_LAYERS, caffemodel([("conv", "Convolution", changed)]))
    return str(tmp_path / "a"), str(tmp_path / "b")


def test_same(pair: tuple[str, str], tmp_path: Path, capsys: Capture):
    a = Path(pair[0])
    target = converters.convert([a / "net.prototxt", a / "net.caffemodel"], output=tmp_path / "n.onnx").path
    for word in (pair[0], f"{a / 'net.prototxt'},{a / 'net.caffemodel'}", str(target)):
        assert main(["diff", pair[0], word]) == 0
        found = capsys.readouterr()
        assert found.out.splitlines()[-2:] == ["weights: 2 equal", "same"]
        assert found.err == ""


def test_different(pair: tuple[str, str], capsys: Capture):
    assert main(["diff", *pair]) == 1
    found = capsys.readouterr()
    assert found.err == "error: CTK102 the models differ: weights 1\n"
    (row,) = [line for line in found.out.splitlines() if "conv.bias" in line]
    assert "weight different: 1 of 2 differ, max_abs 2, " in row
    assert found.out.splitlines()[-1] == "different"


def test_an_ir(pair: tuple[str, str], tmp_path: Path, capsys: Capture):
    a, b = (Path(folder) for folder in pair)
    target = converters.convert([a / "net.prototxt", a / "net.caffemodel"], output=tmp_path / "n.onnx").path
    ir = ir_of(target, tmp_path / "ir" / "n.xml", f16=True)
    for words in (["diff", str(a), str(ir)], ["diff", str(ir.parent), str(target)]):
        assert main(words) == 0
        assert capsys.readouterr().out.splitlines()[-2:] == ["weights: 2 converted", "same"]
    assert main(["diff", str(b), str(ir)]) == 1
    found = capsys.readouterr()
    # OpenVINO calls what makes an output of the graph after the value.
    assert found.err.splitlines() == [
        "note: nodes were found by their values only: relu is called conv_1",
        "error: CTK102 the models differ: weights 1",
    ]
    (row,) = [line for line in found.out.splitlines() if "conv.bias" in line]
    assert "weight different: 1 of 2 differ" in row
    assert main(["diff", str(a), str(ir.with_suffix(".bin"))]) == 5
    assert "name its xml" in capsys.readouterr().err


def test_json_stands_alone_and_is_of_the_schema(pair: tuple[str, str], capsys: Capture):
    assert main(["diff", *pair, "--json", "-"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["verdict"]) == ("ctk.diff/1", "fail")
    assert [
        w["name"] for w in DiffDocument.model_validate(document).model_dump()["weights"] if not w["same"]
    ] == ["conv.bias"]


def test_schema(capsys: Capture):
    assert main(["diff", "--print-schema"]) == 0
    assert "only_in_a" in json.loads(capsys.readouterr().out)["properties"]


def test_notes_and_quiet(pair: tuple[str, str], capsys: Capture):
    words = ["diff", f"{pair[0]}/net.prototxt", pair[0]]
    assert main(words) == 0
    assert "note: " in capsys.readouterr().err
    assert main([*words, "-q"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("count", [0, 1, 3])
def test_two_models_are_needed(pair: tuple[str, str], count: int, capsys: Capture):
    assert main(["diff", *[pair[0]] * count]) == 64
    assert "CTK601" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "CTK502"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "CTK502"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "CTK502"),
        (bytes([0xEE, 0, 0x99, 0xFF] * 500), "CTK517"),
        (b"\x08\x07\x12\x03ctk" + b"\x3a\xff\xff\xff\xff\x7f" + bytes(20), "CTK517"),
    ],
)
@pytest.mark.parametrize("second", [False, True])
def test_other_content(
    pair: tuple[str, str], tmp_path: Path, content: bytes, code: str, second: bool, capsys: Capture
):
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    words = [pair[0], str(path)] if second else [str(path), pair[0]]
    assert main(["diff", *words]) == 5
    assert capsys.readouterr().err.startswith(f"error: {code} ")


def test_missing_files_and_folders(pair: tuple[str, str], tmp_path: Path, capsys: Capture):
    (tmp_path / "empty").mkdir()
    for word in (str(tmp_path / "gone.onnx"), str(tmp_path / "empty")):
        assert main(["diff", pair[0], word]) == 5
        assert capsys.readouterr().err.startswith("error: CTK501 ")
    (Path(pair[0]) / "more.onnx").write_bytes(b"")
    assert main(["diff", pair[0], pair[1]]) == 64
    assert "holds more than one model" in capsys.readouterr().err
    assert main(["diff", "model:nobody", pair[1]]) == 64
    assert "CTK603" in capsys.readouterr().err


@pytest.mark.parametrize("word", [",", "", " , "])
@pytest.mark.parametrize("second", [False, True])
def test_a_word_that_names_nothing(pair: tuple[str, str], word: str, second: bool, capsys: Capture):
    assert main(["diff", *([pair[0], word] if second else [word, pair[0]])]) == 64
    assert capsys.readouterr().err.startswith(f"error: CTK601 {word!r} names no file\n")


def test_a_shape_without_axes_is_told(tmp_path: Path, capsys: Capture):
    words = []
    for axis in (0, 1):
        body = input_layer(2, 3) + layer(
            "sum", "Reduction", "data", "sum", f"reduction_param {{ axis: {axis} }}"
        )
        words.append(str(write_files(tmp_path / str(axis), body)[0]))
    assert main(["diff", *words]) == 1
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["shape", "output", "sum", "scalar", "2"] in rows


def test_a_comma_in_a_file_name(pair: tuple[str, str], tmp_path: Path):
    odd = tmp_path / "a,b.caffemodel"
    odd.write_bytes((Path(pair[0]) / "net.caffemodel").read_bytes())
    assert main(["diff", str(odd), pair[0], "-q"]) == 0


def test_names_cannot_write_to_the_terminal(tmp_path: Path, capsys: Capture):
    body = TWO_LAYERS.replace('name: "conv"', 'name: "co\\033[31mnv"')
    a, _ = write_files(tmp_path / "a", body)
    b, _ = write_files(tmp_path / "b", TWO_LAYERS.replace("num_output: 2", "num_output: 3"))
    assert main(["diff", str(a), str(b)]) == 1
    found = capsys.readouterr()
    assert "\x1b" not in found.out + found.err
    assert "[31mnv" in found.out


def test_the_verb_loads_nothing_heavy():
    code = (
        "import sys, converters.commands.diff\n"
        "print(sorted({'onnx', 'numpy', 'rich.table', 'onnxruntime', 'google.protobuf'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
