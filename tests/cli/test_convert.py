"""`ctk convert` as a user types it: every spelling of DESIGN §4, and what its options print and write."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from caffe_samples import TWO_LAYERS, caffemodel, two_layer_weights, write_files
from command import assert_error, ctk, environment
from onnx_samples import initializers, run_onnx

from toolkit.app import main

FILES = ("net.prototxt", "net.caffemodel")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_files(tmp_path, TWO_LAYERS, caffemodel([("conv", "Convolution", two_layer_weights())]))
    return tmp_path


def check_model(path: Path) -> None:
    onnx.checker.check_model(str(path), full_check=True)
    assert list(run_onnx(path, {"data": np.ones((1, 3, 5, 6))})) == ["conv"]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {*FILES}


@pytest.mark.parametrize(
    "words",
    [
        ["caffe->onnx", *FILES],
        [*FILES, "caffe:onnx"],
        ["caffe2onnx", *FILES],
        ["Caffe=>ONNX", *FILES],
        ["--from", "caffe", "--to", "onnx", *FILES],
        [*FILES, "--to", "onnx"],
        [*FILES],
        [*FILES[::-1]],
        ["--prototxt", FILES[0], "--caffemodel", FILES[1]],
    ],
    ids=" ".join,
)
def test_every_spelling_means_the_same(folder: Path, words: list[str]):
    done = ctk("convert", *words, "-o", "out.onnx", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    check_model(folder / "out.onnx")
    assert names(folder) == {"out.onnx", "out.onnx.ctk.json"}
    assert "data 1x3x5x6 -> conv 1x2x5x6" in done.stdout
    assert "parameters: 56 = 56 kept + 0 folded" in done.stdout


def test_option_of_caffe2onnx_names_the_target(folder: Path):
    done = ctk(
        "convert", "--prototxt", FILES[0], "--caffemodel", FILES[1], "--onnx", "there.onnx", cwd=folder
    )
    assert done.returncode == 0
    check_model(folder / "there.onnx")


def test_formats_are_told_by_content(folder: Path):
    for old, new in zip(FILES, ("a", "b.txt"), strict=True):
        (folder / old).rename(folder / new)
    done = ctk("convert", "b.txt", "a", "-o", "out.onnx", cwd=folder)
    assert done.returncode == 0, done.stderr
    check_model(folder / "out.onnx")


def test_default_place_and_folders(folder: Path):
    assert ctk("convert", *FILES, cwd=folder).returncode == 0
    check_model(folder / "ctk-out" / "net" / "onnx" / "net.onnx")
    assert ctk("convert", *FILES, "-o", "made/", cwd=folder).returncode == 0
    check_model(folder / "made" / "net.onnx")
    (folder / "there").mkdir()
    assert ctk("convert", *FILES, "-o", "there", "--head", "ab", "--cut", "x", cwd=folder).returncode == 64
    assert ctk("convert", *FILES, "-o", "there", cwd=folder).returncode == 0
    check_model(folder / "there" / "net.onnx")


def bash(line: str, cwd: Path, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line],
        cwd=cwd,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    "order", ["caffe->onnx net.prototxt net.caffemodel", "net.prototxt net.caffemodel caffe->onnx"]
)
def test_unquoted_conversion_in_a_real_shell(folder: Path, order: str):
    done = bash(f"ctk convert {order}", folder, folder / "home")
    assert done.returncode == 0, done.stderr
    assert names(folder) == {"ctk-out"}
    assert done.stdout == ""
    assert "data 1x3x5x6 -> conv 1x2x5x6" in done.stderr
    check_model(folder / "ctk-out" / "net" / "onnx" / "net.onnx")


def test_unquoted_conversion_that_fails_leaves_no_file_either(folder: Path):
    done = bash("ctk convert caffe->onnx net.prototxt", folder, folder / "home")
    assert done.returncode == 5
    assert names(folder) == set()


def test_unquoted_conversion_and_json_on_standard_output(folder: Path):
    done = bash("ctk convert caffe->onnx net.prototxt --json -", folder, folder / "home")
    assert_error(done, "CTK601", 64)
    assert "quote it" in done.stderr


def test_what_somebody_appends_to_is_kept(folder: Path):
    (folder / "onnx").write_text("mine\n")
    done = bash("ctk convert caffe->>onnx net.prototxt net.caffemodel", folder, folder / "home")
    assert done.returncode == 0, done.stderr
    assert (folder / "onnx").read_text() == "mine\n"


@pytest.mark.parametrize(
    "line", ["ctk convert caffe- net.prototxt", "ctk convert caffe- net.prototxt > elsewhere"]
)
def test_half_a_conversion_without_a_redirection_is_usage(folder: Path, line: str):
    done = bash(line, folder, folder / "home")
    assert_error(done, "CTK602", 64)


def test_plain_unquoted_form_makes_the_main_model(main_home: Path, tmp_path: Path):
    done = bash("ctk convert caffe->onnx", tmp_path, main_home)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["ctk-out"]
    made = tmp_path / "ctk-out/colorization-v2-norebal/onnx/colorization-v2-norebal-synthetic.onnx"
    onnx.checker.check_model(str(made), full_check=True)
    assert "data_l 1x1x224x224 -> class8_ab 1x2x56x56" in done.stderr
    lines = done.stderr.splitlines()
    assert sum(line.startswith("warning: using synthetic weights") for line in lines) == 1
    assert sum(line.startswith("warning: layer 'conv8_313_rh'") for line in lines) == 1
    document = json.loads((made.parent / f"{made.name}.ctk.json").read_text())
    assert document["weights"] == "synthetic"
    # 32,235,385 parameters (issue 3), from which these are told apart: BatchNorm's seven factors, the Scale's
    # 313 numbers and the reattached layer's 2 x 313 + 2.
    assert document["ledger"]["elements_total"] == 32_235_385 + 7 + 313 + 628
    assert document["ledger"]["elements_folded"] == 7
    held = sum(
        item.size for name, item in initializers(made).items() if not name.endswith((".gamma", ".beta"))
    )
    assert held == 32_235_385 + 313 + 628
    again = bash("ctk convert caffe->onnx", tmp_path, main_home)  # our own output is replaced without asking
    assert again.returncode == 0, again.stderr


def test_json_on_standard_output_is_one_document(folder: Path):
    done = ctk("convert", *FILES, "-o", "out.onnx", "--json", "-", cwd=folder)
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["schema"] == "ctk.artifact/1"
    assert document == json.loads((folder / "out.onnx.ctk.json").read_text())
    assert {s["kind"]: s["name"] for s in document["sources"]} == {
        "prototxt": FILES[0],
        "caffemodel": FILES[1],
    }
    assert document["inputs"] == [{"name": "data", "dims": [1, 3, 5, 6], "dtype": "float32"}]
    assert "out.onnx" in done.stderr


def test_json_into_a_file(folder: Path):
    assert ctk("convert", *FILES, "-o", "out.onnx", "--json", "report.json", cwd=folder).returncode == 0
    assert json.loads((folder / "report.json").read_text()) == json.loads(
        (folder / "out.onnx.ctk.json").read_text()
    )


def test_provenance_is_inside_too(folder: Path):
    assert ctk("convert", *FILES, "-o", "out.onnx", cwd=folder).returncode == 0
    outside: dict[str, Any] = json.loads((folder / "out.onnx.ctk.json").read_text())
    inside = {p.key.removeprefix("ctk."): p.value for p in onnx.load(folder / "out.onnx").metadata_props}
    for key, value in inside.items():
        assert outside[key] == (value if isinstance(outside[key], str) else json.loads(value)), key
    assert outside.keys() - inside.keys() == {"outputs", "created", "seconds"}


def test_quiet_keeps_warnings_only(tmp_path: Path):
    write_files(
        tmp_path, TWO_LAYERS.replace("kernel_size", "weight_filler { value: 2 } bias_filler { } kernel_size")
    )
    done = ctk("convert", FILES[0], "-o", "out.onnx", "--quiet", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["warning", "warning"]


@pytest.mark.parametrize("target", ["out.onnx", "new/", "new/deep/out.onnx"])
def test_dry_run_writes_nothing(folder: Path, target: str):
    done = ctk("convert", *FILES, "-o", target, "--dry-run", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert names(folder) == set()
    expected = target + "net.onnx" if target.endswith("/") else target
    assert done.stdout.startswith(f"{expected}  (dry run: not written)\n")


def test_dry_run_finds_what_is_wrong(folder: Path):
    (folder / "out.onnx").write_text("mine")
    assert_error(ctk("convert", *FILES, "-o", "out.onnx", "--dry-run", cwd=folder), "CTK406", 4)
    assert_error(ctk("convert", FILES[0], "-o", "x.onnx", "--dry-run", cwd=folder), "CTK511", 5)


def test_print_schema_describes_what_is_written(folder: Path):
    schema = json.loads(ctk("convert", "--print-schema", cwd=folder).stdout)
    document = json.loads(ctk("convert", *FILES, "--json", "-", cwd=folder).stdout)
    assert schema["properties"]["schema"]["const"] == "ctk.artifact/1"
    assert document.keys() == schema["properties"].keys()
    assert set(schema["required"]) <= document.keys()


def test_python_m_toolkit(folder: Path):
    done = subprocess.run(
        [sys.executable, "-m", "toolkit", "convert", *FILES, "-o", "out.onnx"],
        cwd=folder,
        env=environment(folder / "home"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    check_model(folder / "out.onnx")


def test_attached_arrays(folder: Path):
    weight, bias = np.arange(54, dtype=np.float64).reshape(2, 3, 3, 3), np.asarray([3, 4])
    np.save(folder / "w.npy", weight)
    np.save(folder / "b.npy", bias)
    words = ["--attach", "conv=w.npy", "--attach", "conv:1=b.npy"]
    done = ctk("convert", FILES[0], *words, "-o", "out.onnx", cwd=folder)
    assert done.returncode == 0, done.stderr
    found = initializers(folder / "out.onnx")
    assert np.array_equal(found["conv.weight"], weight)
    assert np.array_equal(found["conv.bias"], bias)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["caffe->nonsense"], "CTK602"),
        (["onnx:caffe"], "CTK602"),
        (["caffe2onnx", "--from", "onnx"], "CTK601"),
        (["caffe:onnx", "caffe:om"], "CTK601"),
        (["--opset", "10"], "CTK604"),
        (["--opset", "22"], "CTK604"),
        (["--opset", "many"], "CTK601"),
        (["--head", "rgb"], "CTK604"),
        (["--head", "mouth"], "CTK601"),
        (["--precision", "i8"], "CTK604"),
        (["--head", "ab", "--cut", "conv"], "CTK601"),
        (["--batch", "0"], "CTK601"),
        (["--batch", "some"], "CTK601"),
        (["--input-shape", "data"], "CTK601"),
        (["--attach", "conv"], "CTK601"),
        (["--attach", "=x.npy"], "CTK601"),
        (["--model", "colorization-v3"], "CTK603"),
        (["--nonsense"], "CTK601"),
        (["net.prototxt"], "CTK601"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_usage(
    folder: Path,
    words: list[str],
    code: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    monkeypatch.chdir(folder)
    assert main(["convert", *FILES, *words, "-o", "out.onnx"]) == 64
    said = capsys.readouterr()
    assert said.out == ""
    assert [line for line in said.err.splitlines() if not line.startswith(("note: ", "warning: "))] == [
        line for line in said.err.splitlines() if line.startswith(f"error: {code} ")
    ]
    assert said.err.count("error: ") == 1
    assert names(folder) == set()
