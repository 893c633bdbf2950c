"""`ctk fetch` from end to end, against a server on the loopback."""

from __future__ import annotations

import functools
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from converters.caffe.caffemodel_writer import write_caffemodel
from toolkit.app import main
from toolkit.models import card as cards
from toolkit.models.card import ModelCard, model_cards

Capture = pytest.CaptureFixture[str]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address under which its files are served."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def model(tmp_path: Path, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """A model with a small caffemodel, served at the second of its two addresses."""
    folder, address = site
    with (folder / "weights.caffemodel").open("wb") as file:
        write_caffemodel(file, "LtoAB", [("conv", "Convolution", [np.arange(50_000, dtype=np.float32)])])
    data = (folder / "weights.caffemodel").read_bytes()
    main_card = model_cards()["colorization-v2-norebal"]
    released = main_card.file("caffemodel").model_copy(
        update={
            "file_name": "weights.caffemodel", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest(),
            "addresses": (f"{address}/gone.caffemodel", f"{address}/weights.caffemodel"),
        }
    )  # fmt: skip
    others = tuple(
        file.model_copy(update={"addresses": (f"{address}/{file.file_name}",)})
        for file in main_card.files
        if file.kind != "caffemodel"
    )
    small = main_card.model_copy(update={"name": "small", "files": (released, *others)})
    monkeypatch.setattr(cards, "model_cards", lambda: {"small": small})
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return small


def released(tmp_path: Path) -> Path:
    return tmp_path / "home" / "models" / "small" / "released"


def test_fetch_downloads_weights_and_derives_the_rest(model: ModelCard, tmp_path: Path, capsys: Capture):
    assert main(["fetch", "small", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "ctk.fetch/1"
    assert [(file["kind"], file["status"]) for file in document["files"]] == [
        ("caffemodel", "fetched"), ("prototxt", "derived"), ("coefficients", "derived"),
    ]  # fmt: skip
    weights = document["files"][0]
    assert weights["source"] == model.file("caffemodel").addresses[1]
    assert [attempt["code"] for attempt in weights["attempts"]] == ["CTK403"]
    for file in document["files"]:
        assert hashlib.sha256(Path(file["path"]).read_bytes()).hexdigest() == file["sha256"]
        assert Path(file["path"]).parent == released(tmp_path)
    assert document["files"][2]["sha256"] == model.file("coefficients").sha256


def test_second_fetch_finds_everything_present(model: ModelCard, site: tuple[Path, str], capsys: Capture):
    assert main(["fetch", "small"]) == 0
    (site[0] / "weights.caffemodel").unlink()
    capsys.readouterr()
    assert main(["fetch", "small"]) == 0
    assert "present  caffemodel" in capsys.readouterr().out


def test_all_addresses_dead_is_exit_4_with_instructions(
    model: ModelCard, site: tuple[Path, str], tmp_path: Path, capsys: Capture
):
    (site[0] / "weights.caffemodel").write_bytes(b"<!doctype html><html>gone</html>")
    assert main(["fetch", "small"]) == 4
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert lines[0] == "error: CTK403 no address gave weights.caffemodel"
    assert all(line.startswith("note: ") for line in lines[1:])
    assert "404" in lines[1]
    assert "HTML page" in lines[2]
    assert "ctk fetch small --from FOLDER" in captured.err
    assert model.file("caffemodel").sha256 in captured.err
    assert captured.out == ""
    assert not released(tmp_path).exists()


def test_failure_is_in_the_document_too(model: ModelCard, site: tuple[Path, str], capsys: Capture):
    (site[0] / "weights.caffemodel").unlink()
    assert main(["fetch", "small", "--json", "-"]) == 4
    document = json.loads(capsys.readouterr().out)
    assert document["files"][0]["status"] == "failed"
    assert len(document["files"][0]["attempts"]) == 2


@pytest.mark.parametrize("name", ["weights.caffemodel", "renamed.bin"])
def test_files_at_hand_are_copied_in(model: ModelCard, site: tuple[Path, str], tmp_path: Path, name: str):
    mine = tmp_path / "mine"
    mine.mkdir()
    (site[0] / "weights.caffemodel").rename(mine / name)
    (mine / "other.txt").write_text("nothing")
    assert main(["fetch", "small", "--from", str(mine)]) == 0
    data = (released(tmp_path) / "small.caffemodel").read_bytes()
    assert hashlib.sha256(data).hexdigest() == model.file("caffemodel").sha256
    assert (mine / name).exists()


def test_file_named_directly_is_copied_in(model: ModelCard, site: tuple[Path, str], tmp_path: Path):
    assert main(["fetch", "small", "--from", str(site[0] / "weights.caffemodel")]) == 0
    assert (released(tmp_path) / "small.caffemodel").exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "CTK501"),
        (b"", "CTK502"),
        (b"<html></html>", "CTK502"),
        (b"version https://git-lfs.github.com/spec/v1\n", "CTK502"),
        (b"\x0a\x05LtoAB", "CTK514"),
        (b"\x0a\x05LtoAB" + bytes(300_000), "CTK514"),
    ],
)
def test_wrong_files_at_hand_are_refused(
    model: ModelCard, tmp_path: Path, capsys: Capture, content: bytes | None, code: str
):
    mine = tmp_path / "mine"
    mine.mkdir()
    if content is not None:
        (mine / "weights.caffemodel").write_bytes(content)
    assert main(["fetch", "small", "--from", str(mine)]) == 5
    assert capsys.readouterr().err.startswith(f"error: {code} ")
    assert not released(tmp_path).exists()


def test_altered_file_of_the_right_size_is_refused(model: ModelCard, site: tuple[Path, str], capsys: Capture):
    path = site[0] / "weights.caffemodel"
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    assert main(["fetch", "small", "--from", str(site[0])]) == 5
    assert "CTK514" in capsys.readouterr().err


def test_dry_run_prints_the_plan_and_writes_nothing(model: ModelCard, tmp_path: Path, capsys: Capture):
    assert main(["fetch", "small", "--official", "--dry-run"]) == 0
    out = capsys.readouterr().out
    for file in model.files:
        assert all(address in out for address in file.addresses)
    assert not (tmp_path / "home").exists()


def test_another_mirror_is_tried_first(model: ModelCard, site: tuple[Path, str], capsys: Capture):
    (site[0] / "mirror").mkdir()
    (site[0] / "weights.caffemodel").rename(site[0] / "mirror" / "w")
    mirror = f"{site[1]}/mirror/w"
    assert main(["fetch", "small", "--address", f"caffemodel={mirror}", "--json", "-"]) == 0
    weights = json.loads(capsys.readouterr().out)["files"][0]
    assert (weights["source"], weights["attempts"]) == (mirror, [])


def test_official_files_are_fetched_and_checked_when_asked_for(
    model: ModelCard, site: tuple[Path, str], tmp_path: Path, capsys: Capture
):
    from toolkit.colour.coefficients import coefficients_npy_bytes

    (site[0] / "pts_in_hull.npy").write_bytes(coefficients_npy_bytes())
    (site[0] / "colorization_deploy_v2.prototxt").write_text("name: 'not the official one'")
    assert main(["fetch", "small", "--official", "--json", "-"]) == 4
    captured = capsys.readouterr()
    files = {file["kind"]: file["status"] for file in json.loads(captured.out)["files"]}
    assert files == {"caffemodel": "fetched", "prototxt": "failed", "coefficients": "fetched"}
    assert "no address gave colorization_deploy_v2.prototxt" in captured.err


@pytest.mark.parametrize(
    "words",
    [
        ["--address", "caffemodel"], ["--address", "weights=http://x"], ["--address", "caffemodel=ftp://x/y"],
        ["--from", ".", "--address", "caffemodel=http://x/y"],
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_usage(model: ModelCard, words: list[str], capsys: Capture):
    assert main(["fetch", "small", *words]) == 64
    assert "CTK601" in capsys.readouterr().err


def test_unknown_model_is_usage(capsys: Capture):
    assert main(["fetch", "colorization-v9"]) == 64
    assert "CTK603" in capsys.readouterr().err
