"""Types that are known and never converted say so, whichever of the three functions is asked."""

from __future__ import annotations

import re

import pytest
from layer_nets import Nets, one_layer

from converters.caffe.layers import registry
from toolkit.errors import BadInput

DATA = ("Data", "HDF5Data", "ImageData", "MemoryData", "WindowData")
OTHERS = ("Filter", "HDF5Output", "LSTM", "LSTMUnit", "Python", "RNN", "Recurrent")


def _fault(nets: Nets, text: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        nets.build({"x": (1, 1, 2, 2)}, text + one_layer("Power"))
    return caught.value


@pytest.mark.parametrize("kind", DATA)
def test_data_layers_say_what_to_put_there(nets: Nets, kind: str) -> None:
    fault = _fault(nets, f'layer {{ name: "d" type: "{kind}" top: "data" top: "label" }}')
    assert fault.code == "CTK506"
    assert fault.where.layer == "d"
    assert f"a {kind} layer" in fault.what
    assert any("put an Input layer" in note for note in fault.notes)
    assert any("phase: TRAIN" in note for note in fault.notes)


def test_memory_data_gives_its_shape(nets: Nets) -> None:
    param = "memory_data_param { batch_size: 4 channels: 3 height: 20 width: 30 }"
    fault = _fault(nets, f'layer {{ name: "d" type: "MemoryData" top: "data" top: "label" {param} }}')
    shown = re.search("input_param {.*}", fault.notes[0])
    assert shown
    # What the note says to write is a network.
    fixed = f'layer {{ name: "d" type: "Input" top: "data" top: "label" {shown[0]} }}'
    net = nets.build({}, fixed + one_layer("Power", bottoms=("data",)))
    assert net.values["data"].shape == (4, 3, 20, 30)
    assert net.values["label"].shape == (4,)


@pytest.mark.parametrize("kind", OTHERS)
def test_others_say_why(nets: Nets, kind: str) -> None:
    fault = _fault(nets, f'layer {{ name: "d" type: "{kind}" bottom: "x" top: "t" }}')
    assert fault.code == "CTK506"
    assert fault.what.startswith(f"a {kind} layer ")


def test_a_layer_that_runs_only_in_training_does_no_harm(nets: Nets) -> None:
    text = 'layer { name: "d" type: "Data" top: "data" include { phase: TRAIN } }'
    assert nets.build({"x": (1, 1)}, text + one_layer("Power")).outputs == ("y",)


def test_registries_hold_them(nets: Nets) -> None:
    registry.load_all()
    for kind in (*DATA, *OTHERS):
        assert kind in registry.REFUSED
        assert kind in registry.SHAPES
        layer = nets.single("Power", (1,)).layers[-1]
        with pytest.raises(BadInput):
            registry.EVALUATIONS[kind](layer, [])
