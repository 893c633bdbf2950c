"""Routes of other distributions, and how `converters.convert` finds the one that is meant."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType

import pytest
from caffe_samples import TWO_LAYERS, caffemodel, two_layer_weights, write_files

import converters
from converters.request import ConversionRequest
from converters.source_format import source_format
from toolkit import plugins
from toolkit.artifact import Artifact, ArtifactDocument
from toolkit.errors import BadInput, UsageFault
from toolkit.ledger import LedgerDocument

ONNX_HEAD = b"\x08\x07\x12\x03abc" + bytes(40)
XML = b'<?xml version="1.0"?><net name="n" version="11"></net>'


class TorchToOnnx:
    """A route of somebody else; it keeps what it was asked for."""

    asked: list[ConversionRequest] = []  # noqa: RUF012

    def convert(self, request: ConversionRequest) -> Artifact:
        self.asked.append(request)
        account = LedgerDocument(
            layers=[], layers_total=0, layers_converted=0, layers_folded=0, layers_dropped=0,
            elements_total=0, elements_converted=0, elements_folded=0,
        )  # fmt: skip
        document = ArtifactDocument(
            model="theirs", format="onnx", head=None, precision="f32", weights="own", sources=[], tools={},
            options={}, inputs=[], graph_outputs=[], ledger=account,
        )  # fmt: skip
        return Artifact(Path("theirs.onnx"), document, written=False)


@pytest.fixture
def foreign_route(monkeypatch: pytest.MonkeyPatch) -> type[TorchToOnnx]:
    module = ModuleType("foreign_route")
    module.Route = TorchToOnnx  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "foreign_route", module)
    point = EntryPoint("torch->onnx", "foreign_route:Route", plugins.CONVERTERS)
    known = {**plugins.members(plugins.CONVERTERS), "torch->onnx": point}
    monkeypatch.setattr(plugins, "members", lambda _group: known)
    TorchToOnnx.asked.clear()
    return TorchToOnnx


def test_foreign_route_gets_what_was_asked_for(foreign_route: type[TorchToOnnx], tmp_path: Path):
    file = tmp_path / "net.pt"
    file.write_bytes(b"PK\x03\x04" + bytes(50))
    options = converters.ConvertOptions(opset=17)
    artifact = converters.convert(file, source="torch", model="theirs", output="x/", options=options)
    assert artifact.document.model == "theirs"
    converters.convert(str(file))  # the content and the suffix say torch
    assert foreign_route.asked == [
        ConversionRequest((file,), "theirs", "x/", options),
        ConversionRequest((file,), None, None, converters.ConvertOptions()),
    ]


@pytest.mark.parametrize("one", [str, Path])
def test_one_file_is_a_file(tmp_path: Path, one: type):
    text, weights = write_files(tmp_path, TWO_LAYERS, caffemodel([]))
    assert weights is not None
    weights.unlink()
    filled = TWO_LAYERS.replace("kernel_size", "weight_filler { value: 2 } bias_filler { } kernel_size")
    text.write_text(filled)
    artifact = converters.convert(one(text), output=tmp_path / "x.onnx")
    assert [source.name for source in artifact.document.sources] == ["net.prototxt"]


@pytest.mark.parametrize(
    ("content", "name", "found"),
    [
        (ONNX_HEAD, "a", "onnx"),
        (XML, "a.prototxt", "openvino"),
        (b"IMOD" + bytes(20), "a", "om"),
        (TWO_LAYERS.encode(), "a.onnx", "caffe"),
        (b"PK\x03\x04", "a.pth", "torch"),
        (b"PK\x03\x04", "a.zip", "caffe"),
        (b"", "a", "caffe"),
    ],
)
def test_content_decides(tmp_path: Path, content: bytes, name: str, found: str):
    (tmp_path / name).write_bytes(content)
    assert source_format([tmp_path / name]) == found


def test_weights_of_another_format_contradict_nothing(tmp_path: Path):
    (tmp_path / "net.xml").write_bytes(XML)
    (tmp_path / "net.bin").write_bytes(caffemodel([("conv", "Convolution", two_layer_weights())]))
    assert source_format([tmp_path / "net.bin", tmp_path / "net.xml"]) == "openvino"


def test_conversion_of_what_the_file_is(tmp_path: Path):
    (tmp_path / "a.onnx").write_bytes(ONNX_HEAD)
    with pytest.raises(UsageFault, match="no conversion onnx->torch is offered") as caught:
        converters.convert([tmp_path / "a.onnx"], to="torch")
    assert caught.value.code == "CTK602"


@pytest.mark.parametrize("files", [["a"], ["a", "net.prototxt"], ["net.prototxt", "a"]])
def test_file_of_another_format_than_stated(tmp_path: Path, files: list[str]):
    write_files(tmp_path, TWO_LAYERS)
    (tmp_path / "a").write_bytes(ONNX_HEAD)
    with pytest.raises(BadInput, match="expected a Caffe file, this is a file of kind onnx") as caught:
        converters.convert([tmp_path / file for file in files], source="caffe", output=tmp_path / "x")
    assert (caught.value.code, caught.value.where.file) == ("CTK502", str(tmp_path / "a"))
