"""Runs when a person sets CTK_RELEASED=FOLDER, a folder with the files as the authors released them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from converters.caffe.model_files import model_files
from toolkit.app import main
from toolkit.hashing import sha256_file
from toolkit.messages import collected_warnings
from toolkit.models.card import ModelCard, model_cards, weights_kind

FOLDER = Path(os.environ.get("CTK_RELEASED") or "CTK_RELEASED-is-not-set")
pytestmark = pytest.mark.skipif(not os.environ.get("CTK_RELEASED"), reason="CTK_RELEASED=FOLDER is not set")


def present() -> list[ModelCard]:
    return [card for card in model_cards().values() if (FOLDER / card.file("caffemodel").file_name).exists()]


def test_folder_has_the_weights_of_a_model():
    assert present(), f"none of the released caffemodels is in {FOLDER}"


@pytest.mark.parametrize("card", model_cards().values(), ids=lambda card: card.name)
def test_released_files_are_those_of_the_card(card: ModelCard):
    if card not in present():
        pytest.skip(f"{card.file('caffemodel').file_name} is not in CTK_RELEASED")
    for file in card.files:
        path = FOLDER / file.file_name
        if path.exists():
            assert path.stat().st_size == file.bytes
            assert sha256_file(path) == file.sha256


@pytest.mark.parametrize("card", model_cards().values(), ids=lambda card: card.name)
def test_released_weights_are_taken_and_used(
    card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    if card not in present():
        pytest.skip(f"{card.file('caffemodel').file_name} is not in CTK_RELEASED")
    monkeypatch.setenv("CTK_HOME", str(tmp_path))
    assert main(["fetch", card.name, "--from", str(FOLDER)]) == 0
    with collected_warnings() as warnings:
        files = model_files(card.name)
    assert warnings == []
    assert files.weights == "released"
    assert weights_kind(sha256_file(files.caffemodel)) == "released"
