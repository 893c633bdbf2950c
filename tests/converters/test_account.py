"""The ledger of a conversion names every layer of the prototxt, whatever the conversion leaves out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from caffe_samples import TWO_LAYERS, caffemodel, input_layer, layer, two_layer_weights, write_files

import converters
from converters.attachments import attached_blob
from toolkit.artifact import ArtifactDocument
from toolkit.errors import UsageFault

BEHIND = "not needed for the outputs of the cut"
# data -> conv (weights) -> relu -> power -> exp; a branch that Silence ends, and a layer of phase TRAIN
BRANCHED = (
    TWO_LAYERS
    + layer("trains", "Power", "conv", "lost", "include { phase: TRAIN }")
    + layer("power", "Power", "conv", "power")
    + layer("side", "InnerProduct", "conv", "side",
            'inner_product_param { num_output: 2 weight_filler { type: "constant" } bias_filler { } }')
    + 'layer { name: "hush" type: "Silence" bottom: "side" }\n'
    + layer("exp", "Exp", "power", "exp")
)  # fmt: skip
ALL = ["data", "conv", "relu", "power", "side", "hush", "exp", "trains"]


def account(folder: Path, **options: object) -> ArtifactDocument:
    files = write_files(folder, BRANCHED, caffemodel([("conv", "Convolution", two_layer_weights())]))
    given = converters.ConvertOptions(**options)  # type: ignore[arg-type]
    return converters.convert([f for f in files if f], output=folder / "x.onnx", options=given).document


@pytest.mark.parametrize(
    ("options", "dropped", "elements"),
    [
        ({}, {"trains": "not in phase TEST", "hush": None}, 56 + 2 * 60 + 2),
        (
            {"cut": ("power",)},
            {"trains": "not in phase TEST", "side": BEHIND, "hush": BEHIND, "exp": BEHIND},
            56,
        ),
        (
            {"from_blob": ("power",), "cut": ("exp",)},
            dict.fromkeys(["data", "conv", "relu", "power", "side", "hush"], BEHIND)
            | {"trains": "not in phase TEST"},
            0,
        ),
    ],
)
def test_every_layer_of_the_prototxt(
    tmp_path: Path, options: dict[str, object], dropped: dict[str, str | None], elements: int
):
    ledger = account(tmp_path, **options).ledger
    assert [entry.layer for entry in ledger.layers] == ALL  # the input that a start makes is no source layer
    found = {entry.layer: entry.reason for entry in ledger.layers if entry.fate == "dropped"}
    assert found.keys() == dropped.keys()
    assert all(found[name] == reason for name, reason in dropped.items() if reason is not None)
    assert ledger.layers_total == len(ledger.layers)
    assert ledger.layers_dropped == len(dropped)
    assert ledger.layers_converted == len(ledger.layers) - len(dropped)
    assert ledger.elements_total == elements


def test_network_of_ones_own_has_no_head(tmp_path: Path):
    document = account(tmp_path)
    assert (document.head, document.options["head"]) == (None, None)


def test_head_that_is_the_networks_own_output_cuts_nothing(tmp_path: Path):
    """`ab` of a user's network: the layers that Silence ends stay while `class8_ab` is the only output."""
    text = (
        input_layer(1, 2, 2, 2)
        + layer("class8_ab", "Power", "data", "class8_ab")
        + layer("side", "Power", "data", "side")
        + 'layer { name: "hush" type: "Silence" bottom: "side" }\n'
    )
    for more, dropped in (
        ("", ["hush"]),
        (layer("end", "Power", "class8_ab", "end"), ["side", "hush", "end"]),
    ):
        prototxt, _ = write_files(tmp_path, text + more)
        options = converters.ConvertOptions(head="ab")
        document = converters.convert(prototxt, output=tmp_path / "x.onnx", options=options).document
        assert [tensor.name for tensor in document.graph_outputs] == ["class8_ab"]
        assert [entry.layer for entry in document.ledger.layers if entry.fate == "dropped"] == dropped


@pytest.mark.parametrize(
    ("target", "blob"),
    [("c", ("c", 0)), ("c:0", ("c", 0)), ("c:12", ("c", 12)), ("a:b", ("a:b", 0)), (":1", (":1", 0))],
)
def test_attached_blob(target: str, blob: tuple[str, int]):
    assert attached_blob(target) == blob


def test_blob_is_attached_once(tmp_path: Path):
    np.save(tmp_path / "w.npy", np.zeros((2, 3, 3, 3)))
    with pytest.raises(UsageFault, match="blob 0 of layer 'conv' twice"):
        account(tmp_path, attach={"conv": tmp_path / "w.npy", "conv:0": tmp_path / "w.npy"})
    with pytest.raises(UsageFault, match="no layer has that many"):
        account(tmp_path, attach={"conv:" + "9" * 5000: tmp_path / "w.npy"})
