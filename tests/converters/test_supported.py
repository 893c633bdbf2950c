"""In which form a backend is asked what it lacks, and how the answer is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from caffe_samples import TWO_LAYERS, caffemodel, two_layer_weights, write_files
from plugin_samples import lay_distribution, on_path

import converters
from converters.supported import lacking, refuse_lacking, refuse_parts
from toolkit.backends.protocol import Lacking
from toolkit.content import sniff
from toolkit.errors import BadInput, CheckFailed, UsageFault

# It lacks convolutions, by the number that its environment says, and tells what it was asked about.
PICKY = """
from toolkit.backends.protocol import Lacking

class Picky:
    formats = {formats}
    asked = []

    @classmethod
    def supports(cls, model):
        cls.asked.append((model.name, model.read_bytes()))
        return tuple(Lacking(f"conv{{i}}", "Conv", "no implementation") for i in range({number}))
"""


@pytest.fixture
def picky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[tuple[str, bytes]]]:
    """Installs the backend `picky`; what it was asked about is in the list."""

    def install(*formats: str, number: int = 1) -> list[tuple[str, bytes]]:
        lay_distribution(
            tmp_path / "site",
            {"ctk.backends": {"picky": "picky_backend:Picky"}},
            modules={"picky_backend": PICKY.format(formats=formats, number=number)},
        )
        on_path(tmp_path / "site", monkeypatch, "picky_backend")
        import picky_backend  # type: ignore[import-not-found]

        asked: list[tuple[str, bytes]] = picky_backend.Picky.asked
        return asked

    return install


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    weights = caffemodel([("conv", "Convolution", two_layer_weights())])
    return [file for file in write_files(tmp_path, TWO_LAYERS, weights) if file is not None]


def test_caffe_files_are_asked_about_as_they_are_where_caffe_comes_first(
    files: list[Path], picky: Callable[..., list[tuple[str, bytes]]]
):
    asked = picky("caffe", "onnx")
    (part,) = lacking("picky", files[::-1])
    assert (part.name, part.type, part.reason) == ("conv0", "Conv", "no implementation")
    assert asked == [("net.prototxt", files[0].read_bytes())]


def test_caffe_files_become_a_skeleton_otherwise(
    files: list[Path], picky: Callable[..., list[tuple[str, bytes]]]
):
    asked = picky("openvino", "onnx")
    assert len(lacking("picky", files[:1])) == 1  # no weights are needed
    ((_, content),) = asked
    assert sniff(content) == "onnx"


def test_a_models_name_needs_no_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picky: Callable[..., list[tuple[str, bytes]]]
):
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "home"))
    asked = picky("caffe")
    lacking("picky", "colorization-v2-norebal")
    assert asked[0][0] == "colorization-v2-norebal.prototxt"
    assert b'"class8_ab"' in asked[0][1]
    assert not (tmp_path / "home").exists()


def test_an_onnx_file_is_asked_about_as_it_is(
    files: list[Path], tmp_path: Path, picky: Callable[..., list[tuple[str, bytes]]]
):
    asked = picky("onnx")
    made = converters.convert(files, output=tmp_path / "made.onnx").path
    lacking("picky", [made])
    assert asked == [("made.onnx", made.read_bytes())]


def test_a_form_that_the_backend_does_not_take_is_refused(
    files: list[Path], tmp_path: Path, picky: Callable[..., list[tuple[str, bytes]]]
):
    asked = picky("om")
    made = converters.convert(files, output=tmp_path / "made.onnx").path
    for given in ([made], files):
        with pytest.raises(UsageFault) as caught:
            lacking("picky", given)
        assert caught.value.code == "CTK604"
        assert caught.value.notes == ("it loads: om",)
    assert asked == []


def test_what_is_lacking_is_an_error_that_names_ten_parts(
    files: list[Path], picky: Callable[..., list[tuple[str, bytes]]]
):
    picky("onnx", number=12)
    with pytest.raises(CheckFailed) as caught:
        refuse_lacking("picky", files)
    assert caught.value.code == "CTK103"
    assert caught.value.what == "the backend picky lacks 12 parts of the model: Conv"
    assert caught.value.notes[0] == "conv0 (Conv): no implementation"
    assert caught.value.notes[9:] == ("conv9 (Conv): no implementation", "and 2 more")


def test_of_several_backends_all_are_named():
    found = {
        "first": [Lacking("warp", "GridSample", "no implementation")],
        "second": [],
        "third": [Lacking("a", "Einsum", "unknown"), Lacking("b", "Einsum", "unknown")],
    }
    with pytest.raises(CheckFailed) as caught:
        refuse_parts(found, "net.onnx")
    assert caught.value.what == (
        "the backend first lacks 1 part of the model: GridSample; "
        "the backend third lacks 2 parts of the model: Einsum"
    )
    assert caught.value.where.file == "net.onnx"
    assert caught.value.notes == (
        "first: warp (GridSample): no implementation", "third: a (Einsum): unknown", "third: b (Einsum): unknown",
    )  # fmt: skip
    refuse_parts({"second": []}, None)


def test_nothing_lacking_is_no_error(files: list[Path], picky: Callable[..., list[tuple[str, bytes]]]):
    picky("onnx", number=0)
    refuse_lacking("picky", files)


def test_names_and_files_that_do_not_exist(files: list[Path], tmp_path: Path):
    with pytest.raises(UsageFault, match="CTK603"):
        lacking("onnxruntim", files)
    with pytest.raises(UsageFault, match="CTK603"):
        lacking("onnxruntime", "colorization-v3")
    with pytest.raises(BadInput, match="CTK501"):
        lacking("onnxruntime", [tmp_path / "none"])
