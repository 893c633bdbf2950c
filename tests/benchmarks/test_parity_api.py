"""`benchmarks.parity` from end to end, with the real backends; the original Caffe is the oracle."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from plugin_samples import lay_distribution, on_path
from scripted_backend import small_picture

import benchmarks
import converters
from benchmarks.parity_api import exit_status, rescore
from benchmarks.parity_document import ParityDocument
from converters.options import ConvertOptions
from toolkit.errors import BadInput, Inconclusive, UsageFault

CASES = Path(__file__).resolve().parents[1] / "golden" / "cases"
MINI = CASES / "real_color_mini"
FILES = [MINI / "deploy.prototxt", MINI / "weights.caffemodel"]
# The caffemodel lacks the softmax temperature on purpose.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for all tests here, so that the reference is computed once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CTK_HOME", str(tmp_path_factory.mktemp("home")))
        yield Path()


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Path:
    return converters.convert(FILES, output=tmp_path_factory.mktemp("made") / "net.onnx").path


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_picture(tmp_path_factory.mktemp("pictures") / "small.png")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, picture: Path) -> tuple[Path, ParityDocument]:
    folder = tmp_path_factory.mktemp("saved") / "run"
    return folder, benchmarks.parity(
        FILES, backends=["onnxruntime", "openvino"], images=[picture], save=folder, controls=False
    )


def changed(artifact: Path, folder: Path, change: Callable[[onnx.GraphProto], None]) -> Path:
    model = onnx.load(artifact)
    change(model.graph)
    onnx.save(model, folder / "changed.onnx")
    return folder / "changed.onnx"


def test_a_clean_conversion_passes_everywhere(saved: tuple[Path, ParityDocument]):
    _, document = saved
    assert document.verdict == "pass"
    assert exit_status(document) == 0
    rows = {(pair.backend, pair.precision_requested): pair for pair in document.pairs}
    assert list(rows) == [
        (backend, precision) for backend in ("onnxruntime", "openvino") for precision in ("f32", "native")
    ]
    for (_, precision), pair in rows.items():
        assert pair.decides is (precision == "f32")
        assert pair.deterministic is (True if pair.decides else None)
        (output,) = pair.outputs
        assert output.name == "class8_ab"
        if pair.decides:
            assert pair.verdict == "pass"
            assert pair.precision_executed == "f32"
            assert output.max_abs is not None
            assert 0 < output.max_abs < 1e-4
            assert pair.reaches_grey is False
            assert pair.delta_e2000 is not None
            assert pair.delta_e2000.mean < 0.1
    assert document.model.weights == "own"
    assert document.reference.name == "caffe-reference"
    assert document.baseline is not None
    assert document.baseline.output_max_abs > 0.1
    assert document.baseline.output_rmse is not None
    assert 0 < document.baseline.output_rmse < document.baseline.output_max_abs
    assert document.saved == str(saved[0].absolute())
    assert {pair.precision_stored for pair in document.pairs} == {"f32"}
    assert ParityDocument.model_validate_json(document.to_json()) == document


def test_the_reference_is_computed_once(saved: tuple[Path, ParityDocument], picture: Path):
    document = benchmarks.parity(
        FILES, backends=["onnxruntime"], images=[picture], native=False, controls=False
    )
    assert document.reference.cached is True
    assert document.verdict == "pass"
    assert len(document.pairs) == 1


@pytest.mark.parametrize("case", ["real_color_mini", "outputs_several", "dag_20"])
def test_the_original_caffe_as_reference(case: str):
    folder = CASES / case
    files = [folder / "deploy.prototxt", folder / "weights.caffemodel"]
    document = benchmarks.parity(
        [file for file in files if file.exists()],
        reference=f"golden:{folder}", backends=["onnxruntime"], native=False, controls=False,
    )  # fmt: skip
    assert document.verdict == "pass", document.reasons
    assert document.reference.kind == "golden"
    stored = json.loads((folder / "case.json").read_text())["outputs"]
    assert {output.name for output in document.pairs[0].outputs} == set(stored)


def test_random_inputs_and_another_backend_as_reference():
    folder = CASES / "pool_ave_pad_s2"
    document = benchmarks.parity(
        [folder / "deploy.prototxt"],
        reference="onnxruntime",
        backends=["openvino"],
        native=False,
        controls=False,
    )
    assert document.verdict == "pass", document.reasons
    assert document.reference.kind == "backend"
    assert [line.name for line in document.inputs] == ["random-0", "random-1", "random-2"]
    assert document.baseline is None


def dropped_temperature(graph: onnx.GraphProto) -> None:
    scale = next(one for one in graph.initializer if one.name.startswith("conv8_313_rh"))
    scale.CopyFrom(numpy_helper.from_array(np.ones_like(numpy_helper.to_array(scale)), scale.name))


def not_a_number(graph: onnx.GraphProto) -> None:
    weights = max(graph.initializer, key=lambda one: np.prod(one.dims))
    values = numpy_helper.to_array(weights).copy()
    values.flat[0] = np.nan
    weights.CopyFrom(numpy_helper.from_array(values, weights.name))


def one_more_output(graph: onnx.GraphProto) -> None:
    graph.output.append(onnx.helper.make_tensor_value_info("conv1_1", onnx.TensorProto.FLOAT, None))


def another_name(graph: onnx.GraphProto) -> None:
    name = graph.output[0].name
    graph.output[0].name = "ab"
    graph.node.append(onnx.helper.make_node("Identity", [name], ["ab"]))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (dropped_temperature, "break the rule"),
        (not_a_number, "not finite"),
        (one_more_output, "no reference for this output"),
        (another_name, "the output is missing"),
    ],
)
def test_a_wrong_artifact_fails(
    artifact: Path, picture: Path, tmp_path: Path, change: Callable[[onnx.GraphProto], None], says: str
):
    wrong = changed(artifact, tmp_path, change)
    document = benchmarks.parity(
        FILES, artifacts={"onnxruntime": wrong}, images=[picture], native=False, controls=False
    )
    assert document.verdict == "fail"
    assert exit_status(document) == 1
    assert says in document.reasons[0]
    assert any("no provenance" in note for note in document.notes)


def test_a_grey_artifact_fails_under_any_rule(artifact: Path, picture: Path, tmp_path: Path):
    def grey(graph: onnx.GraphProto) -> None:
        name = graph.output[0].name
        maker = next(node for node in graph.node if name in node.output)
        maker.output[0] = "before"
        graph.initializer.append(numpy_helper.from_array(np.float32(0), "nought"))
        graph.node.append(onnx.helper.make_node("Mul", ["before", "nought"], [name]))

    wrong = changed(artifact, tmp_path, grey)
    document = benchmarks.parity(
        FILES,
        artifacts={"onnxruntime": wrong},
        images=[picture],
        rule="rtol=1e9",
        native=False,
        controls=False,
    )
    assert document.pairs[0].outputs[0].status == "pass"
    assert document.pairs[0].reaches_grey is True
    assert (document.verdict, exit_status(document)) == ("fail", 1)


def test_another_networks_artifact_and_a_damaged_one_are_bad_input(
    picture: Path, artifact: Path, tmp_path: Path
):
    other = CASES / "conv_1d"
    stranger = converters.convert(
        [other / "deploy.prototxt", other / "weights.caffemodel"], output=tmp_path / "other.onnx"
    ).path
    (tmp_path / "bad.xml").write_text("<net>")
    document = benchmarks.parity(
        FILES,
        backends=["onnxruntime", "openvino", "opencv"],
        artifacts={"onnxruntime": stranger, "openvino": tmp_path / "bad.xml", "opencv": artifact},
        images=[picture], native=False, controls=False,
    )  # fmt: skip
    first, second, third = document.pairs
    assert (first.verdict, second.verdict, third.verdict) == ("failed", "failed", "pass")
    assert first.failure_code in {"CTK508", "CTK516"}
    assert second.failure_code == "CTK520"
    assert any("made from another" in note for note in document.notes)
    assert (document.verdict, exit_status(document)) == ("incomplete", 5)


_BROKEN = """
import os, signal
from toolkit.backends.onnxruntime import OnnxRuntimeBackend


class Broken(OnnxRuntimeBackend):
    @classmethod
    def load(cls, artifact, **options):
        return Session(OnnxRuntimeBackend.load(artifact, **options))


class Session:
    def __init__(self, session): self.session = session
    def info(self): return self.session.info()
    def run(self, *_):
        print("I cannot go on", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    def __enter__(self): return self
    def __exit__(self, *_): pass
"""


def test_a_backend_that_dies_does_not_keep_the_others_from_being_judged(
    artifact: Path, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lay_distribution(
        tmp_path, {"ctk.backends": {"broken": "broken_runtime:Broken"}}, modules={"broken_runtime": _BROKEN}
    )
    on_path(tmp_path, monkeypatch, "broken_runtime")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    document = benchmarks.parity(
        FILES,
        artifacts={"broken": artifact, "onnxruntime": artifact},
        images=[picture],
        native=False,
        controls=False,
    )
    broken, sound = document.pairs
    assert broken.verdict == "failed"
    assert "I cannot go on" in (broken.reason or "")
    assert sound.verdict == "pass"
    assert (document.verdict, exit_status(document)) == ("incomplete", 4)


def test_unreadable_pictures_are_listed_and_only_all_bad_is_an_error(
    picture: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    document = benchmarks.parity(
        FILES, backends=["onnxruntime"], images=[tmp_path / "bad.png", picture], native=False, controls=False
    )
    assert document.verdict == "pass"
    assert [(line.name, line.usable) for line in document.inputs] == [("bad.png", False), ("small.png", True)]
    assert "CTK518" in capfd.readouterr().err
    with pytest.raises(BadInput, match="CTK518"):
        benchmarks.parity(FILES, backends=["onnxruntime"], images=[tmp_path / "bad.png"], controls=False)
    (tmp_path / "none").mkdir()
    with pytest.raises(Inconclusive, match="CTK301"):
        benchmarks.parity(FILES, backends=["onnxruntime"], images=[tmp_path / "none"], controls=False)


def test_a_reference_that_is_not_finite_is_bad_input(artifact: Path, tmp_path: Path):
    copytree(MINI, tmp_path / "golden")
    outputs = {"class8_ab": np.full((1, 2, 8, 8), np.inf, np.float32)}
    np.savez(tmp_path / "golden" / "outputs.npz", **outputs)
    with pytest.raises(BadInput, match=r"CTK519 .*'class8_ab'"):
        benchmarks.parity(
            FILES,
            reference=f"golden:{tmp_path / 'golden'}",
            artifacts={"onnxruntime": artifact},
            controls=False,
        )


def test_an_onnx_file_without_its_caffe_files_needs_another_reference(artifact: Path):
    with pytest.raises(UsageFault, match="CTK601 caffe-reference needs"):
        benchmarks.parity(artifact, backends=["onnxruntime"], controls=False)
    document = benchmarks.parity(
        artifact, reference=f"golden:{MINI}", backends=["onnxruntime"], native=False, controls=False
    )
    assert document.verdict == "pass"


def test_words_that_mean_nothing_are_refused(picture: Path):
    with pytest.raises(UsageFault, match="CTK603"):
        benchmarks.parity(FILES, reference="cafe-reference")
    with pytest.raises(UsageFault, match="CTK603"):
        benchmarks.parity(FILES, backends=["onnxrt"])
    with pytest.raises(UsageFault, match="CTK601"):
        benchmarks.parity(FILES, rule="tight")
    with pytest.raises(UsageFault, match="CTK601"):
        benchmarks.parity(
            [CASES / "pool_ave_pad" / "deploy.prototxt"], images=[picture], backends=["onnxruntime"]
        )


def test_a_saved_run_is_judged_again_without_any_runtime(saved: tuple[Path, ParityDocument], tmp_path: Path):
    folder, document = saved
    assert rescore(folder) == document
    moved = copytree(folder, tmp_path / "elsewhere")
    code = (
        "import json, sys; from pathlib import Path; from benchmarks.parity_check.rescoring import rescore\n"
        f"found = rescore(Path({str(moved)!r}), 'rtol=1e-9,atol=0')\n"
        "loaded = [name for name in ('onnxruntime', 'openvino', 'cv2', 'torch', 'onnx') if name in sys.modules]\n"
        "print(json.dumps([found.verdict, loaded, found.pairs[0].outputs[0].smallest_passing_atol]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    verdict, loaded, atol = json.loads(done.stdout)
    assert (verdict, loaded) == ("fail", [])
    # By hand from the saved arrays, with the rule's own formula.
    with np.load(folder / "reference.npz") as wanted, np.load(folder / "onnxruntime-f32.npz") as found:
        reference = wanted["0/class8_ab"].astype(np.float64)
        difference = np.abs(found["0/class8_ab"].astype(np.float64) - reference)
    allowed = 1e-9 * np.abs(reference).max(axis=(0, 2, 3), keepdims=True)
    assert atol == pytest.approx((difference - allowed).max(), rel=1e-9)


def test_inputs_and_reference_of_a_saved_run_serve_another(
    saved: tuple[Path, ParityDocument], artifact: Path
):
    folder, _ = saved
    document = benchmarks.parity(
        FILES, load=folder, artifacts={"onnxruntime": artifact}, native=False, controls=False
    )
    assert document.verdict == "pass"
    assert [line.name for line in document.inputs] == ["small.png"]
    with pytest.raises(UsageFault, match="CTK601"):
        benchmarks.parity(FILES, load=folder, images=[folder])


@pytest.mark.parametrize("file", ["parity.json", "saved.json", "reference.npz", "onnxruntime-f32.npz"])
def test_a_saved_run_that_was_changed_is_refused(
    saved: tuple[Path, ParityDocument], tmp_path: Path, file: str
):
    moved = copytree(saved[0], tmp_path / "moved")
    data = bytearray((moved / file).read_bytes())
    data[len(data) // 2] ^= 1
    (moved / file).write_bytes(data)
    with pytest.raises(BadInput, match="CTK502"):
        rescore(moved)
    (moved / file).unlink()
    with pytest.raises(BadInput, match="CTK501"):
        rescore(moved)


def test_a_document_of_an_unknown_schema_is_refused(saved: tuple[Path, ParityDocument], tmp_path: Path):
    moved = copytree(saved[0], tmp_path / "moved")
    text = (moved / "saved.json").read_text()
    (moved / "saved.json").write_text(text.replace("ctk.parity-saved/1", "ctk.parity-saved/9"))
    with pytest.raises(BadInput, match=r"CTK502 .*ctk\.parity-saved/1"):
        rescore(moved)
    listed = json.loads(text)
    listed["reference"]["file"] = "../reference.npz"
    (moved / "saved.json").write_text(json.dumps(listed))
    with pytest.raises(BadInput, match="CTK502"):
        rescore(moved)


def test_controls_are_seen_and_a_rule_that_sees_nothing_is_inconclusive(
    artifact: Path, picture: Path, tmp_path: Path
):
    def run(rule: str | None) -> ParityDocument:
        return benchmarks.parity(
            FILES,
            artifacts={"onnxruntime": artifact},
            images=[picture],
            rule=rule,
            native=False,
            save=tmp_path / "run",
        )

    document = run(None)
    assert (document.verdict, exit_status(document)) == ("pass", 0)
    by_name = {control.fault: control for control in document.controls}
    assert {"softmax-scale-1", "ab-swapped", "l-not-centred", "output-removed", "nan-pixel"} <= set(by_name)
    assert all(control.seen and control.backend == "onnxruntime" for control in document.controls)
    assert by_name["softmax-scale-1"].layer == "conv8_313_rh"
    assert all(control.description and control.what for control in document.controls)
    assert by_name["softmax-scale-1"].what == "2.606 became 1"
    assert by_name["ab-swapped"].delta_e2000 is not None
    assert by_name["ab-swapped"].delta_e2000.mean > 0
    # Both sides of the swap from the clean artifact's own outputs.
    with np.load(tmp_path / "run" / "onnxruntime-f32.npz") as found:
        ab = found["0/class8_ab"]
    place = list(by_name).index("ab-swapped")
    with np.load(tmp_path / "run" / f"control-{place}.npz") as found:
        np.testing.assert_array_equal(found["0/class8_ab"], ab[:, ::-1])
    assert rescore(tmp_path / "run") == document
    again = rescore(tmp_path / "run", "rtol=1e9")
    assert (again.verdict, exit_status(again)) == ("inconclusive", 3)
    blind = run("rtol=1e9")
    assert (blind.verdict, exit_status(blind)) == ("inconclusive", 3)
    assert all(pair.verdict == "pass" for pair in blind.pairs)
    assert {control.fault for control in blind.controls if control.seen} == {"output-removed", "nan-pixel"}
    assert again.reasons == blind.reasons


def test_without_a_backend_for_controls_nothing_can_be_concluded():
    def run(controls: bool) -> ParityDocument:
        return benchmarks.parity(
            FILES, reference=f"golden:{MINI}", backends=["caffe-reference"], native=False, controls=controls
        )

    document = run(controls=True)
    assert (document.verdict, exit_status(document)) == ("inconclusive", 3)
    assert document.reasons == ["0 controls ran: it takes 3 to know that this check sees faults"]
    assert any("no backend that was judged loads ONNX" in note for note in document.notes)
    assert document.pairs[0].verdict == "pass"
    assert run(controls=False).verdict == "pass"


def test_controls_are_made_in_an_artifact_that_passes_where_there_is_one(
    artifact: Path, picture: Path, tmp_path: Path
):
    wrong = changed(artifact, tmp_path, dropped_temperature)
    document = benchmarks.parity(
        FILES, artifacts={"onnxruntime": wrong, "opencv": artifact}, images=[picture], native=False
    )
    assert (document.verdict, exit_status(document)) == ("fail", 1)
    assert {control.backend for control in document.controls} == {"opencv"}
    assert all(control.seen for control in document.controls)
    # Made in the wrong one they change nothing, or are no fault of the check: it fails all the same.
    alone = benchmarks.parity(FILES, artifacts={"onnxruntime": wrong}, images=[picture], native=False)
    assert (alone.verdict, exit_status(alone)) == ("fail", 1)
    assert "softmax-scale-1" not in {control.fault for control in alone.controls}


def test_an_artifact_that_subtracts_the_mean_itself_is_given_it_back(picture: Path, tmp_path: Path):
    inside = converters.convert(
        FILES, output=tmp_path / "net.onnx", options=ConvertOptions(mean="inside")
    ).path
    document = benchmarks.parity(
        FILES, artifacts={"onnxruntime": inside}, images=[picture], native=False, controls=False
    )
    assert document.verdict == "pass", document.reasons


def test_weights_compressed_to_f16_are_judged_as_f16(artifact: Path, picture: Path, tmp_path: Path):
    import openvino

    openvino.save_model(openvino.convert_model(artifact), tmp_path / "net.xml", compress_to_fp16=True)
    document = benchmarks.parity(
        FILES, artifacts={"openvino": tmp_path / "net.xml"}, images=[picture], native=False, controls=False
    )
    (pair,) = document.pairs
    assert (pair.precision_executed, pair.verdict) == ("f32", "pass")
    assert "0.01 * max" in pair.outputs[0].rule
    assert (pair.outputs[0].max_rel or 0) > 1e-5  # more than f32's own rounding


def test_a_fault_in_one_layer_is_named_with_its_weights_and_shown_apart(
    artifact: Path, picture: Path, tmp_path: Path
):
    wrong = changed(artifact, tmp_path, dropped_temperature)
    document = benchmarks.parity(
        FILES, artifacts={"onnxruntime": wrong}, images=[picture], layers=True, native=False, controls=False,
        reproducer=tmp_path / "small",
    )  # fmt: skip
    (pair,) = document.pairs
    assert pair.first_divergent_layer == "conv8_313_rh"
    assert [(one.layer, one.kind) for one in pair.weights] != []
    assert {one.layer for one in pair.weights} == {"conv8_313_rh"}
    assert pair.layers[0].layer == "bw_conv1_1"
    (folder,) = (tmp_path / "small").iterdir()
    assert (folder / "README.md").exists()
    assert any(str(folder) in note for note in document.notes)


def test_the_parts_of_another_preset_are_blamed_and_pictures_saved(
    artifact: Path, picture: Path, tmp_path: Path
):
    document = benchmarks.parity(
        FILES, artifacts={"onnxruntime": artifact}, images=[picture], preset="ascend-py", blame=True,
        native=False, controls=False, pictures_in=tmp_path,
    )  # fmt: skip
    (pair,) = document.pairs
    assert pair.blame is not None
    shares = {one.part: one.share for one in pair.blame.shares}
    assert set(shares) == {"decode", "pre", "model", "head", "post"}
    assert sum(shares.values()) == pytest.approx(1)
    assert abs(shares["model"]) + abs(shares["head"]) < 0.01
    for name in pair.quality[0].pictures.values():
        assert (tmp_path / "blobs" / name).read_bytes().startswith(b"\x89PNG")
