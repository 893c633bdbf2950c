"""Artifacts made on demand: once, whole, and the same for every process that asks."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from command import environment
from plugin_samples import lay_distribution, on_path

from converters import on_demand
from converters.caffe_to_onnx import CaffeToOnnx
from converters.on_demand import artifact_for, whole_artifact
from converters.request import ConversionRequest
from toolkit import cache, hashing, plugins
from toolkit.artifact import Artifact, read_sidecar, sidecar_of
from toolkit.errors import BadInput, EnvironmentFailed, UsageFault
from toolkit.messages import collected_warnings

MODEL = "colorization-v2-norebal"


@pytest.fixture
def home(main_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own that holds the synthetic main model: links, which are never written into."""
    shutil.copytree(main_home / "models", tmp_path / "home" / "models", copy_function=os.link)
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CTK_CACHE_LIMIT", raising=False)
    monkeypatch.setattr(on_demand, "_warned", {MODEL})
    return tmp_path / "home"


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Notes every conversion of this process."""
    done: list[str] = []
    convert = CaffeToOnnx.convert

    def noted(self: CaffeToOnnx, request: ConversionRequest) -> Artifact:
        done.append(f"{request.options.head} {request.options.opset}")
        return convert(self, request)

    monkeypatch.setattr(CaffeToOnnx, "convert", noted)
    with collected_warnings():
        yield done


def test_made_once_and_the_same_as_the_verb_writes(home: Path, main_onnx: Path, conversions: list[str]):
    made = artifact_for(format="onnx")
    assert made.parent.parent == home / "artifacts"
    assert made.name == f"{MODEL}-synthetic.onnx"
    assert made.read_bytes() == main_onnx.read_bytes()
    document = read_sidecar(made)
    assert document is not None
    assert (document.weights, document.head) == ("synthetic", "ab")
    for again in (
        artifact_for(MODEL, format="onnx"),
        artifact_for(format="onnx", head="ab", weights="synthetic"),
    ):
        assert again == made
    assert conversions == ["ab 13"]
    assert [entry.in_use for entry in cache.entries() if entry.kind == "artifact"] == [True]
    _damage_is_mended(made, conversions)


def _damage_is_mended(made: Path, conversions: list[str]) -> None:
    whole = made.read_bytes()
    made.write_bytes(whole[:1000])
    assert whole_artifact(made.parent) is None
    with collected_warnings() as warnings:
        assert artifact_for(format="onnx") == made
    assert made.read_bytes() == whole
    assert "damaged" in warnings[0]
    sidecar_of(made).unlink()
    assert artifact_for(format="onnx") == made
    assert len(conversions) == 3


def test_a_call_that_finds_it_hashes_and_converts_nothing(
    home: Path, conversions: list[str], monkeypatch: pytest.MonkeyPatch
):
    made = artifact_for(format="onnx", opset=12)
    hashed: list[str] = []
    read = hashing.sha256_file
    monkeypatch.setattr(
        hashing, "sha256_file", lambda path, what="file": hashed.append(path.name) or read(path, what)
    )
    assert artifact_for(format="onnx", opset=12) == made
    assert hashed == []
    changed = home / "models" / MODEL / "synthetic" / f"{MODEL}-synthetic.caffemodel"
    os.utime(changed)  # not the file that was hashed, as far as one can tell
    assert artifact_for(format="onnx", opset=12) == made
    assert hashed == [changed.name]
    assert conversions == ["ab 12"]


def test_made_for_a_batch(home: Path):
    made = artifact_for(format="onnx", batch=4, weights="synthetic")
    graph = onnx.load(made, load_external_data=False).graph
    shapes = [
        [size.dim_value for size in one.type.tensor_type.shape.dim] for one in (*graph.input, *graph.output)
    ]
    assert shapes == [[4, 1, 224, 224], [4, 2, 56, 56]]


def test_caffe_files_are_those_of_the_model(home: Path):
    made = artifact_for(format="caffe", weights="synthetic")
    assert made == home / "models" / MODEL / "synthetic" / f"{MODEL}-synthetic.prototxt"
    assert made.with_suffix(".caffemodel").is_file()
    for options in ({"head": "bins"}, {"mean": "inside"}, {"precision": "f16"}, {"batch": 4}):
        with pytest.raises(UsageFault) as caught:
            artifact_for(format="caffe", weights="synthetic", **options)
        assert caught.value.code == "CTK604"


def test_the_key_tells_every_option_apart(home: Path, conversions: list[str]):
    keys = set()
    for wanted in (
        {}, {"head": "bins"}, {"mean": "inside"}, {"opset": 17}, {"precision": "f16"},
        {"batch": 4}, {"batch": "dynamic"},
    ):  # fmt: skip
        options = on_demand.ConvertOptions(weights="synthetic", **wanted)
        keys.add(on_demand._key(on_demand.model_card(MODEL), "onnx", options))
    keys.add(
        on_demand._key(on_demand.model_card(MODEL), "openvino", on_demand.ConvertOptions(weights="synthetic"))
    )
    assert len(keys) == 8
    assert None not in keys
    assert conversions == []


def test_synthetic_weights_are_warned_of_once_in_a_process(home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(on_demand, "_warned", set())
    with collected_warnings() as warnings:
        artifact_for(format="caffe")
        artifact_for(format="caffe")
    assert [text.partition(":")[0] for text in warnings] == [f"using synthetic weights for {MODEL}"]
    with collected_warnings() as warnings:
        artifact_for(format="caffe", weights="synthetic")
    assert warnings == []


def test_released_weights_are_taken_where_they_are_and_checked(home: Path):
    with pytest.raises(EnvironmentFailed) as absent:
        artifact_for(format="onnx", weights="released")
    assert absent.value.code == "CTK403"
    released = home / "models" / MODEL / "released" / f"{MODEL}.caffemodel"
    released.parent.mkdir()
    released.write_bytes(b"not the released ones")
    with pytest.raises(BadInput) as damaged:
        artifact_for(format="onnx")  # not asked for by name: they are simply there
    assert damaged.value.code == "CTK514"


def test_names_and_formats_that_do_not_exist(home: Path):
    for code, options in {
        "CTK603": {"model": "colorization-v3", "format": "onnx"},
        "CTK602": {"format": "keras"},
        "CTK604": {"format": "onnx", "precision": "i4", "weights": "synthetic"},
    }.items():
        with pytest.raises(UsageFault) as caught:
            artifact_for(**options)
        assert caught.value.code == code
    with pytest.raises(UsageFault, match="CTK603"):
        artifact_for(format="onnx", weights="stolen")
    assert not list((home / "artifacts").glob("*"))


ROUTE = '''
import shutil
from toolkit.artifact import Artifact, OutputFile, read_sidecar

class OnnxToTwin:
    """Copies the ONNX file, and leaves the sidecar to its caller."""

    def convert(self, request):
        (source,) = request.files
        target = type(source)(request.output) / "net.twin"
        shutil.copyfile(source, target)
        output = OutputFile(name="net.twin", sha256="0" * 64, size_bytes=target.stat().st_size)
        given = read_sidecar(source).model_copy(update={"format": "twin", "outputs": [output]})
        return Artifact(target, given)
'''


def test_a_route_of_a_stranger_goes_through_the_onnx_file_in_the_cache(
    home: Path, tmp_path: Path, conversions: list[str], monkeypatch: pytest.MonkeyPatch
):
    lay_distribution(
        tmp_path / "site",
        {"ctk.converters": {"onnx->twin": "twin_route:OnnxToTwin"}},
        modules={"twin_route": ROUTE},
    )
    on_path(tmp_path / "site", monkeypatch, "twin_route")
    twin = artifact_for(format="twin")
    middle = artifact_for(format="onnx")
    assert conversions == ["ab 13"]
    assert twin.name == "net.twin"
    assert twin.parent != middle.parent
    assert twin.read_bytes() == middle.read_bytes()
    assert artifact_for(format="twin") == twin


CHILD = """
import sys, time
from pathlib import Path
from converters.caffe_to_onnx import CaffeToOnnx
from converters.on_demand import artifact_for
convert = CaffeToOnnx.convert
def slow(self, request):
    Path(request.output, "half").write_text("x")
    print("filling", flush=True)
    time.sleep({seconds})
    Path(request.output, "half").unlink()
    return convert(self, request)
CaffeToOnnx.convert = slow
print(artifact_for(format="onnx", opset=14, weights="synthetic"), flush=True)
"""


def child(home: Path, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD.format(seconds=seconds)],
        env=environment(home), cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_two_processes_get_one_artifact_and_a_kill_leaves_nothing(home: Path, conversions: list[str]):
    killed = child(home, 60)
    assert killed.stdout is not None
    assert killed.stdout.readline() == "filling\n"
    assert len(list((home / "artifacts").glob(".tmp-*/half"))) == 1
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=30)
    both = [child(home, 0.5) for _ in range(2)]
    answers = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    printed = sorted(line for out, _ in answers for line in out.splitlines())
    assert printed[2] == "filling"  # once
    assert len(printed) == 3
    assert printed[0] == printed[1]
    made = Path(printed[0])
    onnx.checker.check_model(str(made))
    assert [path.name for path in (home / "artifacts").iterdir()] == [made.parent.name]
    assert artifact_for(format="onnx", opset=14, weights="synthetic") == made
    assert conversions == []


def test_progress_is_drawn_on_a_terminal_only(home: Path, tmp_path: Path):
    code = "from converters.on_demand import shown\nwith shown('a thing'): pass"
    ours, theirs = pty.openpty()
    settings = environment(home, {"TERM": "xterm", "COLUMNS": "100"})
    subprocess.run([sys.executable, "-c", code], stderr=theirs, env=settings, check=True, timeout=60)
    os.close(theirs)
    drawn = os.read(ours, 1 << 16)
    os.close(ours)
    assert b"making a thing" in drawn
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        timeout=60,
        env={**settings, "FORCE_COLOR": "1"},
    )
    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_model_is_loaded_by_its_name(home: Path, monkeypatch: pytest.MonkeyPatch, conversions: list[str]):
    import toolkit

    if "on-demand" not in plugins.members("ctk.artifacts"):
        point = plugins.EntryPoint("on-demand", "converters.on_demand:artifact_for", "ctk.artifacts")
        listed = plugins.members
        monkeypatch.setattr(
            plugins,
            "members",
            lambda group: {**listed(group), **({point.name: point} if group == point.group else {})},
        )
    with toolkit.load(MODEL, threads=1) as session:
        found = session.run({"data_l": np.zeros((1, 1, 224, 224), np.float32)})
    assert {name: array.shape for name, array in found.items()} == {"class8_ab": (1, 2, 56, 56)}
    assert conversions == ["ab 13"]
