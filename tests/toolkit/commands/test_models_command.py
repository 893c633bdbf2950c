from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolkit.app import main


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTK_HOME", str(tmp_path))


def test_list_has_one_line_for_each_model(capsys: pytest.CaptureFixture[str]):
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["model", "colorization-v2-norebal", "colorization-v2"]
    assert all("BSD-2-Clause" in line and "1×2×56×56" in line for line in lines[1:])


def test_one_model_is_shown_whole(capsys: pytest.CaptureFixture[str]):
    assert main(["models", "colorization-v2"]) == 0
    out = capsys.readouterr().out
    for fact in (
        "f5af1e602646328c792e1094f9876fe9cd4c09ac46fa886e5708a1abc89137b1",
        "128946764",
        "class8_313_rh",
    ):
        assert fact in out


def test_document_tells_which_weights_are_at_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "models" / "colorization-v2" / "released"
    folder.mkdir(parents=True)
    with (folder / "colorization-v2.caffemodel").open("wb") as file:
        file.truncate(128_946_764)  # sparse: the list looks at sizes only
    assert main(["models", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "ctk.models/1"
    at_hand = {model["name"]: [w["weights"] for w in model["in_cache"]] for model in document["models"]}
    assert at_hand == {"colorization-v2-norebal": [], "colorization-v2": ["released"]}


def test_unknown_model_is_usage(capsys: pytest.CaptureFixture[str]):
    assert main(["models", "colorization-v3"]) == 64
    err = capsys.readouterr().err
    assert err.startswith("error: CTK603 ")
    assert "did you mean" in err
