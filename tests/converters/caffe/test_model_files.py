from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from converters.caffe.build import load_sources, read_net
from converters.caffe.caffemodel_writer import write_caffemodel
from converters.caffe.model_files import model_files, network_message, own_prototxt
from converters.caffe.prototxt import parse_prototxt, read_prototxt
from converters.caffe.schema import LayerParameter, NetParameter
from toolkit.errors import BadInput, EnvironmentFailed, UsageFault
from toolkit.hashing import sha256_file
from toolkit.messages import collected_warnings
from toolkit.models import card as cards
from toolkit.models.card import ModelCard, model_cards

OFFICIAL = Path(__file__).resolve().parents[4] / "shared" / "model" / "colorization_deploy_v2.prototxt"
MAIN = "colorization-v2-norebal"


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ctk-home")


@pytest.fixture
def home(shared_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that the tests of this file share, so that the 129 MB are written once."""
    monkeypatch.setenv("CTK_HOME", str(shared_home))
    return shared_home


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ModelCard, Path]:
    """A model whose released caffemodel is a small file that lies in the cache."""
    source = tmp_path / "released.caffemodel"
    with source.open("wb") as file:
        write_caffemodel(file, "LtoAB", [("conv", "Convolution", [np.ones(3, np.float32)])])
    card = model_cards()[MAIN]
    released = card.file("caffemodel").model_copy(
        update={"bytes": source.stat().st_size, "sha256": hashlib.sha256(source.read_bytes()).hexdigest()}
    )
    others = tuple(file for file in card.files if file.kind != "caffemodel")
    small = card.model_copy(update={"name": "small", "files": (released, *others)})
    monkeypatch.setattr(cards, "model_cards", lambda: {"small": small})
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "models" / "small" / "released"
    folder.mkdir(parents=True)
    target = folder / "small.caffemodel"
    source.rename(target)
    return small, target


def without_defaults(layer: LayerParameter) -> LayerParameter:
    """The fields that matter: no learning rates, no values that Caffe assumes anyway."""
    plain = LayerParameter()
    plain.CopyFrom(layer)
    plain.ClearField("param")
    if plain.HasField("batch_norm_param") and not plain.batch_norm_param.ListFields():
        plain.ClearField("batch_norm_param")
    for field, default in (("stride", 1), ("dilation", 1), ("pad", 0)):
        if list(getattr(plain.convolution_param, field)) == [default]:
            plain.convolution_param.ClearField(field)
    return plain


@pytest.mark.skipif(not OFFICIAL.exists(), reason="../shared/model is not here")
def test_own_network_is_the_official_one():
    official, own = read_prototxt(OFFICIAL).message, network_message()
    assert own.name == official.name
    assert len(own.layer) == len(official.layer) == 57
    for ours, theirs in zip(own.layer, official.layer, strict=True):
        assert without_defaults(ours) == without_defaults(theirs)


@pytest.mark.skipif(not OFFICIAL.exists(), reason="../shared/model is not here")
def test_own_prototxt_gives_the_same_net_as_the_official_one(home: Path):
    files = model_files(MAIN, "synthetic")
    nets = []
    for prototxt in (files.prototxt, OFFICIAL):
        with collected_warnings():
            nets.append(read_net(prototxt, load_sources(files.caffemodel)))
    own, official = nets
    assert (own.name, own.inputs, own.outputs) == (official.name, official.inputs, official.outputs)
    for ours, theirs in zip(own.layers, official.layers, strict=True):
        assert (ours.name, ours.type, ours.in_place) == (theirs.name, theirs.type, theirs.in_place)
        assert (ours.bottoms, ours.tops, ours.top_shapes) == (theirs.bottoms, theirs.tops, theirs.top_shapes)
        assert [(b.role, b.values.shape, b.origin) for b in ours.blobs] == [
            (b.role, b.values.shape, b.origin) for b in theirs.blobs
        ]


def test_own_prototxt_reads_back_as_the_network_it_renders():
    message: NetParameter = parse_prototxt(own_prototxt().encode(), "own").message
    assert message == network_message()


def test_synthetic_files_are_made_once_with_a_warning_unless_asked_for(home: Path):
    with collected_warnings() as warnings:
        files = model_files(MAIN)
    assert len(warnings) == 1
    assert "synthetic weights" in warnings[0]
    assert f"ctk fetch {MAIN}" in warnings[0]
    assert files.weights == "synthetic"
    made = [files.prototxt, files.caffemodel, files.coefficients]
    assert [path.name for path in made] == [
        f"{MAIN}-synthetic{end}" for end in (".prototxt", ".caffemodel", ".npy")
    ]
    assert len({path.parent for path in made}) == 1
    assert sha256_file(files.caffemodel) == model_cards()[MAIN].synthetic.sha256
    assert sha256_file(files.coefficients) == model_cards()[MAIN].file("coefficients").sha256
    before = [path.stat().st_mtime_ns for path in made]
    with collected_warnings() as warnings:
        assert model_files(MAIN, "synthetic") == files
    assert warnings == []
    assert [path.stat().st_mtime_ns for path in made] == before


def test_damaged_synthetic_files_are_made_again(home: Path):
    files = model_files(MAIN, "synthetic")
    with files.caffemodel.open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"damage")
    files.prototxt.write_text("name: 'other'")
    files.coefficients.unlink()
    again = model_files(MAIN, "synthetic")
    assert sha256_file(again.caffemodel) == model_cards()[MAIN].synthetic.sha256
    assert again.prototxt.read_text() == own_prototxt()
    assert sha256_file(again.coefficients) == model_cards()[MAIN].file("coefficients").sha256


def test_released_weights_are_used_when_they_are_there(small: tuple[ModelCard, Path]):
    with collected_warnings() as warnings:
        files = model_files("small")
    assert warnings == []
    assert (files.weights, files.caffemodel) == ("released", small[1])
    assert files.prototxt.read_text() == own_prototxt()
    assert sha256_file(files.coefficients) == model_cards()[MAIN].file("coefficients").sha256


@pytest.mark.skipif(not OFFICIAL.exists(), reason="../shared/model is not here")
def test_official_prototxt_beside_released_weights_is_kept(small: tuple[ModelCard, Path]):
    prototxt = small[1].with_suffix(".prototxt")
    prototxt.write_bytes(OFFICIAL.read_bytes())
    assert model_files("small").prototxt.read_bytes() == OFFICIAL.read_bytes()


def test_damaged_released_weights_are_refused_however_they_look(small: tuple[ModelCard, Path]):
    model_files("small")
    data = bytearray(small[1].read_bytes())
    data[-1] ^= 1
    small[1].write_bytes(data)
    os.utime(small[1], ns=(0, 0))
    with pytest.raises(BadInput) as caught:
        model_files("small")
    assert caught.value.code == "CTK514"
    assert "ctk fetch small" in caught.value.notes[0]


def test_released_weights_that_are_absent_cannot_be_insisted_on(home: Path):
    with pytest.raises(EnvironmentFailed) as caught:
        model_files(MAIN, "released")
    assert caught.value.code == "CTK403"
    assert any("--from FOLDER" in text for text in caught.value.notes)


@pytest.mark.parametrize("arguments", [("colorization",), (MAIN, "own")])
def test_unknown_names_are_usage(home: Path, arguments: tuple[str, ...]):
    with pytest.raises(UsageFault, match="CTK603"):
        model_files(*arguments)


def test_unusable_cache_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "file"))
    with pytest.raises(EnvironmentFailed, match="CTK409"):
        model_files(MAIN, "synthetic")
