from __future__ import annotations

from pathlib import Path

import pytest

from converters.conversion_names import read_words
from toolkit.errors import UsageFault


@pytest.mark.parametrize(
    "word",
    ["caffe->onnx", "caffe:onnx", "caffe2onnx", "caffe=>onnx", "caffe→onnx", "Caffe -> ONNX", "CAFFE2ONNX"],
)
def test_spellings(word: str):
    wanted = read_words([word, "a.prototxt"], None, None)
    assert (wanted.source, wanted.to, wanted.redirected) == ("caffe", "onnx", False)
    assert wanted.files == (Path("a.prototxt"),)


@pytest.mark.parametrize(
    ("word", "to"), [("caffe:ir", "openvino"), ("caffe2pytorch", "torch"), ("caffe->ascend", "om")]
)
def test_other_names_of_formats(word: str, to: str):
    assert read_words([word], None, None).to == to


def test_options_say_the_same():
    assert read_words(["caffe:onnx"], "caffe", "ONNX").to == "onnx"
    assert read_words(["x"], None, "onnx").source is None
    assert read_words([], "caffe", "ir").to == "openvino"


@pytest.mark.parametrize("word", ["net.prototxt", "a:b", "net2", "C:net", "x->y", "dir/caffe2onnx", "-", ""])
def test_other_words_are_files(word: str):
    assert read_words([word], None, None).files == (Path(word),)


def test_file_of_that_name_is_a_file_and_a_folder_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("caffe2onnx").mkdir()
    assert read_words(["caffe2onnx"], None, None).to == "onnx"
    Path("caffe:onnx").write_text("")
    assert read_words(["caffe:onnx"], None, None).files == (Path("caffe:onnx"),)


@pytest.mark.parametrize(
    ("words", "source", "to", "code"),
    [
        (["caffe:onx"], None, None, "CTK602"),
        (["cafe->onnx"], None, None, "CTK602"),
        ([], "cafe", None, "CTK602"),
        (["x", "caffe:onnx"], "onnx", None, "CTK601"),
        (["caffe:onnx"], None, "om", "CTK601"),
        (["caffe:onnx", "caffe:om"], None, None, "CTK601"),
        (["caffe-"], None, None, "CTK602"),
    ],
)
def test_contradictions_and_unknown_formats(words: list[str], source: str | None, to: str | None, code: str):
    with pytest.raises(UsageFault) as caught:
        read_words(words, source, to)
    assert caught.value.code == code


def test_contradiction_names_the_conversion():
    with pytest.raises(UsageFault, match="caffe->onnx and --to om contradict"):
        read_words(["x.prototxt", "caffe2onnx"], None, "om")


def test_unknown_format_names_the_nearest():
    with pytest.raises(UsageFault) as caught:
        read_words(["caffe:onx"], None, None)
    assert caught.value.notes == ("did you mean 'onnx'?",)
