from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolkit.errors import UsageFault
from toolkit.models.card import model_card, model_cards, weights_kind
from toolkit.models.main_model import MAIN_MODEL

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "colorization_v2_norebal" / "golden.json"


def test_cards_are_named_after_their_files_and_complete():
    cards = model_cards()
    assert list(cards) == ["colorization-v2-norebal", "colorization-v2"]
    assert next(iter(cards)) == MAIN_MODEL
    for name, card in cards.items():
        assert card.name == name
        assert card.licence == "BSD-2-Clause"
        assert sorted(file.kind for file in card.files) == ["caffemodel", "coefficients", "prototxt"]
        assert all(file.addresses for file in card.files)
        assert all(a.startswith(("http://", "https://")) for file in card.files for a in file.addresses)
        assert card.heads["ab"].shape == (1, 2, 56, 56)
        assert card.heads["bins"].shape == (1, 313, 56, 56)


def test_caffemodels_of_the_two_cards_differ():
    assert len({card.file("caffemodel").sha256 for card in model_cards().values()}) == 2


def test_unknown_model_suggests_the_nearest():
    with pytest.raises(UsageFault) as caught:
        model_card("colorization-v2-norebel")
    assert caught.value.code == "CTK603"
    assert caught.value.notes == ("did you mean 'colorization-v2-norebal'?",)


def test_weights_kind_is_told_by_hash():
    golden = json.loads(GOLDEN.read_text())
    assert weights_kind(golden["caffemodel_sha256"]) == "synthetic"
    # The released files' hashes, as Open Model Zoo and LearnOpenCV pin them.
    assert weights_kind("6ab42a7fa853eb7ca822b9a0a2997a08a29c819c985c3e70b460c6be9c8b2159") == "released"
    assert weights_kind("f5af1e602646328c792e1094f9876fe9cd4c09ac46fa886e5708a1abc89137b1") == "released"
    assert weights_kind("0" * 64) == "own"


def test_synthetic_facts_are_those_of_the_golden_file():
    golden = json.loads(GOLDEN.read_text())
    for card in model_cards().values():
        assert card.synthetic.bytes == golden["caffemodel_bytes"]
        assert card.synthetic.sha256 == golden["caffemodel_sha256"]
