from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.roofline import cpu_peaks as module
from benchmarks.roofline.cpu_peaks import cpu_peaks, machine_key
from benchmarks.roofline.probing import Probed, ProbedRate, ProbedStream
from toolkit.cache import artifact_folder, clear, entries
from toolkit.errors import EnvironmentFailed


class Probes:
    """Stands in for the children; what it gives can be changed."""

    def __init__(self) -> None:
        self.calls: list[int] = []
        self.gflops, self.gb_s, self.disturbed = 100.0, 20.0, False
        self.failed: list[str] = []

    def __call__(self, probes: object, threads: int, on_step: object = None) -> Probed:
        self.calls.append(threads)
        rates = [
            ProbedRate(
                backend=backend, kernel="gemm", precision=precision, gflops=gflops, disturbed=self.disturbed
            )
            for backend, precision, gflops in [
                ("onnxruntime", "f32", self.gflops / 2),
                ("openvino", "f32", self.gflops),
                ("openvino", "bf16", 300.0),
            ]
        ]
        streams = [ProbedStream(kernel="add", gb_s=self.gb_s, disturbed=False)]
        return Probed(rates=rates, streams=streams, refused=[], failed=self.failed)


@pytest.fixture
def probes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Probes:
    stand_in = Probes()
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module, "run_probes", stand_in)
    monkeypatch.setattr(module, "cache_bytes", lambda: 7_000_000)
    return stand_in


def test_a_peak_is_a_quarter_above_the_largest_rate(probes: Probes) -> None:
    peaks = cpu_peaks(1).peaks
    assert peaks.rates["f32"].gflops == 125.0
    assert "openvino's gemm" in peaks.rates["f32"].source
    assert peaks.rates["bf16"].gflops == 375.0
    assert peaks.bandwidth is not None
    assert (peaks.bandwidth.gb_s, peaks.bandwidth.kept_bytes) == (25.0, 7_000_000)


def test_a_machine_is_probed_once(probes: Probes) -> None:
    first, second = cpu_peaks(1), cpu_peaks(1)
    assert probes.calls == [1]
    assert (first.is_fresh, second.is_fresh) == (True, False)
    assert first.peaks == second.peaks
    assert [entry.kind for entry in entries()] == ["artifact"]  # `ctk cache` lists it


def test_another_machine_version_or_thread_count_has_another_key() -> None:
    here = module.describe_machine(("numpy",))
    others = [
        here.model_copy(update={"cpu": "another"}),
        here.model_copy(update={"versions": {"numpy": "0"}}),
        here.model_copy(update={"flags": ()}),
    ]
    keys = {machine_key(here, 1), machine_key(here, 2), *(machine_key(other, 1) for other in others)}
    assert len(keys) == 5
    assert machine_key(here.model_copy(update={"kernel": "another"}), 1) == machine_key(here, 1)


def test_probed_again_the_largest_rates_stay(probes: Probes) -> None:
    cpu_peaks(1)
    probes.gflops, probes.gb_s = 80.0, 30.0  # a busier moment, but for memory
    assert cpu_peaks(1, again=True).peaks.rates["f32"].gflops == 125.0
    kept = cpu_peaks(1)
    assert not kept.is_fresh
    assert [stream.gb_s for stream in kept.probed.streams] == [30.0]
    probes.gflops = 120.0
    cpu_peaks(1, again=True)
    assert cpu_peaks(1).peaks.rates["f32"].gflops == 150.0


def test_a_peak_found_on_a_busy_machine_is_marked_until_a_better_one_is_found(probes: Probes) -> None:
    probes.disturbed = True
    assert not cpu_peaks(1).peaks.rates["f32"].is_certain
    assert not cpu_peaks(1).peaks.rates["f32"].is_certain  # kept so
    probes.disturbed, probes.gflops = False, 150.0
    found = cpu_peaks(1, again=True).peaks.rates["f32"]
    assert (found.is_certain, found.gflops) == (True, 187.5)


def test_after_a_failure_nothing_is_kept(probes: Probes) -> None:
    probes.failed = ["torch f32: killed"]  # it may have been the fastest
    assert cpu_peaks(1).peaks.rates["f32"].gflops == 125.0
    cpu_peaks(1)
    assert probes.calls == [1, 1]


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"rates": 1', b"\xff" * 100])
def test_a_damaged_file_is_probed_again(probes: Probes, damage: bytes) -> None:
    cpu_peaks(1)
    folder = artifact_folder(entries()[0].name)
    (folder / "peaks.json").write_bytes(damage)
    assert cpu_peaks(1).is_fresh
    assert not cpu_peaks(1).is_fresh


def test_without_a_cache_it_warns_and_goes_on(
    probes: Probes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("CTK_HOME", str(file / "home"))
    assert cpu_peaks(1).peaks.rates["f32"].gflops == 125.0
    assert "warning: the peaks of this processor are not kept" in capsys.readouterr().err


def test_unknown_caches_leave_no_bandwidth(probes: Probes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cache_bytes", lambda: None)
    assert cpu_peaks(1).peaks.bandwidth is None


def test_an_emptied_cache_is_filled_again(probes: Probes) -> None:
    cpu_peaks(1)
    found = entries()
    assert [entry.bytes > 0 for entry in found] == [True]
    clear(found)
    cpu_peaks(1)
    assert len(entries()) == 1


def test_more_threads_than_processors(probes: Probes) -> None:
    with pytest.raises(EnvironmentFailed) as caught:
        cpu_peaks(100_000)
    assert caught.value.code == "CTK407"
