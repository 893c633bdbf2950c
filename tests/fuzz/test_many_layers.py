"""Networks of very many layers: linear time, no recursion."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import converters
from tests.fuzz.snippets import input_layer
from toolkit.messages import collected_warnings

IN_PLACE, PLAIN, FAN_OUT, ONE_NAME = "in-place", "plain", "fan-out", "one-name"


def chain(kind: str, count: int) -> str:
    """A network of ``count`` ReLU layers."""
    lines = [input_layer(1, 3, 8, 8)]
    for i in range(count):
        before = "data" if i == 0 or kind in {IN_PLACE, FAN_OUT} else f"r{i - 1}"
        after = "data" if kind == IN_PLACE else f"r{i}"
        name = "x" if kind == ONE_NAME else f"r{i}"
        lines.append(f'layer {{ name: "{name}" type: "ReLU" bottom: "{before}" top: "{after}" }}\n')
    return "".join(lines)


def seconds_of(kind: str, count: int, folder: Path) -> float:
    """Processor time of converting such a network, all of whose layers must come out."""
    import onnx

    (folder / "n.prototxt").write_text(chain(kind, count))
    started = time.process_time()
    with collected_warnings():
        converters.convert([folder / "n.prototxt"], output=folder / "n.onnx")
    taken = time.process_time() - started
    assert len(onnx.load(folder / "n.onnx").graph.node) == count
    return taken


@pytest.mark.parametrize("kind", [IN_PLACE, PLAIN, FAN_OUT, ONE_NAME])
def test_time_grows_with_the_number_of_layers_and_no_faster(kind: str, tmp_path: Path):
    seconds_of(kind, 50, tmp_path)
    few, many = (min(seconds_of(kind, count, tmp_path) for _ in range(2)) for count in (400, 3200))
    assert many < 8 * few * 3  # quadratic would be 64 times


@pytest.mark.slow
@pytest.mark.parametrize("kind", [IN_PLACE, PLAIN])
def test_100000_layers(kind: str, tmp_path: Path):
    assert seconds_of(kind, 100_000, tmp_path) > 0
