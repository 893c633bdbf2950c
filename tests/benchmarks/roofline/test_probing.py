from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from benchmarks.roofline import probing
from benchmarks.roofline.probe_child import executed_by_kernel
from benchmarks.roofline.probing import Probe, planned_probes, run_child, run_probes
from toolkit.backends.protocol import BackendInfo

INFO = BackendInfo("openvino", "1", "CPU", (), "f32", 1, {}, {})
TINY = ["--threads", "1", "--seconds", "0.01", "--tiny"]


def test_a_probe_of_one_runtime() -> None:
    found = run_child(["kernels", "onnxruntime", *TINY])
    assert [(rate["kernel"], rate["precision"]) for rate in found["rates"]] == [
        ("gemm", "f32"),
        ("conv3x3", "f32"),
    ]
    assert all(rate["gflops"] > 0 for rate in found["rates"])


def test_integers_are_read_back_from_the_executed_graph() -> None:
    found = run_child(["kernels", "openvino", "--quantised", *TINY])
    assert {rate["precision"] for rate in found["rates"]} == {"i8"}


def test_memory() -> None:
    streams = run_child(["stream", *TINY])["streams"]
    assert [stream["kernel"] for stream in streams] == ["copy", "add", "sum"]
    assert all(stream["gb_s"] > 0 for stream in streams)


def test_what_a_runtime_does_not_offer_is_refused_and_no_failure() -> None:
    found = run_child(["kernels", "onnxruntime", "--precision", "bf16", *TINY])
    assert "CTK604" in found["refused"]


def test_a_child_that_fails_leaves_its_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match=r"it ended with 2: .*--threads"):
        run_child(["kernels", "onnxruntime"])

    def failing(words: object) -> dict[str, object]:
        raise RuntimeError("it ended with -9: without a word")

    monkeypatch.setattr(probing, "run_child", failing)
    found = run_probes([Probe("torch", "bf16")], 1)
    assert found.rates == []
    assert found.failed == ["torch bf16: it ended with -9: without a word"]


def test_nonsense_from_a_child_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"streams": [{"kernel": "copy", "gb_s": 12.5, "disturbed": False}]}
    answers = iter([{"rates": [{"kernel": "gemm"}]}, {"streams": [{}]}, good])
    monkeypatch.setattr(probing, "run_child", lambda words: next(answers))
    found = run_probes([Probe("torch"), Probe(""), Probe("")], 1)
    assert len(found.failed) == 2
    assert [stream.gb_s for stream in found.streams] == [12.5]


def test_what_is_probed_follows_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "_is_installed", lambda name: name != "torch")
    plain = {"f16": ("f16c",), "bf16": (), "i8": (), "f32": ("fma",)}
    listed = [
        "onnxruntime f32",
        "openvino f32",
        "opencv f32",
        "onnxruntime i8",
        "openvino i8",
        "memory bandwidth",
    ]
    assert [str(probe) for probe in planned_probes(plain)] == listed
    more = {**plain, "bf16": ("avx512_bf16",), "f16": ("f16c", "avx512_fp16")}
    assert {"openvino bf16", "openvino f16"} <= {str(probe) for probe in planned_probes(more)}
    assert "openvino f16" in map(str, planned_probes(None))  # not known: tried


def test_progress_comes_before_each_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "run_child", lambda words: {"refused": "no"})
    steps: list[tuple[int, int, str]] = []
    run_probes([Probe("torch"), Probe("")], 1, lambda *step: steps.append(step))
    assert steps == [(0, 2, "torch f32"), (1, 2, "memory bandwidth")]


@pytest.mark.parametrize(
    ("word", "quantised", "expected"),
    [
        ("f32", False, "f32"),
        ("mixed:bf16+f32", False, "bf16"),
        ("mixed:f32+i8", True, "i8"),
        ("f32", True, "f32"),  # quantised on paper, executed in f32
        (None, True, "i8"),
        (None, False, "bf16"),
    ],
)
def test_the_precision_of_a_kernel(word: str | None, quantised: bool, expected: str) -> None:
    info = replace(INFO, precision_executed=word, precision_requested="bf16")
    assert executed_by_kernel(info, quantised=quantised) == expected


def test_the_parent_loads_no_runtime() -> None:
    script = (
        "import sys, json\n"
        "from benchmarks.roofline import guard, probing\n"
        f"probing.run_child(['stream', *{TINY!r}])\n"
        "probing.planned_probes(None)\n"
        "print(json.dumps(sorted({'onnxruntime', 'openvino', 'cv2', 'torch'} & set(sys.modules))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == []
