"""Caffe networks: figures counted by hand, and for the main network those of the science reference."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from converters.caffe.build import load_sources, read_net
from converters.caffe.caffemodel_writer import write_caffemodel
from converters.caffe.model_files import own_prototxt
from converters.inspection.inspecting import inspect_files
from converters.inspection.problems import refuse_problems
from toolkit.errors import BadInput, UsageFault

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "science_checks.json"


@pytest.fixture
def main_prototxt(tmp_path: Path) -> Path:
    path = tmp_path / "main.prototxt"
    path.write_text(own_prototxt())
    return path


def test_parameters_are_told_apart(little: tuple[Path, Path]):
    found = inspect_files(little).parameters
    assert found.count == 6 * 9 + 6 + 2 * 6 + 6 * 313 * 16
    assert {group.kind: (group.elements, group.layers) for group in found.told_apart} == {
        "batch_norm_factors": (1, ["norm"]),
        "reattached": (628, ["class8_ab"]),
        "filler": (313, ["scale"]),
    }
    assert found.total == found.count + 1 + 628 + 313
    assert (found.missing, found.missing_elements, found.constants) == ([], 0, 0)


def test_multiply_accumulates(little: tuple[Path, Path]):
    found = inspect_files(little)
    by_name = {layer.name: layer.macs for layer in found.layers}
    # wide: 8x6 outputs of 6 channels read one channel each; up: 6 x 8x6 inputs write 313 channels.
    expected = {"wide": 8 * 6 * 6 * 9 * 1, "up": 6 * 8 * 6 * 313 * 16, "class8_ab": 16 * 12 * 313 * 2}
    assert {name: macs for name, macs in by_name.items() if macs} == expected
    assert found.compute is not None
    assert found.compute.macs == sum(expected.values())
    assert found.compute.gmac == pytest.approx(sum(expected.values()) / 1e9)
    assert found.compute.macs_without_reattached == expected["wide"] + expected["up"]


def test_ends_and_geometry(little: tuple[Path, Path]):
    found = inspect_files(little)
    assert [(i.name, i.dims) for i in found.inputs] == [("data", [1, 2, 16, 12])]
    (output,) = found.outputs
    assert (output.name, output.dims) == ("class8_ab", [1, 2, 16, 12])
    # wide reaches over 5; up adds one input 2 pixels away.
    assert (output.receptive_field_px, output.output_stride) == ([7, 7], [1, 1])
    assert (found.layer_count, found.layer_types["Convolution"]) == (9, 2)
    assert (found.weights, found.model, found.network) == ("own", "little", "little")


def test_without_weights_everything_that_lacks_is_listed(little: tuple[Path, Path]):
    whole, alone = inspect_files(little), inspect_files(little[:1])
    assert alone.weights is None
    assert [(m.layer, m.role, m.dims) for m in alone.parameters.missing] == [
        ("wide", "weight", [6, 1, 3, 3]), ("wide", "bias", [6]),
        ("norm", "mean", [6]), ("norm", "variance", [6]), ("norm", "factor", [1]),
        ("up", "weight", [6, 313, 4, 4]),
    ]  # fmt: skip
    assert alone.parameters.missing_elements == whole.parameters.count + 1
    assert "no caffemodel was given" in alone.parameters.missing[0].reason
    assert (alone.parameters.count, alone.layers, alone.compute) == (
        whole.parameters.count,
        whole.layers,
        whole.compute,
    )


def test_a_random_filler_is_missing_data_and_a_constant_one_is_not(tmp_path: Path):
    path = tmp_path / "net.prototxt"
    path.write_text("""
        layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
        layer { name: "c" type: "Convolution" bottom: "x" top: "c" convolution_param { num_output: 4
          kernel_size: 3 weight_filler { type: "xavier" } bias_filler { type: "constant" value: 1 } } }""")
    found = inspect_files([path]).parameters
    assert [(m.role, m.elements) for m in found.missing] == [("weight", 108)]
    assert "xavier" in found.missing[0].reason
    assert [(group.kind, group.elements) for group in found.told_apart] == [("filler", 4)]


SHARING = """
layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
layer { name: "a" type: "Convolution" bottom: "x" top: "a" param { name: "w" } param { name: "b" }
  convolution_param { num_output: 3 kernel_size: 3 pad: 1 } }
layer { name: "b" type: "Convolution" bottom: "a" top: "b" param { name: "w" } param { name: "own" }
  convolution_param { num_output: 3 kernel_size: 3 pad: 1 } }
"""


@pytest.mark.parametrize("stored", [("a", "b"), ("b",)])
def test_shared_parameters_count_once_as_a_conversion_sees_them(tmp_path: Path, stored: tuple[str, ...]):
    """The origins are those that reading for a conversion finds, which goes another way."""
    prototxt, caffemodel = tmp_path / "n.prototxt", tmp_path / "n.caffemodel"
    fillers = 'convolution_param { bias_filler { type: "constant" } '
    prototxt.write_text(SHARING.replace("convolution_param {", fillers))
    blobs = [np.ones((3, 3, 3, 3), np.float32), np.ones(3, np.float32)]
    with caffemodel.open("wb") as file:
        write_caffemodel(file, "n", [(name, "Convolution", blobs) for name in stored])
    net = read_net(prototxt, load_sources(caffemodel))
    origins = [(layer.name, blob.origin, blob.values.size) for layer in net.layers for blob in layer.blobs]
    found = inspect_files([prototxt, caffemodel]).parameters
    filled = sum(size for _, origin, size in origins if origin == "filler")
    assert sum(group.elements for group in found.told_apart) == filled == (0 if "a" in stored else 3)
    assert found.count == sum(size for _, origin, size in origins if origin == "stored")
    assert found.total == 81 + 3 + 3
    assert found.missing == []


def test_weights_of_another_network(little: tuple[Path, Path], tmp_path: Path):
    other = tmp_path / "other.caffemodel"
    with other.open("wb") as file:
        write_caffemodel(file, "other", [("fc", "InnerProduct", [np.ones((2, 2), np.float32)])])
    found = inspect_files([little[0], other])
    assert found.remarks == [
        "no layer of other.caffemodel has a name of this network; it belongs to another one"
    ]
    assert found.parameters.missing[0].reason.startswith("the caffemodel lacks the layer")


def test_weights_that_do_not_fit_are_refused(little: tuple[Path, Path], tmp_path: Path):
    other = tmp_path / "other.caffemodel"
    with other.open("wb") as file:
        write_caffemodel(
            file,
            "other",
            [("wide", "Convolution", [np.ones((6, 1, 5, 5), np.float32), np.ones(6, np.float32)])],
        )
    found = inspect_files([little[0], other])
    (unfit,) = [problem.what for problem in found.problems if problem.code == "CTK510"]
    assert re.search("6x1x5x5.*6x1x3x3", unfit)
    # norm and up are not stored at all, and have no filler.
    with pytest.raises(
        BadInput, match="CTK511 3 problems; the first: no data for the mean of this BatchNorm"
    ):
        refuse_problems(found)


def test_a_caffemodel_alone(little: tuple[Path, Path]):
    found = inspect_files(little[1:])
    assert found.stored_layers is not None
    assert [
        (layer.name, layer.type, [blob.dims for blob in layer.blobs]) for layer in found.stored_layers
    ] == [
        ("wide", "Convolution", [[6, 1, 3, 3], [6]]),
        ("norm", "BatchNorm", [[6], [6], [1]]),
        ("up", "Deconvolution", [[6, 313, 4, 4]]),
    ]
    assert (found.weights, found.compute, found.inputs) == ("own", None, [])
    assert found.parameters.total == 6 * 9 + 6 + 13 + 6 * 313 * 16
    assert found.parameters.told_apart[0].elements == 1


def test_files_that_make_no_network(little: tuple[Path, Path], tmp_path: Path):
    twin = tmp_path / "twin.prototxt"
    twin.write_bytes(little[0].read_bytes())
    with pytest.raises(UsageFault, match="CTK601"):
        inspect_files([little[0], twin])
    with pytest.raises(UsageFault, match=r"CTK601 --weights"):
        inspect_files(little, weights="synthetic")
    with pytest.raises(UsageFault, match="CTK603"):
        inspect_files(little, model="colorisation")


def test_main_network_totals(main_prototxt: Path):
    """`science.md` §1."""
    found = inspect_files([main_prototxt])
    assert found.compute is not None
    assert (found.compute.macs, found.compute.macs_without_reattached) == (31_983_744_128, 31_981_780_992)
    assert found.parameters.count == 32_235_385
    assert [(group.elements, group.layers[-1]) for group in found.parameters.told_apart] == [
        (7, "conv7_3norm"), (628, "class8_ab"), (313, "conv8_313_rh"),
    ]  # fmt: skip
    fields = {layer.name: layer.receptive_field_px for layer in found.layers}
    expected = {
        "conv4_3": 85,
        "conv5_3": 181,
        "conv6_3": 277,
        "conv7_3": 325,
        "conv8_313": 349,
        "class8_ab": 349,
    }
    assert {name: fields[name] for name in expected} == {
        name: [size, size] for name, size in expected.items()
    }
    assert found.outputs[0].output_stride == [4, 4]


@pytest.mark.skipif(not REFERENCE.exists(), reason="../shared/reference is not here")
def test_main_network_layer_by_layer(main_prototxt: Path):
    rows = json.loads(REFERENCE.read_text())["network"]
    expected = {row["name"]: (row["out"], row["macs"]) for row in rows if row["type"] != "Silence"}
    found = {
        layer.name: (layer.outputs[0].dims[1:], layer.macs)
        for layer in inspect_files([main_prototxt]).layers
        if layer.outputs
    }
    assert found == expected
