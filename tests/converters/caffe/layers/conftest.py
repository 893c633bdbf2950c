"""Fixtures of the layers' tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from layer_nets import Blobs, Nets, caffemodel_bytes, declared_inputs
from numpy.typing import NDArray


@pytest.fixture
def nets(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Iterator[Nets]:
    """Fails the test when onnxruntime has printed anything, a warning about the graph above all."""
    yield Nets(tmp_path)
    assert "onnxruntime" not in capfd.readouterr().err


@pytest.fixture
def rng() -> np.random.Generator:
    """The same numbers in every run."""
    return np.random.default_rng(313)


@pytest.fixture
def opencv() -> Callable[..., NDArray[Any]]:
    """``(shape of x, layers, x, blobs) -> the last top``, by OpenCV's Caffe importer."""
    cv2 = pytest.importorskip("cv2", reason="opencv is not installed")
    if not hasattr(cv2.dnn, "readNetFromCaffe"):
        pytest.skip("this opencv reads no Caffe networks (only those before 5 do)")

    def run(
        shape: Sequence[int], layers: str, x: NDArray[np.float32], blobs: Blobs | None = None
    ) -> NDArray[Any]:
        text = (declared_inputs({"x": shape}) + layers).encode()
        files = [np.frombuffer(data, np.uint8) for data in (text, caffemodel_bytes(blobs or {}))]
        net = cv2.dnn.readNetFromCaffe(*files)
        net.setInput(x, "x")
        return net.forward()

    return run
