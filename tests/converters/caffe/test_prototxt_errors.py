"""What is said about a prototxt that cannot be read."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from converters.caffe.prototxt import parse_prototxt, read_prototxt
from toolkit.errors import BadInput

CASES = Path(__file__).parents[2] / "golden" / "cases"
INPUT = 'layer { name: "data" type: "Input" top: "data" }\n'

# Text, code, line, column, words of the message.
FAULTS = {
    "unclosed": ('layer {\n  name: "a"\n', "CTK503", 3, 1, "found the end of the file"),
    "closed twice": ("layer { } }", "CTK503", 1, 11, "found '}'"),
    "wrong brace": ("layer {\n >", "CTK503", 2, 2, "or '}', found '>'"),
    "unknown field": ("layer {\n  nam: 1\n}", "CTK504", 2, 3, "LayerParameter has no field 'nam'"),
    "unknown field at the top": (INPUT + "lajer { }", "CTK504", 2, 1, "NetParameter has no field 'lajer'"),
    "scalar twice": ('layer {\n  name: "a"\n  name: "a"\n}', "CTK503", 3, 3, "name is given twice"),
    "message twice": ("layer { relu_param { }\n relu_param { } }", "CTK503", 2, 2, "relu_param is given twice"),
    "unknown enum": ("layer { pooling_param { pool: AVG } }", "CTK503", 1, 31, "takes a PoolMethod, not 'AVG'"),
    "enum out of range": ("layer { pooling_param { pool: 3 } }", "CTK503", 1, 31, "PoolMethod, not '3'"),
    "negative": ("layer { convolution_param { pad: - 1 } }", "CTK503", 1, 34, "from 0 to 4294967295, not '-1'"),
    "too large": ("layer { lrn_param { local_size: 4294967296 } }", "CTK503", 1, 33, "not '4294967296'"),
    "too large 64": ("layer { reshape_param { shape { dim: 9223372036854775808 } } }", "CTK503", 1, 38, "of 64 bits"),
    "fraction": ("layer { convolution_param { pad: 1.5 } }", "CTK503", 1, 34, "an integer from 0"),
    "text for number": ('layer { power_param { power: "2" } }', "CTK503", 1, 30, "takes a number, not '\"2\"'"),
    "word for bool": ("layer { convolution_param { bias_term: TRUE } }", "CTK503", 1, 40, "takes true or false"),
    "block for text": ("layer { name { } }", "CTK503", 1, 14, "takes a UTF-8 text in quotes, not '{'"),
    "value for block": ("layer { relu_param: 1 }", "CTK503", 1, 21, "takes a block in braces, not '1'"),
    "list for one": ('layer { name: ["a"] }', "CTK503", 1, 15, "not '['"),
    "no colon": ('layer { name "a" }', "CTK503", 1, 14, "expected ':' or '{' after name"),
    "no value": ("layer { name: }", "CTK503", 1, 15, "expected a value for name, found '}'"),
    "comma missing": ("layer { bottom: ['a' 3] }", "CTK503", 1, 22, "expected ',' or ']' in the list of bottom"),
    "text not closed": ('layer {\n name: "a\n}', "CTK503", 2, 8, "a quoted text does not end on its line"),
    "bad number": ("layer { lrn_param { k: 1.2.3 } }", "CTK503", 1, 24, "'1.2.3' is not a number"),
    "strange character": ("layer { name: @ }", "CTK503", 1, 15, "unexpected character '@'"),
    "bad escape": (r'layer { name: "\q" }', "CTK503", 1, 15, r"no escape \q"),
    "escape to other encoding": (r'layer { name: "\377" }', "CTK503", 1, 15, "0xff, which is not UTF-8"),
    "include and exclude": (INPUT + "layer { include { } exclude { } }", "CTK505", 2, 1, "include and exclude"),
    "two forms": (INPUT + "layers { type: RELU }", "CTK505", None, None, "`layer` and `layers`"),
    "required": (INPUT + "layer {\n clip_param { min: 1 } }", "CTK507", 3, 2, "clip_param.max must be given"),
    "none left": ("layer { include { phase: TRAIN } }", "CTK505", None, None, "no layer is left at phase TEST"),
    "type of the old form": (INPUT + "layer { type: RELU }", "CTK503", 2, 15, "type takes a UTF-8 text"),
    "type of the new form": ('layers { type: "ReLU" }', "CTK503", 1, 16, "type takes a LayerType"),
    "only inputs": ('input: "data" input_dim: [1, 1, 1, 1]', "CTK502", None, None, "nothing to convert"),
    "only a comment": ("# nothing\n", "CTK502", None, None, "nothing to convert"),
    "empty": ("", "CTK502", None, None, "the file is empty"),
    "web page": ("<!DOCTYPE html>\n<html></html>", "CTK502", None, None, "HTML page"),
    "lfs": ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", "CTK502", None, None, "Git LFS"),
}  # fmt: skip


def refusal(data: str | bytes, **options: bool) -> BadInput:
    with pytest.raises(BadInput) as caught:
        parse_prototxt(data.encode() if isinstance(data, str) else data, "net.prototxt", **options)
    return caught.value


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str) -> None:
    text, code, line, column, words = FAULTS[name]
    error = refusal(text)
    assert (error.code, error.where.line, error.where.column) == (code, line, column)
    assert words in error.what
    assert error.where.file == "net.prototxt"
    assert "\n" not in error.headline


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("layer { convolution_param { kernelsize: 3 } }", "did you mean 'kernel_size'?"),
        ("layer { pooling_param { pool: AVG } }", "did you mean 'AVE'?"),
        ("layers { type: RELUU }", "did you mean 'RELU'?"),
        ('layers { type: "ReLU" }', "a `layers` block is the old form, with types such as CONVOLUTION"),
        ("layer { type: RELU }", 'a `layer` block takes its type in quotes, such as type: "Convolution"'),
        ("layer {\n name: 'a' name: 'b' }", "it can be given only once; the first is on line 2"),
        (
            'net: "train.prototxt"',
            "this looks like a solver's prototxt; give the prototxt of the network instead",
        ),
        ("layer { }\nlayer {", "the '{' that is still open is on line 2"),
        ("layer { foo: 1 }", "--ignore-unknown-fields turns this into a warning"),
    ],
)
def test_note(text: str, note: str) -> None:
    assert note in refusal(text).notes


def test_layer_is_named() -> None:
    assert refusal(INPUT + 'layer { name: "c\\061" pooling_param { pool: X } }').where.layer == "c1"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'layer {\n  name: "\xe9"\n}', 2),
        (b"# \xe9\nlayer {\n  name: \xe9\n}", 3),
    ],
)
def test_other_encoding(data: bytes, line: int) -> None:
    error = refusal(data)
    assert (error.code, error.where.line) == ("CTK503", line)
    assert "byte 0xe9" in error.what


def test_binary_content() -> None:
    assert refusal(bytes(range(256))).code == "CTK502"
    model = refusal((CASES / "v1_lenet" / "weights.caffemodel").read_bytes())
    assert model.what == "this is not a prototxt but a caffemodel"
    # Without a zero byte and in valid UTF-8, as a tiny caffemodel can be.
    assert refusal(b"\x0a\x01n\xa2\x06\x03\x0a\x01a".replace(b"\xa2", b"\xc2\xa2")).code == "CTK502"


BOMBS = {
    "nested": "layer{" * 100_000,
    "nested and closed": "layer<" * 100_000 + ">" * 100_000,
    "lists": "layer:[" * 100_000,
    "brackets": "[" * 100_000,
    "digits": "layer{lrn_param{local_size:" + "9" * 1_000_000 + "}}",
    "octal digits": "layer{convolution_param{bias_term:0" + "7" * 1_000_000 + "}}",
    "digits and dots": "layer{power_param{scale:" + "1." * 300_000 + "}}",
    "digits and a letter": "layer{power_param{scale:" + "1" * 1_000_000 + "x}}",
    "quotes": "layer{name:" + '"' * 99_999,
    "backslashes": 'layer{name:"' + "\\" * 1_000_001,
    "long name": "layer{" + "x" * 1_000_000 + ":1}",
    "long line": "layer{" + " " * 1_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_in_one_short_line(name: str) -> None:
    error = refusal(BOMBS[name])
    assert error.code in {"CTK503", "CTK504"}
    assert len(error.headline) < 300
    assert all(len(note) < 200 for note in error.notes)


@pytest.mark.parametrize("name", ["nested", "nested and closed", "lists"])
def test_unknown_fields_do_not_hide_a_nesting_bomb(name: str) -> None:
    text = BOMBS[name].replace("layer", "vendor")
    assert refusal(text, ignore_unknown_fields=True).code == "CTK503"


def test_files(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file") as missing:
        read_prototxt(tmp_path / "none.prototxt")
    assert (missing.value.code, missing.value.where.file) == ("CTK501", str(tmp_path / "none.prototxt"))
    with pytest.raises(BadInput, match="it is a folder") as folder:
        read_prototxt(tmp_path)
    assert folder.value.code == "CTK501"
    with pytest.raises(BadInput, match="null byte") as name:
        read_prototxt(Path("a\0b"))
    assert name.value.code == "CTK501"
    with pytest.raises(BadInput, match="not a regular file") as device:
        read_prototxt(Path(os.devnull).with_name("zero"))
    assert device.value.code == "CTK501"
    (tmp_path / "zeros").write_bytes(bytes(5000))
    with pytest.raises(BadInput, match="binary data") as zeros:
        read_prototxt(tmp_path / "zeros")
    assert zeros.value.code == "CTK502"


def test_unreadable_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read every file
    with pytest.raises(BadInput, match="the prototxt cannot be read: Permission denied") as caught:
        read_prototxt(Path("net.prototxt"))
    assert caught.value.code == "CTK501"


def test_too_large_file(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    with path.open("wb") as file:
        file.write(b"#" * 4096)
        file.truncate((32 << 20) + 1)
    with pytest.raises(BadInput, match="larger than 32 MiB"):
        read_prototxt(path)
