"""`ctk parity` from the command line to its exit status, on small networks of the golden cases."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from command import assert_error, ctk, environment, leftovers
from plugin_samples import lay_distribution
from scripted_backend import small_picture

from benchmarks.faults import coefficients_transposed, softmax_scale
from benchmarks.faults.artifacts import FaultyArtifacts
from benchmarks.parity_document import ParityDocument
from converters import convert
from converters.caffe.schema import NetParameter
from toolkit.messages import collected_warnings

CASES = Path(__file__).parents[1] / "golden" / "cases"
Done = subprocess.CompletedProcess[str]
Capture = pytest.CaptureFixture[str]
Verb = Callable[..., int]

# A backend whose process ends in its second inference.
_DYING = """
import os
from toolkit.backends.onnxruntime import OnnxRuntimeBackend


class Dying:
    formats = ("onnx",)

    @classmethod
    def load(cls, artifact, *, threads=None, precision="f32", device=None):
        return Session(OnnxRuntimeBackend.load(artifact, threads=threads))


class Session:
    def __init__(self, session):
        self.session, self.calls = session, 0

    def run(self, inputs, outputs=None):
        self.calls += 1
        if self.calls == 2:
            print("last words of the runtime", flush=True)
            os._exit(3)
        return self.session.run(inputs, outputs)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.session.close()

    def __getattr__(self, name):
        return getattr(self.session, name)
"""


def network(case: str) -> list[Path]:
    return [CASES / case / "deploy.prototxt", CASES / case / "weights.caffemodel"]


COLOUR = network("real_color_mini")
CONVOLUTION = network("conv_3x3_pad1")


@dataclass(frozen=True)
class Place:
    """A folder in which ``ctk parity`` runs, with the verb and a backend that dies registered in it."""

    folder: Path

    def parity(self, *words: str | Path) -> Done:
        return ctk("parity", *words, cwd=self.folder, env={"PYTHONPATH": str(self.folder)})

    def document(self, name: str) -> ParityDocument:
        return ParityDocument.model_validate_json((self.folder / name).read_bytes())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("parity")
    lay_distribution(
        folder,
        {
            "ctk.commands": {"parity": "reports.commands.parity:command"},
            "ctk.backends": {"dying": "dying_runtime:Dying"},
        },
        modules={"dying_runtime": _DYING},
    )
    small_picture(folder / "good.png")
    (folder / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "empty").mkdir()
    (folder / "net.prototxt").write_text('layer { name: "a" type: "ReLU" bottom: "x" top: "y" }')
    return Place(folder)


@pytest.fixture(scope="module")
def clean(place: Place) -> Done:
    """One run on a colorizer, saved in run/, with its document in out/p.json."""
    return place.parity(
        *COLOUR, "--backend", "onnxruntime", "--no-native", "--images", "good.png", "--images", "torn.png",
        "--save", "run", "--json", "out/p.json",
    )  # fmt: skip


@pytest.fixture(scope="module")
def wrong(place: Place) -> Path:
    """An artifact whose bias is off by a hundredth."""
    with collected_warnings():
        made = convert(CONVOLUTION, output=place.folder / "sound.onnx").path
    model = onnx.load(made)
    bias = next(one for one in model.graph.initializer if len(one.dims) == 1)
    bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + 0.01, bias.name))
    onnx.save(model, place.folder / "wrong.onnx")
    return place.folder / "wrong.onnx"


@pytest.fixture
def verb(place: Place, monkeypatch: pytest.MonkeyPatch) -> Verb:
    """Runs the verb in this process, for words by which no backend runs."""
    from reports.commands.parity import command
    from toolkit import plugins
    from toolkit.app import main

    point = type("Point", (), {"module": command.__module__, "load": lambda _self: command})()
    known = plugins.members
    monkeypatch.setattr(
        plugins, "members",
        lambda group: {**known(group), "parity": point} if group == plugins.COMMANDS else known(group),
    )  # fmt: skip
    monkeypatch.setenv("CTK_HOME", str(place.folder / "ctk-home"))
    monkeypatch.chdir(place.folder)
    return lambda *words: main(["parity", *words])


def test_a_clean_conversion_passes_with_its_figures(place: Place, clean: Done):
    assert clean.returncode == 0, clean.stderr
    lines = clean.stdout.splitlines()
    assert lines[-1] == "verdict: pass"
    document = place.document("out/p.json")
    (pair,) = document.pairs
    row = next(line.split() for line in lines if line.startswith("onnxruntime ") and " class8_ab " in line)
    assert row[2:5] == ["f32", "f32", "class8_ab"]
    assert float(row[5]) == pytest.approx(pair.outputs[0].max_abs, rel=0.05)
    assert row[-1] == "pass"
    assert len(document.controls) >= 10
    assert f"Controls: {len(document.controls)} of {len(document.controls)} faults" in clean.stdout
    assert leftovers(place.folder) == []


def test_a_torn_picture_is_skipped_listed_and_counted(place: Place, clean: Done):
    assert "warning: 1 of 2 inputs skipped: torn.png" in clean.stderr
    assert "skipped: torn.png: " in clean.stdout
    assert [one.usable for one in place.document("out/p.json").inputs] == [True, False]


def test_pictures_lie_beside_the_document(place: Place, clean: Done):
    (found,) = place.document("out/p.json").pairs[0].quality
    assert set(found.pictures) == {"side_by_side", "error_map"}
    for name in found.pictures.values():
        assert (place.folder / "out" / "blobs" / name).read_bytes().startswith(b"\x89PNG")


def test_warnings_are_said_once(clean: Done):
    warnings = [line for line in clean.stderr.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == len(set(warnings)) > 0


def test_a_saved_run_is_judged_again(place: Place, clean: Done, verb: Verb, capsys: Capture):
    assert verb("--rescore", "run", "--json", "-") == 0
    again = ParityDocument.model_validate_json(capsys.readouterr().out)
    assert again.pairs == place.document("out/p.json").pairs


def test_a_tighter_rule_fails(clean: Done, verb: Verb, capsys: Capture):
    assert verb("--rescore", "run", "--rule", "rtol=1e-12,atol=0", "--quiet") == 1
    captured = capsys.readouterr()
    assert "error: CTK101 1 of 1 backend differs from caffe-reference\n" in captured.err
    assert "note: onnxruntime at f32: class8_ab: " in captured.err
    assert captured.out == ""


def test_a_rule_that_sees_nothing_is_inconclusive(clean: Done, verb: Verb, capsys: Capture):
    assert verb("--rescore", "run", "--rule", "rtol=1e9") == 3
    captured = capsys.readouterr()
    assert "error: CTK301 nothing can be concluded: the control " in captured.err
    assert "NOT SEEN" in captured.out
    assert "\nverdict: inconclusive\n" in captured.out


def test_judging_again_loads_no_runtime(place: Place, clean: Done):
    script = (
        "import sys; from toolkit.app import main; status = main(['parity', '--rescore', 'run', '--quiet'])\n"
        "print(status, [m for m in ('onnx', 'onnxruntime', 'openvino', 'torch', 'cv2') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=place.folder, capture_output=True, text=True, check=False,
        env=environment(place.folder / "ctk-home", {"PYTHONPATH": str(place.folder)}),
    )  # fmt: skip
    assert done.stdout == "0 []\n", done.stderr


def test_a_saved_run_that_was_changed_is_refused(
    place: Place, clean: Done, verb: Verb, tmp_path: Path, capsys: Capture
):
    for file in (place.folder / "run").glob("*.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with (tmp_path / "reference.npz").open("ab") as file:
        file.write(b"x")
    assert verb("--rescore", str(tmp_path)) == 5
    captured = capsys.readouterr()
    assert captured.err.startswith("error: CTK502 the file is not the one that was saved")
    assert captured.out == ""


def test_an_artifact_that_differs_fails(place: Place, wrong: Path):
    done = place.parity(*CONVOLUTION, wrong, "--backend", "onnxruntime", "--no-native", "--json", "wrong.json", "--quiet")  # fmt: skip
    line = assert_error(done, "CTK101", 1)
    assert "1 of 1 backend differs from caffe-reference" in line
    document = place.document("wrong.json")
    assert document.verdict == "fail"
    assert document.pairs[0].outputs[0].max_abs == pytest.approx(0.01, rel=1e-3)
    assert [one.kind for one in document.pairs[0].weights] != []


def test_a_backend_that_dies_leaves_the_others_judged(place: Place):
    done = place.parity(
        *CONVOLUTION, "--backend", "dying", "--backend", "onnxruntime", "--no-native", "--json", "-",
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    document = ParityDocument.model_validate_json(done.stdout)
    assert [(one.backend, one.verdict) for one in document.pairs] == [
        ("dying", "failed"),
        ("onnxruntime", "pass"),
    ]
    assert document.verdict == "incomplete"
    assert done.stderr.count("error: ") == 1
    assert "last words of the runtime" in done.stderr


def test_stored_outputs_of_caffe_are_a_reference(place: Place):
    done = place.parity(
        *CONVOLUTION, "--backend", "onnxruntime", "--reference", f"golden:{CONVOLUTION[0].parent}", "--no-native",
        "--quiet", "--json", "golden.json",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert place.document("golden.json").reference.kind == "golden"


def test_a_document_that_cannot_be_written_costs_no_figures(clean: Done, verb: Verb, capsys: Capture):
    assert verb("--rescore", "run", "--json", "good.png/p.json") == 4
    captured = capsys.readouterr()
    assert "error: CTK401 " in captured.err
    assert "\nverdict: pass\n" in captured.out


def test_dry_run_says_what_would_be_compared(verb: Verb, capsys: Capture):
    words = ["--backend", "openvino", "--rule", "rtol=1", "--blame", "--dry-run"]
    assert verb(*map(str, COLOUR), *words) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert captured.err == ""
    assert lines[0] == f"model: {COLOUR[0]}, {COLOUR[1]}"
    assert lines[1] == "reference: caffe-reference"
    assert lines[3].startswith("openvino: artifact made on demand; f32, and its native precision")
    assert lines[-1] == "also: blame by swapping parts"


def test_dry_run_of_a_saved_run(clean: Done, verb: Verb, capsys: Capture):
    assert verb("--rescore", "run", "--rule", "rtol=1,atol=2", "--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == [
        "would judge 1 saved output in run again; no backend runs",
        "rule: |d| <= 2 + 1 * max|reference| of its channel, in float64",
    ]


def test_the_schema_is_printed(verb: Verb, capsys: Capture):
    assert verb("--print-schema") == 0
    assert json.loads(capsys.readouterr().out)["properties"]["schema"]["const"] == "ctk.parity/1"


def test_an_empty_folder_of_pictures_is_nothing_to_compare(verb: Verb, capsys: Capture):
    assert verb(*map(str, COLOUR), "--backend", "onnxruntime", "--images", "empty") == 3
    assert "error: CTK301 nothing was compared: there is no picture\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "status", "said"),
    [
        (["--backend", "onnxruntim"], "CTK603", 64, "unknown backend 'onnxruntim'"),
        (["--artifact", "opencw=net.onnx"], "CTK603", 64, "unknown backend 'opencw'"),
        (["--artifact", "onnxruntime=none.onnx"], "CTK501", 5, "none.onnx"),
        (["--artifact", "onnxruntime=good.png"], "CTK502", 5, "good.png"),
        (["--reference", "caffe"], "CTK603", 64, "'caffe'"),
        (["--reference", "golden:"], "CTK601", 64, "golden: needs the folder"),
        (["--reference", "golden:nowhere"], "CTK501", 5, "nowhere"),
        (["--rule", "1e-4"], "CTK601", 64, "is no parity rule"),
        (["--rule", "rtol=-1"], "CTK601", 64, "is no parity rule"),
        (["--preset", "exakt"], "CTK603", 64, "unknown preset 'exakt'"),
        (["--model", "colorization-v3"], "CTK603", 64, "colorization-v3"),
        (["--images", "torn.png"], "CTK518", 5, "torn.png"),
        (["--images", "nowhere"], "CTK501", 5, "nowhere"),
        (["--threads", "100000"], "CTK407", 4, "100000"),
        (["--rescore", "nowhere"], "CTK501", 5, "nowhere"),
        (["--rescore", "nowhere", "--layers"], "CTK601", 64, "--rescore and --layers"),
        (["--load", "nowhere"], "CTK501", 5, "nowhere"),
        (["--dry-run", "--json", "-"], "CTK601", 64, "--dry-run and --json"),
        (["missing.prototxt"], "CTK501", 5, "missing.prototxt"),
        (["good.png"], "CTK502", 5, "good.png"),
        (["net.prototxt", "--weights", "released"], "CTK601", 64, "--weights"),
    ],
)
def test_words_that_mean_nothing(
    verb: Verb, words: list[str], code: str, status: int, said: str,
    capsys: Capture,
):  # fmt: skip
    assert verb(*words) == status
    captured = capsys.readouterr()
    assert captured.err.startswith(f"error: {code} ")
    assert said in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("fault", "to_blame", "innocent"),
    [(coefficients_transposed, "head", "model"), (softmax_scale, "model", "head")],
)
@pytest.mark.parametrize("backend", ["onnxruntime", "openvino", "opencv"])
def test_the_head_is_blamed_apart_from_the_model(
    place: Place, tmp_path: Path, fault: Any, to_blame: str, innocent: str, backend: str
):
    with collected_warnings():
        sound = convert(COLOUR, output=tmp_path / "sound.onnx").path
    faulty = FaultyArtifacts(sound, tmp_path).make(fault.FAULT)
    assert faulty is not None
    shares = shares_of(place, "--artifact", f"{backend}={faulty.path}")
    assert shares == {to_blame: pytest.approx(1, abs=1e-3), innocent: pytest.approx(0, abs=1e-3)}


def shares_of(place: Place, *words: str | Path) -> dict[str, float]:
    """Shares of the final error by part, of a run that fails."""
    done = place.parity(
        *COLOUR, *words, "--images", "good.png", "--blame", "--no-native", "--quiet", "--json", "blamed.json"
    )
    assert_error(done, "CTK101", 1)
    document = place.document("blamed.json")
    assert [note for note in document.notes if "blame" in note] == []
    blame = document.pairs[0].blame
    assert blame is not None
    assert blame.total_delta_e2000_mean > 0.01
    return {one.part: one.share for one in blame.shares}


def test_the_head_of_an_artifact_in_f16_is_blamed(place: Place, tmp_path: Path):
    with collected_warnings():
        sound = convert(COLOUR, output=tmp_path / "sound.onnx").path
    faulty = FaultyArtifacts(sound, tmp_path).make(coefficients_transposed.FAULT)
    assert faulty is not None
    model = in_f16(onnx.load(faulty.path))
    onnx.save(model, tmp_path / "f16.onnx")
    for backend in ("onnxruntime", "openvino"):
        words = ("--artifact", f"{backend}={tmp_path / 'f16.onnx'}", "--rule", "rtol=1e-2,atol=1e-3")
        shares = shares_of(place, *words)
        assert shares == {"head": pytest.approx(1, abs=0.02), "model": pytest.approx(0, abs=0.02)}


def in_f16(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network whose numbers and inner values are f16, between casts at both ends."""
    source, target = model.graph.input[0].name, model.graph.output[0].name
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            numbers = onnx.numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(onnx.numpy_helper.from_array(numbers, tensor.name))
    for node in model.graph.node:
        node.input[:] = [f"{name}_f16" if name == source else name for name in node.input]
        node.output[:] = [f"{name}_f16" if name == target else name for name in node.output]
    ends = [
        (source, f"{source}_f16", onnx.TensorProto.FLOAT16),
        (f"{target}_f16", target, onnx.TensorProto.FLOAT),
    ]
    first, last = (onnx.helper.make_node("Cast", [a], [b], to=to) for a, b, to in ends)
    model.graph.node.insert(0, first)
    model.graph.node.append(last)
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    return model


def test_the_head_of_a_caffe_artifact_is_its_own(place: Place, tmp_path: Path):
    net = NetParameter.FromString(COLOUR[1].read_bytes())
    head = next(layer for layer in net.layer if layer.name == "class8_ab")
    (weights, *_) = head.blobs
    weights.data[:] = list(np.asarray(weights.data).reshape(2, -1)[::-1].ravel())
    shutil.copy(COLOUR[0], tmp_path / "net.prototxt")
    (tmp_path / "net.caffemodel").write_bytes(net.SerializeToString())
    shares = shares_of(place, "--artifact", f"opencv={tmp_path / 'net.prototxt'}")
    assert shares == {"head": pytest.approx(1, abs=1e-3), "model": pytest.approx(0, abs=1e-3)}
