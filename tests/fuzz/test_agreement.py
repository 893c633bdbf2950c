"""The fuzzer's own check of what was accepted: it must see what is wrong at the first sizes, and at others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from layer_nets import declared_inputs, one_layer

import converters
from converters.caffe.layers import _windows, convolution, im2col
from converters.options import ConvertOptions
from tests.fuzz.agreement import disagreement
from tests.fuzz.made_up_nets import make_net

WINDOWS = (
    "convolution_param { num_output: 2 kernel_size: 3 stride: 2 weight_filler { value: 1 } bias_filler { } }"
)
OPEN = ConvertOptions(input_shape={"x": (1, 2, -1, -1)})


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """``(inputs, layers, options) -> how far it was checked, and the fault``."""

    def run(inputs: dict[str, tuple[int, ...]], layers: str, options: ConvertOptions) -> tuple[str, str]:
        text = tmp_path / "deploy.prototxt"
        text.write_text(declared_inputs(inputs) + layers)
        artifact = converters.convert([text], output=tmp_path / "net.onnx", options=options)
        return disagreement(artifact.path, [text], options)

    return run


@pytest.mark.parametrize(("kind", "module"), [("Im2col", im2col), ("Convolution", convolution)])
def test_a_size_that_was_written_down_shows_at_another_size(
    check: Callable[..., tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    module: object,
):
    def frozen(layer: object, emitter: object, w: _windows.Windows) -> list[int]:
        sizes = layer.bottom_shapes[0][w.axis + 1 :]  # type: ignore[attr-defined]
        return [p + max(e - x - 2 * p, 0) for x, p, e in zip(sizes, w.pad, w.extent, strict=True)]

    monkeypatch.setattr(module, "pads_behind", frozen)
    checked, fault = check({"x": (1, 2, 2, 2)}, one_layer(kind, WINDOWS), OPEN)
    assert checked == "compared"
    assert fault.startswith("at other sizes: ")


def test_a_network_that_is_right_at_every_size_agrees(check: Callable[..., tuple[str, str]]):
    assert check({"x": (1, 2, 5, 6)}, one_layer("Convolution", WINDOWS), OPEN) == ("compared", "")


def test_labels_are_looked_up(check: Callable[..., tuple[str, str]]):
    layers = one_layer("Accuracy", 'top: "z"', ["x", "t"])
    assert check({"x": (40, 2), "t": (40,)}, layers, ConvertOptions()) == ("compared", "")


def test_losses_are_made_up_with_labels_that_fit():
    texts = [make_net(Random(seed))[0].decode() for seed in range(400)]
    for kind in ("Accuracy", "SoftmaxWithLoss", "HingeLoss", "EuclideanLoss"):
        assert any(f'type: "{kind}" bottom: "in0" bottom: "like' in text for text in texts)
