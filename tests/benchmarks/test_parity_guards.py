"""What `benchmarks.parity` must not let pass, or ignore; real backends on a net of the original Caffe."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copy

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from plugin_samples import lay_distribution, on_path
from scripted_backend import small_picture

import benchmarks
import converters
from benchmarks.parity_api import exit_status, rescore
from benchmarks.parity_check.pairs import PairOutputs, Settings
from benchmarks.parity_check.saved_run import SavedRun, save_arrays, save_documents
from benchmarks.parity_check.where import save_reproducers
from benchmarks.parity_document import ParityDocument, ParityPair
from converters.caffe.network import Net
from converters.options import ConvertOptions
from toolkit.errors import BadInput, UsageFault

MINI = Path(__file__).resolve().parents[1] / "golden" / "cases" / "real_color_mini"
FILES = [MINI / "deploy.prototxt", MINI / "weights.caffemodel"]
QUICK = {"native": False, "controls": False}
# The caffemodel lacks the softmax temperature on purpose.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CTK_HOME", str(tmp_path_factory.mktemp("home")))
        yield Path()


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    return converters.convert(FILES, output=tmp_path_factory.mktemp("made") / "net.onnx").path


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    made = tmp_path_factory.mktemp("inside") / "net.onnx"
    return converters.convert(FILES, output=made, options=ConvertOptions(mean="inside")).path


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_picture(tmp_path_factory.mktemp("pictures") / "small.png")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, picture: Path) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "run"
    benchmarks.parity(
        FILES, backends=["onnxruntime"], images=[picture], layers=True, save=folder, native=False
    )
    return folder


def changed(artifact: Path, target: Path, change: Callable[[onnx.ModelProto], None]) -> Path:
    model = onnx.load(artifact)
    change(model)
    onnx.save(model, target)
    return target


def doubled(layer: str) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        one = next(one for one in model.graph.initializer if one.name.startswith(layer))
        one.CopyFrom(numpy_helper.from_array(2 * numpy_helper.to_array(one), one.name))

    return change


def test_the_reference_never_runs_the_artifact_that_is_checked(artifact: Path, picture: Path, tmp_path: Path):
    wrong = changed(artifact, tmp_path / "bad.onnx", doubled("bw_conv1_1.weight"))
    document = benchmarks.parity(
        FILES, artifacts={"onnxruntime": wrong}, reference="onnxruntime", images=[picture], **QUICK
    )
    assert (document.verdict, exit_status(document)) == ("fail", 1)


def test_a_backend_held_against_itself_is_refused(artifact: Path, picture: Path):
    for given in ({"backends": ["onnxruntime"]}, {"artifacts": {"onnxruntime": artifact}}):
        with pytest.raises(UsageFault, match="CTK601 onnxruntime would be held against itself"):
            benchmarks.parity(FILES, reference="onnxruntime", images=[picture], **given, **QUICK)


def test_an_artifact_that_the_user_gave_is_never_left_out(artifact: Path, picture: Path, tmp_path: Path):
    def newer(model: onnx.ModelProto) -> None:
        model.opset_import[0].version = 99

    wrong = changed(artifact, tmp_path / "new.onnx", newer)
    document = benchmarks.parity(FILES, artifacts=wrong, images=[picture], **QUICK)
    failed = [pair for pair in document.pairs if pair.verdict == "failed"]
    assert "onnxruntime" in {pair.backend for pair in failed}
    assert exit_status(document) == 4


_SILENT = """
from dataclasses import replace
from toolkit.backends.onnxruntime import OnnxRuntimeBackend


class Silent(OnnxRuntimeBackend):
    @classmethod
    def load(cls, artifact, **options):
        return Session(OnnxRuntimeBackend.load(artifact, **options))


class Session:
    def __init__(self, session): self.session = session
    def info(self): return replace(self.session.info(), precision_executed=None)
    def run(self, *given): return self.session.run(*given)
    def __enter__(self): return self
    def __exit__(self, *_): pass
"""


def test_a_backend_that_reports_no_precision_fails(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lay_distribution(
        tmp_path, {"ctk.backends": {"silent": "silent_runtime:Silent"}}, modules={"silent_runtime": _SILENT}
    )
    on_path(tmp_path, monkeypatch, "silent_runtime")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    document = benchmarks.parity(FILES, images=[picture], **QUICK)
    silent = next(pair for pair in document.pairs if pair.backend == "silent")
    assert (silent.verdict, silent.failure_code) == ("failed", "CTK404")
    assert "does not say which precision" in (silent.reason or "")
    assert (document.verdict, exit_status(document)) == ("incomplete", 4)


def test_controls_are_judged_by_the_rule_of_their_pair(artifact: Path, picture: Path, tmp_path: Path):
    import openvino

    ir = tmp_path / "net.xml"
    openvino.save_model(openvino.convert_model(artifact), ir, compress_to_fp16=True)
    document = benchmarks.parity(
        FILES, artifacts={"openvino": ir}, images=[picture], native=False, save=tmp_path / "run"
    )
    (pair,) = document.pairs
    assert pair.precision_stored == "f16"
    assert any("judged by the rule of f16" in note for note in document.notes)
    rules = {output.rule for control in document.controls for output in control.outputs}
    assert rules == {pair.outputs[0].rule}
    assert "0.01 * max" in pair.outputs[0].rule
    assert rescore(tmp_path / "run") == document


def test_controls_need_an_artifact_that_passes_itself(artifact: Path, picture: Path, tmp_path: Path):
    wrong = changed(artifact, tmp_path / "bad.onnx", doubled("conv8_313_rh"))
    document = benchmarks.parity(FILES, artifacts={"onnxruntime": wrong}, images=[picture], native=False)
    assert not document.controls
    assert any("without a fault fails itself" in note for note in document.notes)
    assert exit_status(document) == 1


def test_layers_of_an_artifact_that_subtracts_the_mean_itself(inside: Path, picture: Path, tmp_path: Path):
    sound = benchmarks.parity(
        FILES, artifacts={"onnxruntime": inside}, images=[picture], layers=True, native=False
    )
    assert sound.verdict == "pass", sound.reasons
    named = {control.fault: (control.layer, control.layer_named) for control in sound.controls}
    assert named["kernel-transposed"][1] == named["kernel-transposed"][0]
    assert named["softmax-scale-1"] == ("conv8_313_rh", "conv8_313_rh")
    wrong = changed(inside, tmp_path / "bad.onnx", doubled("bw_conv1_1.weight"))
    document = benchmarks.parity(
        FILES, artifacts={"onnxruntime": wrong}, images=[picture], layers=True,
        reproducer=tmp_path / "small", **QUICK,
    )  # fmt: skip
    assert document.pairs[0].first_divergent_layer == "bw_conv1_1"
    (folder,) = (tmp_path / "small").iterdir()
    # Only an artifact that is given L with its 50 departs by the doubled weights alone.
    with np.load(folder / "inputs.npz") as given:
        (light,) = [given[name] for name in given.files]
    assert light.min() >= 0
    assert light.max() <= 100


def test_a_saved_run_is_of_one_network(saved: Path, tmp_path: Path):
    text = FILES[0].read_text()
    (tmp_path / "other.prototxt").write_text(text + "\n# another one\n")
    with pytest.raises(UsageFault, match=r"CTK601 .*another network"):
        benchmarks.parity(
            [tmp_path / "other.prototxt", FILES[1]], load=saved, backends=["onnxruntime"], **QUICK
        )
    with pytest.raises(UsageFault, match=r"CTK601 .*files are needed"):
        benchmarks.parity(load=saved, backends=["onnxruntime"], **QUICK)
    document = benchmarks.parity(FILES, load=saved, backends=["opencv"], **QUICK)
    assert (document.verdict, document.preset) == ("pass", "exact")


def test_options_that_would_be_ignored_are_refused(artifact: Path, saved: Path, picture: Path):
    golden = f"golden:{MINI}"
    for given in (
        {"reference": golden, "images": [picture]},
        {"reference": golden, "preset": "exact"},
        {"load": saved, "preset": "exact"},
        {"artifacts": {"opencv": artifact}},
    ):
        with pytest.raises(UsageFault, match="CTK601"):
            benchmarks.parity(FILES, backends=["onnxruntime"], **given, **QUICK)


def test_a_head_that_is_not_swapped_is_told(artifact: Path, picture: Path):
    document = benchmarks.parity(
        FILES, reference="opencv", artifacts={"onnxruntime": artifact}, images=[picture], blame=True, **QUICK
    )
    assert any("the head is counted within the model" in note for note in document.notes)


def test_the_reproducer_shows_the_input_with_the_largest_error_of_its_layer(
    artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # The output departs most for the first input, the layer for the second.
    asked: list[dict[str, np.ndarray]] = []
    monkeypatch.setattr(
        "benchmarks.parity_check.where.save_reproducer", lambda *given, **_: asked.append(given[4])
    )
    cases = [{"data_l": np.full((1, 1, 32, 32), value, np.float32)} for value in (1, 2)]
    pair = ParityPair(
        backend="onnxruntime", artifact=str(artifact), precision_requested="f32", decides=True, verdict="fail",
        first_divergent_layer="conv8_1", worst_input={"class8_ab": "one"},
    )  # fmt: skip
    settings = Settings(names=["one", "two"], cases=cases, references=[{}, {}], stated=None, threads=1)
    one = PairOutputs(pair, worst_inputs={"conv8_1": 1})
    save_reproducers([one], Net("net", "net", (), (), (), {}), settings, tmp_path)
    assert asked == [cases[1]]


def test_under_another_rule_nothing_is_said_of_layers(saved: Path):
    assert rescore(saved).pairs[0].layers
    again = rescore(saved, "rtol=1e-3,atol=1e-5")
    assert again.pairs[0].layers == []
    assert {control.layer_named for control in again.controls} == {None}


def test_a_control_with_more_inputs_than_the_run_is_bad_input(saved: Path, tmp_path: Path):
    from shutil import copytree

    moved = copytree(saved, tmp_path / "moved")
    listed = SavedRun.model_validate_json((moved / "saved.json").read_bytes())
    document = ParityDocument.model_validate_json((moved / "parity.json").read_bytes())
    odd = save_arrays(moved, "odd.npz", [{"class8_ab": np.zeros((1, 2, 8, 8), np.float32)}] * 3)
    save_documents(moved, document, listed.model_copy(update={"controls": [odd, *listed.controls[1:]]}))
    with pytest.raises(BadInput, match="CTK502 a control has 3 inputs"):
        rescore(moved)


def test_pictures_of_one_name_are_told_apart_and_paths_that_are_gone_are_not_told(
    picture: Path, tmp_path: Path
):
    (tmp_path / "other").mkdir()
    again = Path(copy(picture, tmp_path / "other" / picture.name))
    document = benchmarks.parity(FILES, backends=["onnxruntime"], images=[picture, again], **QUICK)
    assert [line.name for line in document.inputs] == ["small.png", "small.png (2)"]
    assert [one.input for one in document.pairs[0].quality] == ["small.png", "small.png (2)"]
    assert document.pairs[0].artifact is None
    assert document.pairs[0].artifact_sha256 is not None
    assert json.loads(document.to_json())["pairs"][0]["artifact"] is None
