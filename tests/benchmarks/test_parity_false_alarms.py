"""A sound conversion passes for whatever picture it is given: no false alarm (issue 7)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import benchmarks
from benchmarks.harness.pictures import samples
from toolkit.pictures import decode, encode

BACKENDS = ("onnxruntime", "openvino", "opencv")
CROPS = 20
# Synthetic weights are told by a warning.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


def crops(folder: Path) -> list[Path]:
    """Rectangles of all sizes and places out of the built-in photographs; the same in every run."""
    generator = np.random.default_rng(7)
    photographs = [decode(sample.data, sample.name) for sample in samples()]
    files = []
    for i in range(CROPS):
        photograph = photographs[i % len(photographs)]
        height, width = (int(generator.integers(24, side + 1)) for side in photograph.shape[:2])
        top = int(generator.integers(photograph.shape[0] - height + 1))
        left = int(generator.integers(photograph.shape[1] - width + 1))
        files.append(folder / f"crop-{i:02}.png")
        files[-1].write_bytes(encode(photograph[top : top + height, left : left + width], ".png"))
    return files


def test_twenty_crops_raise_no_alarm_in_any_backend(
    main_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CTK_HOME", str(main_home))
    document = benchmarks.parity(
        backends=BACKENDS, images=crops(tmp_path), weights="synthetic", native=False, controls=False
    )
    assert len({line.sha256 for line in document.inputs}) == CROPS
    assert [(pair.backend, pair.verdict, pair.reason) for pair in document.pairs] == [
        (backend, "pass", None) for backend in BACKENDS
    ]
    for pair in document.pairs:
        assert len(pair.quality) == CROPS
        needed = [output.smallest_passing_rtol for output in pair.outputs]
        assert all(one is not None and one < 1e-4 for one in needed)
