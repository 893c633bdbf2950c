from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.bench_document import BenchArtifact, BenchRun, StageSummary
from benchmarks.roofline import guard as module
from benchmarks.roofline.cpu_peaks import CpuPeaks
from benchmarks.roofline.guard import Guard
from benchmarks.roofline.peaks import Peaks, Rate
from benchmarks.roofline.probing import Probed

NOTHING = Probed(rates=[], streams=[], refused=[], failed=[])
# 2 · 1000 · 1000 multiply-adds each way: 2 MFLOP, at 1 GFLOP/s 2 ms
PROTOTXT = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1000 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 1000 } }
"""


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    path = tmp_path / "net.prototxt"
    path.write_text(PROTOTXT)
    return path


def run_of(path: Path, infer_ms: float, **changes: object) -> BenchRun:
    stage = StageSummary(n=10, mean_ms=infer_ms, p50_ms=infer_ms)
    facts: dict[str, object] = {
        "arm": "a", "backend": "onnxruntime", "device": "CPU", "artifact": BenchArtifact(path=str(path), sha256="0"),
        "precision_requested": "f32", "precision_executed": "f32", "threads": 1, "stages": {"infer": stage}, "status": "ok",
    }  # fmt: skip
    return BenchRun.model_validate({**facts, **changes})


class FakeProbes:
    """Gives one peak the first time and the next one when asked again."""

    def __init__(self, gflops: list[float], *, kept: bool) -> None:
        self.asked: list[bool] = []
        self._left: Iterator[float] = iter(gflops)
        self._kept = kept

    def __call__(self, threads: int | None, *, again: bool = False, on_step: object = None) -> CpuPeaks:
        self.asked.append(again)
        peaks = Peaks("here", {"f32": Rate(next(self._left), "fake")})
        return CpuPeaks(peaks, NOTHING, is_fresh=again or not self._kept)


def test_a_latency_above_and_below_the_floor(monkeypatch: pytest.MonkeyPatch, artifact: Path) -> None:
    monkeypatch.setattr(module, "cpu_peaks", FakeProbes([1.0], kept=False))
    judged = Guard()
    assert judged(run_of(artifact, 2.1)).verdict == "plausible"
    below = judged(run_of(artifact, 1.9))
    assert below.verdict == "implausible"
    assert below.floor_ms == pytest.approx(2.0)


def test_old_peaks_are_doubted_once(monkeypatch: pytest.MonkeyPatch, artifact: Path) -> None:
    probes = FakeProbes([1.0, 1.5], kept=True)
    monkeypatch.setattr(module, "cpu_peaks", probes)
    judged = Guard()
    assert judged(run_of(artifact, 1.9)).verdict == "plausible"  # 1.33 ms is the floor on a quiet machine
    assert judged(run_of(artifact, 1.0)).verdict == "implausible"
    assert probes.asked == [False, True]


def test_peaks_are_found_before_runs_that_need_them(monkeypatch: pytest.MonkeyPatch, artifact: Path) -> None:
    probes = FakeProbes([1.0, 2.0], kept=False)
    monkeypatch.setattr(module, "cpu_peaks", probes)
    judged = Guard()
    judged.prepare([1, 2, 1])
    assert judged(run_of(artifact, 1.5, threads=2)).floor_ms == pytest.approx(1.0)
    assert probes.asked == [False, False]


def test_winograd_is_allowed_to_those_who_may(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "conv.prototxt"
    path.write_text(
        'layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 8 dim: 32 dim: 32 } } }'
        'layer { name: "c" type: "Convolution" bottom: "x" top: "y"'
        " convolution_param { num_output: 8 kernel_size: 3 pad: 1 } }"
    )
    monkeypatch.setattr(module, "cpu_peaks", FakeProbes([1.0], kept=False))
    judged = Guard()
    direct, winograd = (
        judged(run_of(path, 5.0, backend=name)).floor_ms for name in ("caffe-reference", "opencv")
    )
    assert direct == pytest.approx(2 * 8 * 8 * 9 * 1024 / 1e6)
    assert direct is not None
    assert winograd == pytest.approx(direct / 5.0625)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"device": "Unheard-of 9000"}, "no peak known of the device Unheard-of 9000"),
        ({"precision_executed": None}, "does not tell which precision"),
        ({"precision_executed": "bf16"}, "no peak known at bf16"),
        ({"artifact": None}, "nothing was measured"),
        ({"stages": {}}, "nothing was measured"),
        ({"batch": 4}, "CTK508"),
    ],
)
def test_what_is_not_known_is_no_pass(
    monkeypatch: pytest.MonkeyPatch, artifact: Path, changes: dict[str, object], why: str
) -> None:
    monkeypatch.setattr(module, "cpu_peaks", FakeProbes([1.0], kept=False))
    found = Guard()(run_of(artifact, 5.0, **changes))
    assert found.verdict == "unknown"
    assert why in (found.arithmetic or "")


def test_an_artifact_that_cannot_be_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "net.om"
    path.write_bytes(b"IMOD" + bytes(300))
    found = Guard()(run_of(path, 5.0, device="Ascend310"))
    assert found.verdict == "unknown"
    assert "CTK502" in (found.arithmetic or "")


def test_a_device_of_the_table(artifact: Path) -> None:
    run = run_of(artifact, 1e-5, device="Ascend310", backend="ascend", precision_executed="f16")
    assert Guard()(run).verdict == "implausible"
    assert Guard()(run).peak_gflops == 11000
