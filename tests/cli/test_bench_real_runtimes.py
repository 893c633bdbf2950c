"""`ctk bench` with real runtimes on a tiny network: baselines, a matrix of all modes, a sweep."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command import ctk
from scripted_backend import small_picture

from benchmarks.bench_document import BenchDocument
from benchmarks.machine import describe_machine
from benchmarks.real_trials import chain
from benchmarks.roofline.cpu_peaks import machine_key
from benchmarks.roofline.probing import RUNTIMES, Probed, ProbedRate
from toolkit.app import main
from toolkit.backends.cores import usable_cpus
from toolkit.cache import artifact, artifact_folder

Capture = pytest.CaptureFixture[str]
SMALL = ("--images", "p.png", "--launches", "2", "--rounds", "1", "--iterations", "3")
# What the host does meanwhile must not decide a test.
ALLOWED = ("--allow-env", "steal", "--allow-env", "throttled")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a network, net.onnx, a picture, p.png, and a processor that was probed already."""
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    chain(tmp_path / "net.onnx", 1)
    small_picture(tmp_path / "p.png")
    for threads in (1, 2):
        _probed(threads)
    return tmp_path


def _probed(threads: int) -> None:
    """Probing takes 15 s; these rates make everything plausible."""
    rate = ProbedRate(backend="x", kernel="gemm", precision="f32", gflops=1e6, disturbed=False)
    text = Probed(rates=[rate], streams=[], refused=[], failed=[]).model_dump_json()
    key = machine_key(describe_machine(("numpy", *RUNTIMES)), threads)
    artifact(artifact_folder(key).name, lambda folder: (folder / "peaks.json").write_text(text))


def document_in(path: Path) -> BenchDocument:
    return BenchDocument.model_validate_json(path.read_bytes())


def test_a_baseline_there_and_back(place: Path, capsys: Capture):
    words = [
        "bench",
        "--backend",
        "onnxruntime",
        "--artifact",
        "net.onnx",
        "--threads",
        "1",
        *SMALL,
        *ALLOWED,
    ]
    assert main([*words, "--save-baseline", "base.json"]) == 0
    assert "saved as a baseline: base.json" in capsys.readouterr().err

    again = [*words, "--baseline", "base.json", "--max-regression", "900%"]
    status = main([*again, "--json", "out.json"])
    found = document_in(place / "out.json")
    assert found.gate is not None
    assert (found.gate.state, found.gate.margin) == ("compared", 9.0)
    stored = document_in(place / "base.json")
    # Medians over rounds are all there is in either document.
    medians = [[r for one in d.runs[0].launches for r in one.rounds_ms if r] for d in (stored, found)]
    assert min(medians[1]) / max(medians[0]) <= found.gate.ratio <= max(medians[1]) / min(medians[0])
    assert status == {"pass": 0, "regression": 2, "inconclusive": 3}[found.verdict]

    _another_processor(place / "base.json", again, capsys)
    _another_runtime(place / "base.json", again, capsys)


def _another_processor(file: Path, again: list[str], capsys: Capture) -> None:
    """Refused before anything runs; allowed, it is a description."""
    original = file.read_text()
    edited = json.loads(original)
    edited["machine"]["cpu"] = "Frob 9000"
    file.write_text(json.dumps(edited))
    capsys.readouterr()
    assert main(again) == 4
    captured = capsys.readouterr()
    assert "error: CTK411 the baseline was measured on another machine" in captured.err
    assert "Frob 9000 there" in captured.err
    assert captured.out == ""
    assert main([*again, "--allow-different-machine", "--json", "other.json"]) == 0
    gate = document_in(file.with_name("other.json")).gate
    assert gate is not None
    assert (gate.state, gate.verdict) == ("other machine", "description")
    assert gate.ratio is not None
    assert "Frob 9000 there" in gate.reason
    file.write_text(original)


def _another_runtime(file: Path, again: list[str], capsys: Capture) -> None:
    """Known only when it has run: then the figures are kept."""
    edited = json.loads(file.read_text())
    edited["runs"][0]["runtime_version"] = "0.1"
    file.write_text(json.dumps(edited))
    capsys.readouterr()
    assert main(again) == 4
    captured = capsys.readouterr()
    assert "error: CTK411 " in captured.err
    assert "onnxruntime: " in captured.err
    assert "0.1 there" in captured.err
    assert "share of mean" in captured.out
    assert "verdict: fail" in captured.out


MATRIX = """
backends = ["onnxruntime", "openvino"]
modes = ["latency", "throughput", "stream", "cold"]
threads = [1]
exclude = [
    { backend = "openvino", mode = "throughput" },
    { backend = "openvino", mode = "stream" },
    { backend = "openvino", mode = "cold" },
]
[settings]
launches = 2
rounds = 1
iterations = 3
rate = 20.0
window_s = 0.25
"""


def test_a_matrix_of_every_mode_by_the_installed_command(place: Path):
    (place / "m.toml").write_text(MATRIX)
    done = ctk("bench", "--matrix", "m.toml", "--artifact", "net.onnx", "--images", "p.png", "--json", "out.json",
               *ALLOWED, cwd=place, home=place / "home")  # fmt: skip
    modes = ("latency", "throughput", "stream", "cold")
    latency, throughput, stream, cold = (document_in(place / f"out.{mode}.json") for mode in modes)
    assert done.returncode in {0, 3}, (
        done.stderr
    )  # a loaded host breaks Little's law in a window as short as this
    assert [(run.arm, run.status) for run in latency.runs] == [("onnxruntime", "ok"), ("openvino", "ok")]
    assert [run.precision_executed for run in latency.runs] == ["f32", "f32"]
    assert {one.stage for one in latency.comparisons} == {"infer", "total"}
    assert [run.plausibility and run.plausibility.verdict for run in latency.runs] == ["plausible"] * 2
    for document, mode in zip((latency, throughput, stream, cold), modes, strict=True):
        assert (document.settings.mode, document.settings.launches) == (mode, 2)
        assert document.model.name == "net"
        assert len(document.runs[0].launches) == 2
        assert f"mode {mode}" in done.stdout
    assert not (place / "out.json").exists()
    of_cold = done.stdout[done.stdout.index("mode cold") :]
    assert "load_p50_ms" in of_cold
    assert "Control" not in of_cold
    _figures_agree(throughput, stream, cold)
    _samples_agree(throughput, stream, cold, place / "blobs")


def _samples_agree(
    throughput: BenchDocument, stream: BenchDocument, cold: BenchDocument, blobs: Path
) -> None:
    """What was saved of each launch gives the document's figures again."""
    flown, served, started = (
        [(one, np.load(blobs / str(one.samples), allow_pickle=False)) for one in document.runs[0].launches]
        for document in (throughput, stream, cold)
    )
    kept = np.concatenate([rows[-one.n :] for one, rows in flown])  # the warm-up is in no figure
    spent = (kept[:, 4] - kept[:, 3]) / 1e6
    assert spent.mean() == pytest.approx(throughput.runs[0].stages["infer"].mean_ms, rel=1e-9)
    served = np.concatenate([rows[rows[:, 0] >= 0] for _, rows in served])
    started = np.concatenate([rows for _, rows in started])
    assert (kept.shape[1], served.shape[1], started.shape[1]) == (7, 8, 7)
    latency, waited = (served[:, 6] - served[:, 7]) / 1e6, (served[:, 1] - served[:, 7]) / 1e6
    assert latency.mean() == pytest.approx(stream.runs[0].mode_figures["latency_mean_ms"], rel=1e-9)
    assert waited.mean() == pytest.approx(stream.runs[0].mode_figures["wait_mean_ms"], abs=1e-9)
    second = np.median((started[:, 4] - started[:, 3]) / 1e6)
    assert second == pytest.approx(cold.runs[0].mode_figures["second_infer_p50_ms"], rel=1e-9)


def _figures_agree(throughput: BenchDocument, stream: BenchDocument, cold: BenchDocument) -> None:
    """Within each mode, by what its figures mean."""
    (flown,), (served,), (started,) = throughput.runs, stream.runs, cold.runs
    assert flown.mode_figures["slots"] == 1
    # One at a time: a second holds no more inferences than their mean time allows.
    assert flown.items_per_s <= 1.05 * 1000 / flown.mode_figures["residence_mean_ms"]
    assert flown.mode_figures["n_inferences"] == pytest.approx(
        flown.mode_figures["inferences_per_s"] * 2 * flown.mode_figures["window_s"], rel=0.2
    )
    figures = served.mode_figures
    assert figures["offered"] == 10  # 20 a second, a quarter of a second, twice
    assert figures["served"] + figures["dropped"] == 10
    assert figures["latency_mean_ms"] == pytest.approx(
        figures["wait_mean_ms"] + served.stages["total"].mean_ms, rel=1e-6
    )
    figures = started.mode_figures
    parts = sum(figures[f"{part}_p50_ms"] for part in ("start", "load", "first_infer"))
    assert figures["ready_p50_ms"] == pytest.approx(parts)  # of two launches the median is the mean
    assert figures["ready_p50_ms"] < figures["ready_max_ms"]


@pytest.mark.skipif(len(usable_cpus()) < 2, reason="needs two processors")
def test_a_sweep_of_threads_reads_them_back(place: Path):
    words = [
        "--backend",
        "onnxruntime",
        "--artifact",
        "net.onnx",
        "--sweep",
        "threads=1,2",
        "--profile-layers",
    ]
    status = main(["bench", *words, "--images", "p.png", "--quick", *ALLOWED, "--json", "out.json"])
    document = document_in(place / "out.json")
    assert status == 0, document.reasons
    assert [(run.arm, run.threads) for run in document.runs] == [
        ("onnxruntime threads=1", 1), ("onnxruntime threads=2", 2),
    ]  # fmt: skip
    for run in document.runs:
        assert run.stages["infer"].n > 0
        assert {"conv0", "conv1", "conv2"} <= {name for layer in run.layers for name in layer.caffe_layers}
    # All processes of a run live at once, and each holds the file.
    assert not [one for one in document.environment.findings if one.name == "memory"]
