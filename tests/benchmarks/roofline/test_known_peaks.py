from __future__ import annotations

import json
from pathlib import Path

import pytest

import benchmarks.roofline
from benchmarks.roofline.device_peaks import device_peaks
from benchmarks.roofline.peaks import Peaks, Rate
from benchmarks.roofline.processor_caches import cache_bytes
from benchmarks.roofline.winograd_use import is_cpu, may_use_winograd

PEAKS = Peaks(
    "here", {word: Rate(gflops, word) for word, gflops in {"f32": 200, "bf16": 400, "i8": 150}.items()}
)


@pytest.mark.parametrize(
    ("precision", "source"),
    [
        ("f32", "f32"),
        ("bf16", "bf16"),
        ("mixed:bf16+f32", "bf16"),
        ("i8", "f32"),  # a device that does f32 faster does so in an i8 run too
        ("f64", "f32"),
    ],
)
def test_the_peak_of_a_precision(precision: str, source: str) -> None:
    found = PEAKS.peak(precision)
    assert found is not None
    assert found.source == source


@pytest.mark.parametrize("precision", ["f16", "mixed:f16+f32", "nonsense"])
def test_no_peak_is_made_up(precision: str) -> None:
    assert PEAKS.peak(precision) is None


@pytest.mark.parametrize(
    ("name", "tops", "tflops"), [("Ascend310", 22, 11), ("ascend310B4", 8, 4), ("Ascend310P3", 140, 70)]
)
def test_devices_of_the_table(name: str, tops: float, tflops: float) -> None:
    peaks = device_peaks(name)
    assert peaks is not None
    assert peaks.rates["i8"].gflops == tops * 1000
    assert peaks.rates["f16"].gflops == tflops * 1000


@pytest.mark.parametrize("name", ["Ascend 9999", "", "CPU", "NVIDIA GeForce GTX 1060", "xAscend310"])
def test_an_unknown_device_has_no_peaks(name: str) -> None:
    assert device_peaks(name) is None


def test_every_figure_of_the_table_has_a_source_and_a_sane_order() -> None:
    path = Path(benchmarks.roofline.__file__).with_name("peaks.json")
    devices = json.loads(path.read_text())["devices"]
    assert len(devices) >= 10
    for device in devices:
        figures = [
            *device["tflops"].values(),
            *(device[key] for key in ("gb_s", "on_chip_mb") if device.get(key)),
        ]
        assert all(figure["value"] > 0 and len(figure["source"]) > 5 for figure in figures), device["name"]
        rates = [device["tflops"][word]["value"] for word in ("f32", "f16", "i8") if word in device["tflops"]]
        assert rates == sorted(rates), device["name"]


@pytest.mark.parametrize(
    ("backend", "device", "processor", "expected"),
    [
        ("opencv", "CPU", "x86_64", True),
        ("openvino", "CPU", "x86_64", False),
        ("openvino", "CPU", "aarch64", True),
        ("onnxruntime", "CPU", "aarch64", False),
        ("onnxruntime", "CUDA", "x86_64", True),
        ("ascend", "Ascend310", "aarch64", False),
        ("somebody-elses", "CPU", "x86_64", True),
    ],
)
def test_who_may_use_winograd(backend: str, device: str, processor: str, expected: bool) -> None:
    assert may_use_winograd(backend, device, processor) is expected


def test_what_is_the_processor() -> None:
    assert is_cpu("CPU")
    assert is_cpu("cpu")
    assert not is_cpu("GPU.0")


def test_caches_that_are_shared_count_once(tmp_path: Path) -> None:
    caches = [
        ("1", "Data", "32K"),
        ("1", "Instruction", "32K"),
        ("2", "Unified", "1024K"),
        ("3", "Unified", "32M"),
    ]
    for cpu in (0, 1):
        for i, (level, kind, size) in enumerate(caches):
            folder = tmp_path / f"cpu{cpu}" / "cache" / f"index{i}"
            folder.mkdir(parents=True)
            shared = "0-1" if level == "3" else str(cpu)
            for name, text in [("level", level), ("type", kind), ("size", size), ("shared_cpu_list", shared)]:
                (folder / name).write_text(text + "\n")
    assert cache_bytes([0, 1], tmp_path) == 2 * (32 + 1024) * 1024 + 32 * 1024**2
    (tmp_path / "cpu0" / "cache" / "index3" / "size").write_text("many\n")
    assert cache_bytes([0], tmp_path) == (32 + 1024) * 1024
    assert cache_bytes([7], tmp_path) is None
