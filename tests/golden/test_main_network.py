"""The main network at its real size, against what the original Caffe computed for it."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from command import ctk
from numpy.typing import NDArray
from onnx_samples import every_value_an_output, run_onnx

import converters
from converters.caffe.build import load_sources, read_net
from converters.caffe.network import Net
from converters.caffe.reference import iterate_reference, run_reference
from toolkit.messages import collected_warnings

HERE = Path(__file__).resolve().parent
GOLDEN = HERE / "colorization_v2_norebal"
OFFICIAL = HERE.parents[2] / "shared" / "model" / "colorization_deploy_v2.prototxt"
MODEL = Path("models/colorization-v2-norebal/synthetic/colorization-v2-norebal-synthetic")
PICTURES = ("gradient", "astronaut", "coffee")
# Checked in every run: one picture; the others in the long one.
LONG = [
    pytest.param(name, marks=() if name == PICTURES[0] else pytest.mark.slow, id=name) for name in PICTURES
]


class Probes:
    """Recorded values of every blob right after each layer ran; see README.md."""

    def __init__(self) -> None:
        with np.load(GOLDEN / "probes.npz", allow_pickle=False) as file:
            rows = [str(row).split("|") for row in file["order"]]
            self.pictures = [str(name) for name in file["inputs"]]
            self.index, self.value, self.stats = file["index"], file["value"], file["stats"]
        last = {top: i for i, (_, _, top) in enumerate(rows)}
        # A blob's last value bears its name, one that an in-place layer overwrites that of its layer too.
        self.names = [top if last[top] == i else f"{top}@{layer}" for i, (_, layer, top) in enumerate(rows)]

    def error(self, row: int, picture: str, array: NDArray[Any]) -> float:
        """Largest difference at the probed places, as a part of the blob's largest value."""
        k = self.pictures.index(picture)
        found = array.reshape(-1)[self.index[row]].astype(np.float64)
        return float(np.abs(found - self.value[k, row]).max() / self.stats[k, row, 2])


@pytest.fixture(scope="module")
def probes() -> Probes:
    return Probes()


@pytest.fixture(scope="module")
def pictures() -> dict[str, NDArray[np.float32]]:
    with np.load(GOLDEN / "inputs.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def wanted() -> dict[str, NDArray[np.float32]]:
    with np.load(GOLDEN / "outputs.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def net(main_home: Path) -> Net:
    with collected_warnings():
        return read_net(
            main_home / MODEL.with_suffix(".prototxt"),
            load_sources(main_home / MODEL.with_suffix(".caffemodel")),
        )


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def assert_close(found: NDArray[Any], reference: NDArray[Any]) -> None:
    """Within 1e-4 of the largest value."""
    assert found.shape == reference.shape
    assert np.abs(found.astype(np.float64) - reference).max() <= 1e-4 * np.abs(reference).max()


def test_golden_check_passes(main_onnx: Path, capsys: pytest.CaptureFixture[str]):
    spec = importlib.util.spec_from_file_location("check_cases_of_main", HERE / "check_cases.py")
    assert spec is not None
    assert spec.loader is not None
    checker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(checker)
    assert checker.check_main(str(main_onnx), str(HERE)) == 0
    assert capsys.readouterr().out.count(" pass ") == 3


def test_every_probe_of_every_blob_in_onnxruntime(
    main_onnx: Path, probes: Probes, pictures: dict[str, NDArray[np.float32]]
):
    model = every_value_an_output(main_onnx)
    for picture in PICTURES:
        made = {"data_l": pictures[picture], **run_onnx(model, {"data_l": pictures[picture]})}
        errors = {name: probes.error(row, picture, made[name]) for row, name in enumerate(probes.names)}
        assert max(errors.values()) <= 1e-4, errors


@pytest.mark.parametrize("picture", LONG)
def test_every_probe_of_every_blob_in_the_oracle(
    picture: str, net: Net, probes: Probes, pictures: dict[str, NDArray[np.float32]]
):
    errors = {}
    for row, (name, array) in enumerate(iterate_reference(net, {"data_l": pictures[picture]})):
        assert name == probes.names[row]
        errors[name] = probes.error(row, picture, array)
    assert len(errors) == len(probes.names) == 56
    lines = [f"{picture} {name}: {error:.2e} of the largest value" for name, error in errors.items()]
    sys.stdout.write("\n".join(lines) + "\n")  # shown by pytest -s: the oracle's largest error per blob
    assert max(errors.values()) <= 1e-4, errors


@pytest.mark.skipif(not OFFICIAL.exists(), reason="the official prototxt is not in ../shared/model")
def test_official_prototxt_gives_the_same_graph(main_onnx: Path, main_home: Path, tmp_path: Path):
    caffemodel = main_home / MODEL.with_suffix(".caffemodel")
    done = ctk("convert", OFFICIAL, caffemodel, "--to", "onnx", "-o", "x.onnx", cwd=tmp_path, home=main_home)
    assert done.returncode == 0, done.stderr
    ours, official = onnx.load(main_onnx).graph, onnx.load(tmp_path / "x.onnx").graph
    assert list(ours.node) == list(official.node)
    assert list(ours.input) == list(official.input)
    assert list(ours.output) == list(official.output)
    assert list(ours.initializer) == list(official.initializer)


def test_same_input_gives_the_same_bytes(main_onnx: Path, main_home: Path, tmp_path: Path):
    done = ctk(
        "convert", "caffe2onnx", "--weights", "synthetic", "-o", "again.onnx", cwd=tmp_path, home=main_home
    )
    assert done.returncode == 0, done.stderr
    assert sha256(tmp_path / "again.onnx") == sha256(main_onnx)


def convert(home: Path, monkeypatch: pytest.MonkeyPatch, target: Path, **options: Any) -> Path:
    monkeypatch.setenv("CTK_HOME", str(home))
    asked = converters.ConvertOptions(weights="synthetic", **options)
    with collected_warnings():
        return converters.convert(output=target, options=asked).path


def test_head_bins_gives_the_probabilities(
    main_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    probes: Probes,
    pictures: dict[str, NDArray[np.float32]],
):
    path = convert(main_home, monkeypatch, tmp_path / "bins.onnx", head="bins")
    made = run_onnx(path, {"data_l": pictures["coffee"]})
    assert list(made) == ["class8_313_rh"]
    assert made["class8_313_rh"].shape == (1, 313, 56, 56)
    assert probes.error(probes.names.index("class8_313_rh"), "coffee", made["class8_313_rh"]) <= 1e-4
    assert np.allclose(made["class8_313_rh"].sum(axis=1), 1, atol=1e-5)


def test_mean_inside_takes_l_itself(
    main_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pictures: dict[str, NDArray[np.float32]],
    wanted: dict[str, NDArray[np.float32]],
):
    path = convert(main_home, monkeypatch, tmp_path / "inside.onnx", mean="inside")
    made = run_onnx(path, {"data_l": pictures["astronaut"] + np.float32(50)})
    assert_close(made["class8_ab"], wanted["astronaut"])


def test_dynamic_batch_takes_three_pictures(
    main_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pictures: dict[str, NDArray[np.float32]],
    wanted: dict[str, NDArray[np.float32]],
):
    path = convert(main_home, monkeypatch, tmp_path / "batch.onnx", batch="dynamic")
    (shape,) = [info.type.tensor_type.shape for info in onnx.load(path).graph.input]
    assert [dim.dim_param or dim.dim_value for dim in shape.dim] == ["batch", 1, 224, 224]
    made = run_onnx(path, {"data_l": np.concatenate([pictures[name] for name in PICTURES])})
    assert_close(made["class8_ab"], np.concatenate([wanted[name] for name in PICTURES]))


def test_dynamic_size_agrees_with_the_oracle(
    main_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, net: Net
):
    path = convert(main_home, monkeypatch, tmp_path / "size.onnx", input_shape={"data_l": (1, 1, -1, -1)})
    picture = np.random.default_rng(3).uniform(-50, 50, (1, 1, 256, 176)).astype(np.float32)
    made = run_onnx(path, {"data_l": picture})["class8_ab"]
    assert made.shape == (1, 2, 64, 44)
    assert_close(made, run_reference(net, {"data_l": picture})["class8_ab"])


@pytest.mark.parametrize("opset", range(11, 22))
def test_every_opset_agrees_with_caffe(opset: int, tmp_path: Path):
    case = HERE / "cases" / "real_color_mini"
    options = converters.ConvertOptions(opset=opset)
    with collected_warnings():
        path = converters.convert(
            [case / "deploy.prototxt", case / "weights.caffemodel"],
            output=tmp_path / "mini.onnx",
            options=options,
        ).path
    assert onnx.load(path).opset_import[0].version == opset
    onnx.checker.check_model(str(path), full_check=True)
    with np.load(case / "inputs.npz") as inputs, np.load(case / "outputs.npz") as outputs:
        made = run_onnx(path, dict(inputs))
        for name in outputs.files:
            assert_close(made[name], outputs[name])
