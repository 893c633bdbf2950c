"""The list "Bad input" of issue 3: the status, one error line, no output, and the previous file untouched."""

from __future__ import annotations

import contextlib
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from caffe_samples import TWO_LAYERS, caffemodel, input_layer, layer, two_layer_weights, write_files
from command import assert_error, ctk, leftovers

import converters
from toolkit.app import main
from toolkit.colour.coefficients import coefficients

STORED = caffemodel([("conv", "Convolution", two_layer_weights())])
PAGE = b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>gone</body></html>\n"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 128946764\n"
COLOUR = input_layer(1, 313, 2, 2) + layer(
    "class8_ab", "Convolution", "data", "class8_ab", "convolution_param { num_output: 2 kernel_size: 1 }"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The two files, and what an earlier conversion wrote."""
    text, weights = write_files(tmp_path, TWO_LAYERS, STORED)
    assert weights is not None
    converters.convert([text, weights], output=tmp_path / "out.onnx")
    return tmp_path


def content(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name.startswith("out.onnx")}


def check(folder: Path, words: list[str], code: str, status: int = 5) -> str:
    """Runs the command over what is there, and the same in this process where nothing is; what was said."""
    before = content(folder)
    done = ctk("convert", *words, "-o", "out.onnx", cwd=folder)
    line = assert_error(done, code, status)
    assert content(folder) == before
    if "CTK406" not in line:
        with contextlib.chdir(folder):
            assert main(["convert", *words, "-o", "out.onnx.absent"]) == status
        assert content(folder) == before
    assert leftovers(folder) == []
    return done.stderr


def random_bytes(size: int) -> bytes:
    return np.random.default_rng(1).bytes(size)


FULL = ["net.prototxt", "net.caffemodel"]


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (lambda f: f.unlink(), "CTK501", "No such file"),
        (lambda f: (f.unlink(), f.mkdir()), "CTK501", "folder"),
        (lambda f: f.write_bytes(STORED[:-1]), "CTK509", "cut short"),
        (lambda f: f.write_bytes(STORED[:40]), "CTK509", "cut short"),
        (lambda f: f.write_bytes(random_bytes(5000)), "CTK509", "damaged"),
        (lambda f: f.write_bytes(b""), "CTK502", "empty"),
        (lambda f: f.write_bytes(PAGE), "CTK502", "HTML page"),
        (lambda f: f.write_bytes(POINTER), "CTK502", "Git LFS pointer"),
        (
            lambda f: f.write_bytes(caffemodel([("fc8", "InnerProduct", [[1.0]])])),
            "CTK511",
            "belongs to another one",
        ),
        (
            lambda f: f.write_bytes(caffemodel([("conv", "Convolution", [np.zeros((2, 3, 5, 5)), [0.0, 0]])])),
            "CTK510",
            "belongs to another network",
        ),
    ],
    ids=[
        "missing", "folder", "truncated", "truncated early", "random", "empty", "HTML page", "Git LFS pointer",
        "other names", "other shapes",
    ],
)  # fmt: skip
def test_weights(folder: Path, spoil: Callable[[Path], object], code: str, words: str):
    spoil(folder / "net.caffemodel")
    assert words in check(folder, FULL, code)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda f: f.unlink(), "CTK501"),
        (lambda f: (f.unlink(), f.mkdir()), "CTK501"),
        (lambda f: f.write_bytes(PAGE), "CTK502"),
        (lambda f: f.write_bytes(POINTER), "CTK502"),
        (lambda f: f.write_bytes(b""), "CTK502"),
        (lambda f: f.write_bytes(random_bytes(3000)), "CTK502"),
        (lambda f: f.write_text(TWO_LAYERS[:-9]), "CTK503"),
        (lambda f: f.write_text(TWO_LAYERS.replace("num_output", "num_outputs")), "CTK504"),
        (lambda f: f.write_text(TWO_LAYERS.replace('"ReLU"', '"RELU"')), "CTK506"),
    ],
    ids=[
        "missing",
        "folder",
        "HTML page",
        "Git LFS pointer",
        "empty",
        "random",
        "cut",
        "unknown field",
        "unknown type",
    ],
)
def test_prototxt(folder: Path, spoil: Callable[[Path], object], code: str):
    spoil(folder / "net.prototxt")
    assert "net.prototxt" in check(folder, FULL, code)


def shuffled() -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return np.random.default_rng(0).permutation(coefficients())


@pytest.mark.parametrize(
    ("array", "code", "words"),
    [
        (np.zeros((313, 3), np.int64), "CTK512", "(313, 3)"),
        (np.zeros((312, 2), np.int64), "CTK512", "(312, 2)"),
        (np.zeros(626, np.int64), "CTK512", "(626,)"),
        (np.full((313, 2), np.nan), "CTK512", "finite"),
        (np.full((313, 2), 5), "CTK512", "multiple of 10"),
        (np.full((313, 2), "a"), "CTK502", "not integers or floats"),
    ],
    ids=["columns", "rows", "flat", "NaN", "content", "text"],
)
def test_coefficients(
    tmp_path: Path, array: np.ndarray[tuple[int, ...], np.dtype[np.generic]], code: str, words: str
):
    write_files(tmp_path, COLOUR)
    np.save(tmp_path / "c.npy", array)
    assert words in check(tmp_path, ["net.prototxt", "--coefficients", "c.npy"], code)


@pytest.mark.parametrize(
    ("array", "words"), [(shuffled(), "permutation"), (coefficients()[:, ::-1], "columns a and b exchanged")]
)
def test_coefficients_in_another_order_are_warned_of(
    tmp_path: Path, array: np.ndarray[tuple[int, ...], np.dtype[np.int64]], words: str
):
    write_files(tmp_path, COLOUR)
    np.save(tmp_path / "c.npy", array)
    done = ctk("convert", "net.prototxt", "--coefficients", "c.npy", "-o", "x.onnx", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("warning: ")
    assert words in done.stderr


def test_pickled_coefficients_are_never_read(tmp_path: Path):
    write_files(tmp_path, COLOUR)
    np.save(tmp_path / "c.npy", np.asarray([object()], dtype=object), allow_pickle=True)
    assert "pickled" in check(tmp_path, ["net.prototxt", "--coefficients", "c.npy"], "CTK502")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--attach", "conv=short.npy"], "CTK516", "shape 3"),
        (["--attach", "conf=short.npy"], "CTK516", "did you mean 'conv'"),
        (["--attach", "conv:7=short.npy"], "CTK516", "which has 2"),
        (["--attach", "conv=absent.npy"], "CTK501", "absent.npy"),
        (["--cut", "conf"], "CTK516", "did you mean 'conv'"),
        (["--input-shape", "dato:1,3,5,6"], "CTK516", "did you mean 'data'"),
        (["--input-shape", "data:1,3,5"], "CTK508", "4 axes"),
        (["--input-shape", "data:1,4,5,6"], "CTK510", "shape 2x3x3x3"),
        (["--mean", "inside"], "CTK516", "no input 'data_l'"),
        (["--head", "bins"], "CTK516", "class8_313_rh"),
    ],
)  # fmt: skip
def test_options_that_do_not_fit_the_network(tmp_path: Path, words: list[str], code: str, said: str):
    write_files(tmp_path, TWO_LAYERS, STORED)
    np.save(tmp_path / "short.npy", np.zeros(3, np.float32))
    assert said in check(tmp_path, [*FULL, *words], code)


# --- the target


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("net.prototxt/out.onnx", "CTK401"),
        ("net.prototxt/", "CTK401"),
        ("/proc/out.onnx", "CTK401"),
        ("x" * 300, "CTK401"),
        ("x" * 250 + ".onnx", "CTK401"),
        ("loop/x.onnx", "CTK401"),
    ],
    ids=[
        "below a file",
        "file as folder",
        "read-only",
        "long name",
        "long name of the sidecar",
        "loop of links",
    ],
)
def test_target_that_cannot_be_written(tmp_path: Path, target: str, code: str):
    write_files(tmp_path, TWO_LAYERS, STORED)
    (tmp_path / "loop").symlink_to("loop")
    assert_error(ctk("convert", *FULL, "-o", target, cwd=tmp_path), code, 4)
    assert {p.name for p in tmp_path.iterdir()} == {*FULL, "loop"}


def test_foreign_target_needs_force(tmp_path: Path):
    write_files(tmp_path, TWO_LAYERS, STORED)
    (tmp_path / "out.onnx").write_bytes(b"somebody's")
    assert "--force" in check(tmp_path, FULL, "CTK406", 4)
    done = ctk("convert", *FULL, "-o", "out.onnx", "--force", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.onnx").stat().st_size > 200
    done = ctk("convert", *FULL, "-o", "out.onnx", "--opset", "17", cwd=tmp_path)  # now it is ours
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("source", [*FULL, "link"])
def test_target_is_never_a_source(tmp_path: Path, source: str):
    write_files(tmp_path, TWO_LAYERS, STORED)
    (tmp_path / "link").symlink_to("net.caffemodel")
    for more in ([], ["--force"]):
        assert_error(ctk("convert", *FULL, "-o", source, *more, cwd=tmp_path), "CTK601", 64)
    assert (tmp_path / "net.caffemodel").read_bytes() == STORED
    assert (tmp_path / "net.prototxt").read_text() == TWO_LAYERS


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_target_that_is_no_file(tmp_path: Path, kind: str):
    import os

    write_files(tmp_path, TWO_LAYERS, STORED)
    if kind == "folder":
        (tmp_path / "there" / "net.onnx").mkdir(parents=True)
        target = "there"
    else:
        os.mkfifo(tmp_path / "pipe")
        target = "pipe"
    assert_error(ctk("convert", *FULL, "-o", target, cwd=tmp_path), "CTK401", 4)


@pytest.mark.parametrize("limit", [0, 100, 1000])
def test_no_space(folder: Path, limit: int):
    """A limit on file sizes stands for a full disk: the write fails in the middle (SIGXFSZ is ignored)."""
    before = content(folder)
    done = ctk(
        "convert",
        *FULL,
        "-o",
        "out.onnx",
        "--opset",
        "17",
        cwd=folder,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert_error(done, "CTK402", 4)
    assert content(folder) == before
    assert leftovers(folder) == []


def test_no_space_for_the_main_model(main_onnx: Path, main_home: Path, tmp_path: Path):
    target = tmp_path / "main.onnx"
    target.write_bytes(main_onnx.read_bytes()[:1000])  # begins as our own files do
    done = ctk(
        "convert",
        "caffe:onnx",
        "-o",
        target,
        cwd=tmp_path,
        home=main_home,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50 << 20, 50 << 20)),
    )
    assert_error(done, "CTK402", 4)
    assert target.stat().st_size == 1000
    assert [p.name for p in tmp_path.iterdir()] == ["main.onnx"]


def test_standard_output_that_is_full(tmp_path: Path):
    write_files(tmp_path, TWO_LAYERS, STORED)
    from command import CTK, environment

    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [CTK, "convert", *FULL, "--json", "-"],
            cwd=tmp_path, env=environment(tmp_path / "home"), stdout=full, stderr=subprocess.PIPE, text=True,
            timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 4
    assert [
        line for line in done.stderr.splitlines() if line.startswith("error: CTK402 ")
    ] == done.stderr.splitlines()
