"""A faulty artifact computes what the mistake says: held against `caffe-reference` with the same mistake in the
Caffe files or in its values, on a replica of the main network; and the layer that a fault names is the first
whose value departs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from ir_running import run_ir
from numpy.typing import NDArray
from onnx import TensorProto, helper
from onnx_samples import every_value_an_output, run_onnx
from wrong_networks import (
    case_files,
    case_inputs,
    case_net,
    layer_of,
    run,
    run_from,
    with_numbers,
    with_parameter,
)

import converters
from benchmarks.faults.artifacts import FaultyArtifacts
from benchmarks.faults.registry import FAULTS, fault_named
from benchmarks.parity_check.rule import DEFAULTS, judge
from converters import ConvertOptions
from converters.caffe.network import Net
from converters.caffe.reference import run_reference
from toolkit.colour.coefficients import coefficients as coefficients_of_bins

CASE = "real_color_mini"
OUTPUT = "class8_ab"
Array = NDArray[np.float64]
Given = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> FaultyArtifacts:
    folder = tmp_path_factory.mktemp("faults")
    artifact = converters.convert(case_files(CASE), output=folder / "sound.onnx").path
    return FaultyArtifacts(artifact, folder)


@pytest.fixture(scope="module")
def net() -> Net:
    return case_net(CASE)


@pytest.fixture(scope="module")
def given() -> Given:
    return case_inputs(CASE)


def coefficients(change: Callable[[Array], Array]) -> Callable[[Net, Given], Array]:
    """The network whose 2×bins matrix of coefficients is another."""

    def outputs(net: Net, given: Given) -> Array:
        changed = with_numbers(net, OUTPUT, "weight", lambda w: change(w.reshape(2, -1)).reshape(w.shape))
        return run(changed, given)[OUTPUT]

    return outputs


def numbers(layer: str, role: str, change: Callable[[Array], Array]) -> Callable[[Net, Given], Array]:
    return lambda net, given: run(with_numbers(net, layer, role, change), given)[OUTPUT]


def parameter(layer: str, message: str, **fields: Any) -> Callable[[Net, Given], Array]:
    return lambda net, given: run(with_parameter(net, layer, message, **fields), given)[OUTPUT]


def output(change: Callable[[Array], Array]) -> Callable[[Net, Given], Array]:
    return lambda net, given: change(run(net, given)[OUTPUT])


def exchanged(colours: Array) -> Array:
    """By exhaustive search: the colour farthest from the mean, and the one farthest from it, change places."""
    bins = range(colours.shape[1])
    mean = colours.mean(axis=1)
    one = max(bins, key=lambda i: np.hypot(*(colours[:, i] - mean)))
    other = max(bins, key=lambda i: np.hypot(*(colours[:, i] - colours[:, one])))
    order = list(bins)
    order[one], order[other] = other, one
    return colours[:, order]


def folded_past_relu(net: Net, given: Given) -> Array:
    """conv5_2 with conv5_2norm's scale and shift in its weight and bias, its ReLU, and no BatchNorm."""
    mean, variance, factor = (blob.values.astype(np.float64) for blob in layer_of(net, "conv5_2norm").blobs)
    scale = 1 / np.sqrt(variance / factor + 1e-5)
    wrong = with_numbers(net, "conv5_2", "weight", lambda w: w * scale[:, None, None, None])
    wrong = with_numbers(wrong, "conv5_2", "bias", lambda b: (b - mean / factor) * scale)
    relu = layer_of(net, "relu5_2").tops[0]
    made = run_reference(wrong, given, [relu])[relu]
    return run_reference(net, {**given, "conv5_2norm": made})[OUTPUT]


def shifted_padding(net: Net, given: Given) -> Array:
    """conv5_2 (kernel 3, dilation 2, pad 2) with pad 3, whose last rows and columns are the shifted ones."""
    wider = with_parameter(net, "conv5_2", "convolution_param", pad=[3])
    value = layer_of(net, "conv5_2").tops[0]
    return run_from(net, given, value, lambda x: x[:, :, 2:, 2:], source=wider)[OUTPUT]


def overflowing(net: Net, given: Given) -> Array:
    def infinite(logits: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.where(np.isinf((logits * 2.0**24).astype(np.float16)), np.sign(logits) * np.inf, logits)

    with np.errstate(invalid="ignore"):
        return run_from(net, given, "conv8_313", infinite)[OUTPUT]


def one_nan(x: Array) -> Array:
    changed = x.copy()
    changed[0, 1, 4, 4] = np.nan
    return changed


# Faults that add nodes or take them away, which a runtime could optimise in a way of its own.
CHANGED_GRAPHS = (
    "ab-swapped",
    "batch-norm-folded",
    "f16-overflow",
    "l-not-centred",
    "nan-pixel",
    "output-grey",
    "output-removed",
    "output-shifted",
)

# Layer that the fault is made in, and what a network with that mistake gives.
MISTAKES: dict[str, tuple[str | None, Callable[[Net, Given], Array]]] = {
    "softmax-scale-1": ("conv8_313_rh", numbers("conv8_313_rh", "scale", np.ones_like)),
    "coefficients-transposed": (OUTPUT, coefficients(lambda w: w.T.reshape(w.shape))),
    "batch-norm-folded": ("conv5_2", folded_past_relu),
    "padding-shifted": ("conv5_2", shifted_padding),
    "ab-swapped": (OUTPUT, output(lambda x: x[:, ::-1])),
    "l-not-centred": (
        None,
        lambda net, given: run(net, {name: x + 50 for name, x in given.items()})[OUTPUT],
    ),
    "bins-permuted": (OUTPUT, coefficients(lambda w: w[:, [-1, *range(w.shape[1] - 1)]])),
    "kernel-transposed": ("conv8_1", numbers("conv8_1", "weight", lambda w: w.transpose(0, 1, 3, 2))),
    "bias-dropped": (OUTPUT, numbers(OUTPUT, "bias", np.zeros_like)),
    "output-scaled": (OUTPUT, output(lambda x: x * 1.06)),
    "output-shifted": (OUTPUT, output(lambda x: x[..., [-1, *range(x.shape[-1] - 1)]])),
    "output-grey": (OUTPUT, output(np.zeros_like)),
    "nan-pixel": (OUTPUT, output(one_nan)),
    "batch-norm-eps": ("conv4_2norm", parameter("conv4_2norm", "batch_norm_param", eps=1e-3)),
    "dilation-dropped": ("conv5_2", parameter("conv5_2", "convolution_param", dilation=[1], pad=[1])),
    "deconvolution-flipped": ("conv8_1", numbers("conv8_1", "weight", lambda w: w[:, :, ::-1, ::-1])),
    "bias-rolled": (OUTPUT, numbers(OUTPUT, "bias", lambda b: b[[-1, *range(b.size - 1)]])),
    "f16-overflow": ("conv8_313", overflowing),
    "coefficients-exchanged": (OUTPUT, coefficients(exchanged)),
    "softmax-axis": ("class8_313_rh", parameter("class8_313_rh", "softmax_param", axis=2)),
}


def test_every_fault_but_two_can_be_made_in_it(made: FaultyArtifacts) -> None:
    possible = {fault.name for fault in FAULTS if made.make(fault) is not None}
    # There is no pooling in it; a removed output has no numbers to compare, and a test of its own.
    assert possible == {*MISTAKES, "output-removed"}


@pytest.mark.parametrize("name", MISTAKES)
def test_it_computes_what_a_network_with_that_mistake_computes(
    made: FaultyArtifacts, net: Net, given: Given, name: str
) -> None:
    layer, mistaken = MISTAKES[name]
    artifact = made.make(fault_named(name))
    assert artifact is not None
    assert artifact.place.layer == layer
    onnx.checker.check_model(str(artifact.path), full_check=True)
    found, sound, wrong = (
        run_onnx(artifact.path, given)[OUTPUT],
        run(net, given)[OUTPUT],
        mistaken(net, given),
    )
    np.testing.assert_allclose(found, wrong, rtol=0, atol=2e-6)
    assert judge(OUTPUT, sound, found, DEFAULTS["f32"]).status == "fail"


@pytest.mark.parametrize("name", MISTAKES)
def test_the_first_value_that_departs_is_that_layers(
    made: FaultyArtifacts, net: Net, given: Given, name: str
) -> None:
    artifact = made.make(fault_named(name))
    assert artifact is not None
    inside = every_value_an_output(artifact.path)
    inner = [top for layer in net.layers if layer.type != "Input" for top in layer.tops]
    inner = [top for top in inner if top in run_names(inside)]
    found = run_onnx(inside, given, inner)
    wanted = run_reference(net, given, inner)
    first = next(
        top for top in inner if judge(top, wanted[top], found[top], DEFAULTS["f32"], "blob").status == "fail"
    )
    maker = next(layer.name for layer in net.layers if first in layer.tops)
    assert maker == (MISTAKES[name][0] or "bw_conv1_1")


def run_names(model: bytes) -> set[str]:
    return {value.name for value in onnx.load_model_from_string(model).graph.output}


def test_a_removed_output_is_not_there(made: FaultyArtifacts, net: Net, given: Given) -> None:
    artifact = made.make(fault_named("output-removed"))
    assert artifact is not None
    found = run_onnx(artifact.path, given)
    assert list(found) == ["class8_313_rh"]
    np.testing.assert_allclose(
        found["class8_313_rh"], run_reference(net, given, list(found))["class8_313_rh"], atol=1e-6
    )


def test_openvino_computes_the_same_mistakes(made: FaultyArtifacts, given: Given) -> None:
    for name in CHANGED_GRAPHS:
        artifact = made.make(fault_named(name))
        assert artifact is not None
        found = run_ir(artifact.path, given)
        for value, wanted in run_onnx(artifact.path, given).items():
            np.testing.assert_allclose(found[value], wanted, rtol=0, atol=2e-6, err_msg=name)


def test_before_operator_set_13_the_same_faults_find_their_place(
    tmp_path: Path, made: FaultyArtifacts
) -> None:
    """There a Softmax stands between two Transposes."""
    options = ConvertOptions(opset=11)
    artifact = converters.convert(case_files(CASE), output=tmp_path / "sound.onnx", options=options).path
    older = FaultyArtifacts(artifact, tmp_path)
    for fault in FAULTS:
        one, other = made.make(fault), older.make(fault)
        assert (one and one.place.layer) == (other and other.place.layer), fault.name


def test_what_the_graph_subtracts_itself_is_left_out(tmp_path: Path, net: Net, given: Given) -> None:
    options = ConvertOptions(mean="inside")
    artifact = converters.convert(case_files(CASE), output=tmp_path / "sound.onnx", options=options).path
    one = FaultyArtifacts(artifact, tmp_path).make(fault_named("l-not-centred"))
    assert one is not None
    found = run_onnx(one.path, given)[OUTPUT]
    np.testing.assert_allclose(found, run(net, given)[OUTPUT], atol=2e-6)
    centred = run_onnx(artifact, {name: x + 50 for name, x in given.items()})[OUTPUT]
    np.testing.assert_allclose(centred, found, atol=2e-6)


def test_grey_of_the_head_bins_is_the_bin_without_colour(tmp_path: Path) -> None:
    value = helper.make_tensor_value_info("bins", TensorProto.FLOAT, [1, 313, 2, 2])
    graph = helper.make_graph(
        [helper.make_node("Softmax", ["x"], ["bins"], "soft", axis=1)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 313, 2, 2])],
        [value],
    )
    path = tmp_path / "sound.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    one = FaultyArtifacts(path, tmp_path).make(fault_named("output-grey"))
    assert one is not None
    x = np.random.default_rng(1).normal(size=(1, 313, 2, 2)).astype(np.float32)
    found = run_onnx(one.path, {"x": x})["bins"]
    np.testing.assert_allclose(np.einsum("nqhw,qc->nchw", found, coefficients_of_bins()), 0, atol=1e-6)
    np.testing.assert_array_equal(found.sum(axis=1), 1)
