"""`ctk convert` writes over nothing that is not its own, and takes odd names and numbers."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from caffe_samples import TWO_LAYERS, caffemodel, two_layer_weights, write_files
from command import assert_error, ctk, environment

from toolkit.app import main

FILES = ["net.prototxt", "net.caffemodel"]
LONG = "9" * 5000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path, TWO_LAYERS, caffemodel([("conv", "Convolution", two_layer_weights())]))
    np.save(tmp_path / "b.npy", np.zeros(2))
    return tmp_path


def run(folder: Path, words: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CTK_HOME", str(folder / "home"))
    return main(["convert", *words])


def test_foreign_sidecar_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch):
    sidecar = folder / "out.onnx.ctk.json"
    for foreign in ("mine", '{"schema": "other/1"}', "[]", "[" * 100_000):
        sidecar.write_text(foreign)
        assert_error(ctk("convert", *FILES, "-o", "out.onnx", cwd=folder), "CTK406", 4)
        assert sidecar.read_text() == foreign
        assert not (folder / "out.onnx").exists()
    assert run(folder, [*FILES, "-o", "out.onnx", "--force"], monkeypatch) == 0
    assert json.loads(sidecar.read_text())["schema"] == "ctk.artifact/1"
    assert run(folder, [*FILES, "-o", "out.onnx"], monkeypatch) == 0
    sidecar.write_text('{"schema": "ctk.artifact/0", "of": "an older ctk"}')
    assert run(folder, [*FILES, "-o", "out.onnx"], monkeypatch) == 0


@pytest.mark.parametrize(
    "report",
    ["out.onnx", "./out.onnx", "out.onnx.ctk.json", "net.prototxt", "link", "net.caffemodel", "b.npy"],
)
def test_report_over_one_of_the_conversions_files(folder: Path, report: str):
    (folder / "link").symlink_to("net.prototxt")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    words = [*FILES, "--attach", "conv:1=b.npy", "-o", "out.onnx", "--json", report]
    line = assert_error(ctk("convert", *words, cwd=folder), "CTK601", 64)
    assert f"--json {Path(report)} is " in line
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("name", ["...prototxt", "..prototxt", "....prototxt"])
def test_stem_of_dots_stays_in_the_folder(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch):
    (folder / FILES[0]).rename(folder / name)
    assert run(folder, [name, FILES[1]], monkeypatch) == 0
    assert (folder / "ctk-out" / "network" / "onnx" / "network.onnx").is_file()


def test_names_that_are_not_utf8(folder: Path):
    names = [os.fsdecode(b"n\xff.prototxt"), os.fsdecode(b"w\xfe.caffemodel"), os.fsdecode(b"b\xfd.npy")]
    for old, new in zip([*FILES, "b.npy"], names, strict=True):
        (folder / old).rename(folder / new)
    done = ctk("convert", *names[:2], "--attach", f"conv:1={names[2]}", "--json", "-", cwd=folder)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [source["name"] for source in document["sources"]] == [
        r"n\xff.prototxt", r"w\xfe.caffemodel", r"b\xfd.npy"
    ]  # fmt: skip
    assert document["outputs"][0]["name"] == r"n\xff.onnx"
    assert document["options"]["attach"] == {"conv:1": r"b\xfd.npy"}
    made = b"ctk-out/n\xff/onnx/n\xff.onnx"
    assert os.path.exists(os.path.join(os.fsencode(folder), made))  # noqa: PTH110, PTH118 - bytes


def test_control_characters_are_shown_as_escapes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (folder / FILES[0]).write_text(TWO_LAYERS.replace('top: "conv"', r'top: "c\033[31m"').replace(
        'bottom: "conv"', r'bottom: "c\033[31m"'))  # fmt: skip
    assert run(folder, [*FILES, "-o", "a\x1bb\n.onnx"], monkeypatch) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert said.startswith(r"a\x1bb\n.onnx  ")
    assert r"-> c\x1b[31m 1x2x5x6" in said


@pytest.mark.parametrize(
    "words",
    [
        ["--batch", LONG],
        ["--input-shape", f"data:{LONG},3,5,6"],
        ["--attach", f"conv:{LONG}=b.npy"],
        ["--opset", LONG],
        ["--attach", "conv=b.npy", "--attach", "conv:0=b.npy"],
        ["--attach", "conv:1=b.npy", "--attach", "conv:1=b.npy"],
        ["--onnx", "other.onnx"],
        ["--weights", "synthetic"],
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_usage(
    folder: Path,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    assert run(folder, [*FILES, *words, "-o", "out.onnx"], monkeypatch) == 64
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: CTK601 ")
    assert not (folder / "out.onnx").exists()


def test_one_target_said_twice(folder: Path, monkeypatch: pytest.MonkeyPatch):
    assert run(folder, [*FILES, "-o", "out.onnx", "--onnx", "./out.onnx"], monkeypatch) == 0


def bash(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line],
        cwd=cwd,
        env=environment(cwd / "home"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("conversion", ["caffe->onnx", "caffe->ONNX", "CAFFE->Onnx"])
def test_unquoted_conversion_and_an_option_that_does_not_exist(folder: Path, conversion: str):
    before = set(os.listdir(folder))  # noqa: PTH208
    done = bash(f"ctk convert {conversion} -q --bogus", folder)
    assert_error(done, "CTK601", 64)
    assert set(os.listdir(folder)) == before  # noqa: PTH208


def test_unquoted_conversion_in_capitals(folder: Path):
    done = bash("ctk convert caffe->ONNX net.prototxt net.caffemodel -o out.onnx", folder)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "data 1x3x5x6 -> conv 1x2x5x6" in done.stderr
    assert (folder / "out.onnx").is_file()
    assert not (folder / "ONNX").exists()


def test_unquoted_conversion_and_help(folder: Path):
    done = bash("ctk convert caffe->onnx --help", folder)
    assert done.returncode == 0
    assert "--opset" in done.stderr
    assert not (folder / "onnx").exists()


def test_value_of_an_option_is_no_conversion(folder: Path):
    done = bash("ctk convert net.prototxt net.caffemodel -o caffe- > onnx", folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "onnx").read_text().startswith("caffe-  ")


def test_model_of_a_card_ends_at_ab(main_home: Path, main_onnx: Path, tmp_path: Path):
    """Named or not, the head is the same, to the byte; every head accounts for all of the 57 layers."""
    said = {}
    for head in ("ab", "bins"):
        words = ["caffe:onnx", "--weights", "synthetic", "--head", head, "-o", f"{head}.onnx", "--json", "-"]
        done = ctk("convert", *words, cwd=tmp_path, home=main_home)
        assert done.returncode == 0, done.stderr
        said[head] = json.loads(done.stdout)
    assert (tmp_path / "ab.onnx").read_bytes() == main_onnx.read_bytes()
    assert said["ab"]["head"] == "ab"
    totals = {
        head: [document["ledger"][f"layers_{fate}"] for fate in ("total", "converted", "folded", "dropped")]
        for head, document in said.items()
    }
    assert totals == {"ab": [57, 56, 0, 1], "bins": [57, 55, 0, 2]}
    (hush,) = [layer for layer in said["ab"]["ledger"]["layers"] if layer["fate"] == "dropped"]
    assert (hush["type"], "computes nothing" in hush["reason"]) == ("Silence", True)
    lost = {i["layer"]: i["reason"] for i in said["bins"]["ledger"]["layers"] if i["fate"] == "dropped"}
    assert lost["class8_ab"] == "not needed for the outputs of the cut"
