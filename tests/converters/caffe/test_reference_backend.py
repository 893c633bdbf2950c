"""The backend `caffe-reference` as a session: what it takes, refuses and reads back; convolution against scipy."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from caffe_samples import caffemodel, input_layer, layer, write_files
from scipy.signal import correlate
from threadpoolctl import threadpool_info

from converters.caffe.backend import CaffeReferenceBackend
from converters.caffe.reference import run_reference
from toolkit.backends import memory
from toolkit.backends.cores import physical_cores, usable_cpus
from toolkit.backends.opening import open_backend
from toolkit.backends.protocol import Session
from toolkit.errors import BadInput, CtkError, EnvironmentFailed, UsageFault

KERNEL = np.random.default_rng(5).normal(size=(2, 1, 3, 3)).astype(np.float32)
PROTOTXT = input_layer(1, 1, 5, 6) + layer(
    "conv",
    "Convolution",
    "data",
    "conv",
    "convolution_param { num_output: 2 kernel_size: 3 bias_term: false }",
)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    prototxt = write_files(tmp_path, PROTOTXT, caffemodel([("conv", "Convolution", [KERNEL])]))[0]
    return open_backend("caffe-reference", prototxt)


@pytest.mark.parametrize("size", [(5, 6), (7, 4)])
def test_runs_at_the_size_of_the_prototxt_and_at_others(session: Session, size: tuple[int, int]):
    x = np.random.default_rng(6).normal(size=(1, 1, *size)).astype(np.float32)
    expected = np.stack([correlate(x[0, 0].astype(float), k[0].astype(float), "valid") for k in KERNEL])
    assert session.run({"data": x})["conv"][0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (np.zeros((1, 5, 6), np.float32), "CTK508"),
        (np.zeros((1, 2, 5, 6), np.float32), "CTK508"),
        (np.zeros((1, 1, 5, 6)), "CTK508"),
        (np.zeros((1, 1, 5, 6), np.int64), "CTK508"),
        (np.zeros((1, 1, 2, 2), np.float32), "CTK508"),
        ([[[[1.0]]]], "CTK508"),
        ([[1.0], [1.0, 2.0]], "CTK508"),
        ("text", "CTK508"),
    ],
    ids=["rank", "channels", "float64", "integers", "too-small", "list", "ragged", "text"],
)
def test_inputs_that_do_not_fit_are_refused(session: Session, value: object, code: str):
    with pytest.raises(BadInput) as caught:
        session.run({"data": value})  # type: ignore[dict-item]
    assert caught.value.code == code


def test_names_are_checked(session: Session):
    x = np.zeros((1, 1, 5, 6), np.float32)
    for inputs, outputs in (({}, None), ({"dat": x}, None), ({"data": x}, ["cnv"])):
        with pytest.raises(BadInput, match="CTK516"):
            session.run(inputs, outputs)


def blas() -> list[int]:
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_every_session_runs_with_its_own_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    if not blas() or len(usable_cpus()) < 2:
        pytest.skip("NumPy has no BLAS here whose threads can be counted, or there is one processor")
    seen: list[set[int]] = []

    def watched(*words: Any) -> Any:
        seen.append(set(blas()))
        return run_reference(*words)

    monkeypatch.setattr("converters.caffe.backend.run_reference", watched)
    prototxt = write_files(tmp_path, PROTOTXT, caffemodel([("conv", "Convolution", [KERNEL])]))[0]
    before, x = blas(), {"data": np.zeros((1, 1, 5, 6), np.float32)}
    first = open_backend("caffe-reference", prototxt, threads=2)
    second = open_backend("caffe-reference", prototxt, threads=1)
    for session in (first, second, first):
        session.run(x)
    first.close()
    second.run(x)
    assert seen == [{2}, {1}, {2}, {1}]
    assert (second.info().threads, blas()) == (1, before)


def test_threads_are_the_physical_cores_and_the_process_keeps_its_own(tmp_path: Path):
    before = blas()
    if not before:
        pytest.skip("NumPy has no BLAS here whose threads can be counted")
    prototxt = write_files(tmp_path, PROTOTXT, caffemodel([("conv", "Convolution", [KERNEL])]))[0]
    with open_backend("caffe-reference", prototxt) as session:
        assert session.info().threads == physical_cores()
    with open_backend("caffe-reference", prototxt, threads=1) as session:
        assert session.info().threads == 1
        assert session.info().precision_executed == "f64"
        assert blas() == before
    assert blas() == before
    with pytest.raises(UsageFault, match="CTK601"):
        session.run({})
    with pytest.raises(UsageFault, match="CTK601"):
        open_backend("caffe-reference", prototxt, threads=0)


@pytest.mark.parametrize("backend", ["caffe-reference", "onnxruntime"])
def test_a_pipe_in_place_of_the_file_is_refused_and_not_waited_for(tmp_path: Path, backend: str):
    os.mkfifo(tmp_path / "net")
    with pytest.raises(CtkError, match=r"CTK501.*not a regular file"):
        open_backend(backend, tmp_path / "net")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"precision": "f16"}, "CTK604"),
        ({"device": "GPU"}, "CTK604"),
        ({"threads": len(usable_cpus()) + 1}, "CTK407"),
    ],
)
def test_what_cannot_be_asked_for(asked: dict[str, Any], code: str, tmp_path: Path):
    prototxt = write_files(tmp_path, PROTOTXT, caffemodel([("conv", "Convolution", [KERNEL])]))[0]
    with pytest.raises(CtkError, match=code):
        CaffeReferenceBackend.load(prototxt, **asked)


def test_says_what_was_asked_for_and_what_is_executed(tmp_path: Path):
    prototxt = write_files(tmp_path, PROTOTXT, caffemodel([("conv", "Convolution", [KERNEL])]))[0]
    with CaffeReferenceBackend.load(prototxt, precision="native", device="CPU") as session:
        info = session.info()
    assert (info.precision_requested, info.precision_executed) == ("native", "f64")


def test_weights_larger_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    prototxt = write_files(tmp_path, PROTOTXT, caffemodel([("conv", "Convolution", [KERNEL])]))[0]
    monkeypatch.setattr(memory, "available_bytes", lambda: prototxt.stat().st_size)
    with pytest.raises(EnvironmentFailed, match="CTK408"):
        CaffeReferenceBackend.load(prototxt)


def test_every_layer_without_code_is_named_and_no_weights_are_read(tmp_path: Path):
    (tmp_path / "net.prototxt").write_text(
        PROTOTXT
        + layer("strange", "Frob", "conv", "a")
        + layer("after", "ReLU", "a", "b")
        + layer("again", "Blob", "b", "c")
    )
    (tmp_path / "net.caffemodel").write_bytes(b"no caffemodel")
    found = CaffeReferenceBackend.supports(tmp_path / "net.prototxt")
    assert [(part.name, part.type) for part in found] == [("strange", "Frob"), ("again", "Blob")]
    assert all("unknown layer type" in part.reason for part in found)
    (tmp_path / "net.prototxt").write_text(PROTOTXT)
    assert CaffeReferenceBackend.supports(tmp_path / "net.prototxt") == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (PROTOTXT + layer("x", "ReLU", "nothing", "y"), "CTK505"),
        ("layer {", "CTK503"),
        (PROTOTXT.replace("kernel_size: 3", "kernel_size: 9"), "CTK508"),
    ],
)
def test_a_network_that_is_wrong_otherwise_is_an_error(text: str, code: str, tmp_path: Path):
    (tmp_path / "net.prototxt").write_text(text)
    with pytest.raises(BadInput) as caught:
        CaffeReferenceBackend.supports(tmp_path / "net.prototxt")
    assert caught.value.code == code
