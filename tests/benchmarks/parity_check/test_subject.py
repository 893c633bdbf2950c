"""Which network a call means."""

from __future__ import annotations

from pathlib import Path
from shutil import copy

import pytest

from benchmarks.parity_check.network_graph import NetworkGraph, caffe_graph
from benchmarks.parity_check.subject import as_artifact, subject_of
from toolkit.artifact import sidecar_of
from toolkit.errors import BadInput, UsageFault

MINI = Path(__file__).resolve().parents[2] / "golden" / "cases" / "real_color_mini"
AB = {"weights": None, "head": "ab", "mean": "outside"}


def test_an_artifacts_provenance_names_card_and_weights(
    main_home: Path, main_onnx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CTK_HOME", str(main_home))
    notes: list[str] = []
    found = subject_of(None, [main_onnx], notes=notes, **AB)  # type: ignore[arg-type]
    assert (found.name, found.weights, found.head) == ("colorization-v2-norebal", "synthetic", "ab")
    assert not notes
    assert found.sources().keys() == {"prototxt", "caffemodel"}
    graph = caffe_graph(found)
    assert graph.only == ("data_l", "class8_ab")
    assert graph.colours == ("data_l", (224, 224), "ab")
    bins = subject_of(
        "colorization-v2-norebal", [], notes=notes, weights="synthetic", head="bins", mean="inside"
    )
    assert caffe_graph(bins).only == ("data_l", "class8_313_rh")
    # Another file without provenance is taken for the main model's, and that is said.
    copy(MINI / "deploy.prototxt", tmp_path / "net.onnx")
    assert not sidecar_of(tmp_path / "net.onnx").exists()
    subject_of(None, [tmp_path / "net.onnx"], notes=notes, **AB)  # type: ignore[arg-type]
    assert "no provenance" in notes[0]


def test_own_files_in_any_order():
    found = subject_of([MINI / "weights.caffemodel", MINI / "deploy.prototxt"], [], notes=[], **AB)  # type: ignore[arg-type]
    assert (found.name, found.weights, found.card) == ("deploy", "own", None)
    assert found.prototxt == MINI / "deploy.prototxt"
    assert caffe_graph(found).colours == ("data_l", (32, 32), "ab")


def test_what_makes_no_network_is_refused(tmp_path: Path):
    with pytest.raises(UsageFault, match="CTK603"):
        subject_of("colorization-v3", [], notes=[], **AB)  # type: ignore[arg-type]
    with pytest.raises(UsageFault, match="CTK604"):
        subject_of(None, [], notes=[], weights=None, head="rgb", mean="outside")
    with pytest.raises(UsageFault, match="CTK601"):
        subject_of([], [], notes=[], **AB)  # type: ignore[arg-type]
    with pytest.raises(UsageFault, match="CTK601"):
        subject_of(MINI / "deploy.prototxt", [], notes=[], weights="synthetic", head="ab", mean="outside")
    with pytest.raises(BadInput, match="CTK501"):
        subject_of(tmp_path / "none.prototxt", [], notes=[], **AB)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ({"x": ((1, 3, 8, 8), "float32")}, {"y": ((1, 2, 4, 4), "float32")}),
        ({"x": ((1, 1, 8, 8), "float32")}, {"y": ((1, 3, 4, 4), "float32")}),
        ({"x": ((2, 1, 8, 8), "float32")}, {"y": ((2, 2, 4, 4), "float32")}),
        ({"x": ((1, 1, None, 8), "float32")}, {"y": ((1, 2, 4, 4), "float32")}),
        ({"x": ((1, 1, 8, 8), "float32")}, {"y": ((1, 2, 4, 4), "float32"), "z": ((1,), "float32")}),
    ],
)
def test_other_shapes_colour_no_pictures(inputs: dict, outputs: dict):
    assert NetworkGraph(inputs, outputs).colours is None


def test_a_file_that_ctk_made_of_a_card_is_an_artifact_of_it(main_onnx: Path, tmp_path: Path):
    assert as_artifact(main_onnx, None) == (None, main_onnx)
    assert as_artifact((main_onnx,), None) == (None, main_onnx)
    assert as_artifact(main_onnx, {"onnxruntime": main_onnx}) == (main_onnx, {"onnxruntime": main_onnx})
    (tmp_path / "net.onnx").write_bytes(b"\x08\x08")
    assert as_artifact(tmp_path / "net.onnx", None) == (tmp_path / "net.onnx", None)
    assert as_artifact("colorization-v2", None) == ("colorization-v2", None)
    assert as_artifact([MINI / "deploy.prototxt"], None) == ([MINI / "deploy.prototxt"], None)
