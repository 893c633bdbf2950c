"""What files among the words of `ctk parity` mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.bench.given_artifacts import GivenArtifacts
from reports.parity.given_files import given_files
from reports.parity.request import Request
from toolkit.artifact import ArtifactDocument, sidecar_of
from toolkit.errors import BadInput, UsageFault
from toolkit.ledger import LedgerDocument

NOTHING = GivenArtifacts()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    texts = {
        "net.prototxt": b'name: "n"\nlayer { name: "a" type: "ReLU" bottom: "x" top: "y" }\n',
        "net.caffemodel": b"\x0a\x01n",
        "net.onnx": b"\x08\x08\x12\x04test:\x00",
        "net.xml": b'<?xml version="1.0"?>\n<net name="n" version="11"><layers/></net>\n',
    }
    for name, data in texts.items():
        (tmp_path / name).write_bytes(data)
    return {name: tmp_path / name for name in texts}


def made_from(model: str, artifact: Path) -> None:
    """Lays a sidecar beside an artifact that names the model card."""
    ledger = LedgerDocument(
        layers=[], layers_total=0, layers_converted=0, layers_folded=0, layers_dropped=0, elements_total=0,
        elements_converted=0, elements_folded=0,
    )  # fmt: skip
    document = ArtifactDocument(
        model=model, format="onnx", head="ab", precision="f32", weights="synthetic", sources=[], tools={},
        options={}, inputs=[], graph_outputs=[], ledger=ledger,
    )  # fmt: skip
    sidecar_of(artifact).write_text(document.to_json())


def test_caffe_files_are_the_network_in_any_order(files: dict[str, Path]):
    words = [files["net.caffemodel"], files["net.prototxt"]]
    found = given_files(words, NOTHING, None)
    assert set(found.network) == set(words)
    assert found.artifacts == NOTHING


@pytest.mark.parametrize("name", ["net.onnx", "net.xml"])
def test_a_converted_file_beside_them_is_what_is_checked(files: dict[str, Path], name: str):
    found = given_files([files["net.prototxt"], files["net.caffemodel"], files[name]], NOTHING, None)
    assert found.network == (files["net.prototxt"], files["net.caffemodel"])
    assert found.artifacts == GivenArtifacts(common=files[name])


def test_alone_it_is_checked_where_its_provenance_names_a_model_card(files: dict[str, Path]):
    made_from("colorization-v2-norebal", files["net.onnx"])
    found = given_files([files["net.onnx"]], NOTHING, None)
    assert found.network == ()
    assert found.artifacts.common == files["net.onnx"]


@pytest.mark.parametrize("reference", ["onnxruntime", "golden:somewhere"])
def test_alone_it_is_the_network_where_another_reference_was_named(files: dict[str, Path], reference: str):
    made_from("colorization-v2-norebal", files["net.onnx"])
    assert given_files([files["net.onnx"]], NOTHING, reference).network == (files["net.onnx"],)


def test_alone_without_provenance_it_is_the_network(files: dict[str, Path]):
    made_from("somebody-elses", files["net.onnx"])
    assert given_files([files["net.onnx"]], NOTHING, "caffe-reference").network == (files["net.onnx"],)
    assert given_files([files["net.xml"]], NOTHING, None).network == (files["net.xml"],)


def test_beside_an_artifact_option_it_is_the_network(files: dict[str, Path]):
    given = GivenArtifacts(by_backend={"openvino": files["net.xml"]})
    found = given_files([files["net.onnx"]], given, None)
    assert found.network == (files["net.onnx"],)
    assert found.artifacts == given


def test_two_of_them_leave_it_open_which_backend_runs_which(files: dict[str, Path]):
    with pytest.raises(UsageFault, match=r"CTK601 which backend runs .*net\.xml stays open"):
        given_files([files["net.onnx"], files["net.xml"]], NOTHING, None)
    given = GivenArtifacts(common=files["net.xml"])
    with pytest.raises(UsageFault, match="CTK601"):
        given_files([files["net.prototxt"], files["net.onnx"]], given, None)


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(BadInput, match=r"CTK501 .*nothing\.onnx"):
        given_files([tmp_path / "nothing.onnx"], NOTHING, None)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"rescore": Path("run"), "layers": True}, "--rescore and --layers"),
        ({"rescore": Path("run"), "backends": ("torch",)}, "--rescore and --backend"),
        ({"rescore": Path("run"), "files": (Path("n.prototxt"),)}, "--rescore and a file of a network"),
        ({"rescore": Path("run"), "native": False}, "--rescore and --no-native"),
        ({"load": Path("run"), "images": (Path("a.png"),)}, "--load and --images"),
        ({"load": Path("run"), "reference": "torch"}, "--load and --reference"),
        ({"files": (Path("n.prototxt"),), "model": "x"}, "--model and files"),
        ({"files": (Path("n.prototxt"),), "weights": "synthetic"}, "--weights"),
    ],
)
def test_requests_that_contradict_themselves(asked: dict[str, object], said: str):
    with pytest.raises(UsageFault, match="CTK601") as caught:
        Request(**asked)  # type: ignore[arg-type]
    assert said in caught.value.what


def test_a_saved_run_may_be_judged_by_another_rule():
    assert Request(rescore=Path("run"), rule="rtol=1").rule == "rtol=1"
