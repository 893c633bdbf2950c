"""Which layer is named, for faults put into the artifact."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from ir_samples import ir_of
from layer_faults import GoldenNet, changed, golden_net, set_attributes, set_weight
from numpy.typing import NDArray

from benchmarks.layer_walk.blob_error import compare_blob
from benchmarks.layer_walk.exposing import with_every_value
from benchmarks.layer_walk.walking import (
    LayerWalker,
    first_amplifying,
    first_divergent,
    walk,
)
from benchmarks.parity_check.rule import DEFAULTS, Tolerance, judge
from benchmarks.parity_document import LayerError
from converters.caffe.reference import iterate_reference
from toolkit.backends.opening import open_backend
from toolkit.errors import UsageFault

MINI = "real_color_mini"


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> GoldenNet:
    return golden_net(MINI, tmp_path_factory.mktemp("mini"))


def values_of(
    backend: str, artifact: Path, inputs: Mapping[str, NDArray[np.float32]], precision: str = "f32"
) -> tuple[dict[str, NDArray[np.float32]], str]:
    copy = with_every_value(artifact, artifact.parent / "copies")
    with open_backend(backend, copy, 1, precision=precision) as session:
        executed = session.info().precision_executed
        return session.run(inputs), executed or "f32"


def walked(golden: GoldenNet, backend: str, artifact: Path) -> list[LayerError]:
    values, executed = values_of(backend, artifact, golden.inputs)
    return walk(golden.net, [iterate_reference(golden.net, golden.inputs)], [values], executed)


FAULTS = {
    "wrong eps": (MINI, "conv2_2norm", set_attributes("conv2_2norm", epsilon=1e-2)),
    "dilation dropped": (MINI, "conv5_1", set_attributes("conv5_1", dilations=[1, 1], pads=[1, 1, 1, 1])),
    "deconvolution flipped": (MINI, "conv8_1", set_weight("conv8_1.weight", lambda w: w[..., ::-1, ::-1])),
    "bias rolled": (MINI, "conv3_1", set_weight("conv3_1.bias", lambda b: np.roll(b, 1))),
    "coefficients transposed": (
        MINI,
        "class8_ab",
        set_weight("class8_ab.weight", lambda w: w.reshape(2, -1).T.reshape(w.shape)),
    ),
    "softmax over another axis": (MINI, "class8_313_rh", set_attributes("class8_313_rh", axis=2)),
    "softmax scale 1": (MINI, "conv8_313_rh", set_weight("conv8_313_rh.scale", np.ones_like)),
    "two coefficients exchanged": (
        MINI,
        "class8_ab",
        set_weight("class8_ab.weight", lambda w: w[:, [1, 0, *range(2, w.shape[1])]]),
    ),
    "padding shifted": (MINI, "bw_conv1_1", set_attributes("bw_conv1_1", pads=[0, 0, 2, 2])),
    "ceil for floor": ("pool_round_floor", "op", set_attributes("op", ceil_mode=1)),
    "floor for ceil": ("real_squeezenet_small", "pool1", set_attributes("pool1", pads=[0, 0, 0, 0])),
    "NaN in one weight": (MINI, "conv4_2", set_weight("conv4_2.weight", lambda w: np.where(w == w.max(), np.nan, w))),
}  # fmt: skip


@pytest.mark.parametrize("format_", ["onnx", "openvino"])
@pytest.mark.parametrize("fault", FAULTS)
def test_the_layer_with_the_fault_is_named(fault: str, format_: str, tmp_path: Path):
    case, layer, change = FAULTS[fault]
    golden = golden_net(case, tmp_path)
    artifact = changed(golden.onnx, tmp_path / "faulty.onnx", change)
    if format_ == "openvino":
        artifact = ir_of(artifact, tmp_path / "faulty.xml")
    rows = walked(golden, "onnxruntime" if format_ == "onnx" else "openvino", artifact)
    assert first_divergent(rows) == layer
    assert first_amplifying(rows) == layer
    before = rows[: [row.layer for row in rows].index(layer)]
    assert all(row.status == "pass" and row.explained_by_rounding in {None, True} for row in before)


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino", "opencv"])
@pytest.mark.parametrize("case", [MINI, "real_resnet_small", "real_vgg_small", "lrn_across", "dag_25"])
def test_a_clean_conversion_names_no_layer(case: str, backend: str, tmp_path: Path):
    golden = golden_net(case, tmp_path)
    rows = walked(golden, backend, golden.onnx)
    assert {row.status for row in rows} == {"pass"}
    assert (first_divergent(rows), first_amplifying(rows)) == (None, None)
    wanted = [(layer.name, top) for layer in golden.net.layers if layer.type != "Input" for top in layer.tops]
    assert [(row.layer, row.blob) for row in rows] == wanted


def test_layers_after_the_fault_are_cleared(mini: GoldenNet, tmp_path: Path):
    """They break the rule by what they read; what they make of it is right."""
    _, layer, change = FAULTS["dilation dropped"]
    rows = walked(mini, "onnxruntime", changed(mini.onnx, tmp_path / "faulty.onnx", change))
    failing = [row for row in rows if row.status == "fail"]
    assert len(failing) > 5
    assert [row.layer for row in failing if row.explained_by_rounding is False] == [layer]


def test_less_than_thorough_names_the_same(mini: GoldenNet, tmp_path: Path):
    _, layer, change = FAULTS["dilation dropped"]
    faulty = changed(mini.onnx, tmp_path / "faulty.onnx", change)
    values, _ = values_of("onnxruntime", faulty, mini.inputs)
    walker = LayerWalker(mini.net, "f32", thorough=False)
    walker.begin(values)
    for name, array in iterate_reference(mini.net, mini.inputs):
        walker.take(name, array)
    rows = walker.layers()
    assert (first_divergent(rows), first_amplifying(rows)) == (layer, layer)
    behind = [row for row in rows[[row.layer for row in rows].index(layer) + 1 :] if row.status == "fail"]
    assert behind
    assert all(row.explained_by_rounding is None for row in behind)


def test_a_fault_below_the_rule_is_still_found_to_amplify(mini: GoldenNet, tmp_path: Path):
    small = changed(mini.onnx, tmp_path / "small.onnx", set_attributes("conv2_2norm", epsilon=4e-5))
    rows = walked(mini, "onnxruntime", small)
    (row,) = (row for row in rows if row.layer == "conv2_2norm")
    assert row.status == "pass"
    assert row.growth is not None
    assert row.growth > 10
    assert first_amplifying(rows) == "conv2_2norm"


@pytest.mark.parametrize("case", [MINI, "real_resnet_small", "real_squeezenet_small"])
def test_rounding_to_bf16_names_no_layer(case: str, tmp_path: Path):
    golden = golden_net(case, tmp_path)
    values, executed = values_of("torch", golden.onnx, golden.inputs, "bf16")
    assert executed == "bf16"
    rows = walk(golden.net, [iterate_reference(golden.net, golden.inputs)], [values], executed)
    assert max(row.max_rel or 0 for row in rows) > 1e-3  # it did round
    assert (first_divergent(rows), first_amplifying(rows)) == (None, None)
    # The same numbers, said to be f32, are no rounding.
    rows = walk(golden.net, [iterate_reference(golden.net, golden.inputs)], [values], "f32")
    first = next(layer.name for layer in golden.net.layers if layer.type != "Input")
    assert (first_divergent(rows), first_amplifying(rows)) == (first, first)


def test_the_worst_of_all_inputs_counts(mini: GoldenNet):
    values, _ = values_of("onnxruntime", mini.onnx, mini.inputs)
    wrong = {**values, "conv3_1": values["conv3_1"] + np.float32(0.5)}
    walker = LayerWalker(mini.net, "f32")
    for given in (values, wrong, values):
        walker.begin(given)
        for name, array in iterate_reference(mini.net, mini.inputs):
            walker.take(name, array)
    rows = {row.blob: row for row in walker.layers()}
    assert rows["conv3_1"].max_abs == pytest.approx(0.5, abs=1e-4)
    assert rows["conv3_1"].layer == "relu3_1"  # the layer in place counts apart
    assert rows["conv3_1@conv3_1"].status == "pass"
    assert first_divergent(walker.layers()) == "relu3_1"
    assert walker.worst_inputs()["relu3_1"] == 1


def test_growth_is_that_over_what_the_layer_read(mini: GoldenNet):
    values = dict(values_of("onnxruntime", mini.onnx, mini.inputs)[0])
    exact = dict(iterate_reference(mini.net, mini.inputs))
    largest = float(np.abs(exact["conv2_1"]).max())
    values["conv2_1"] = (exact["conv2_1"] + 1e-3 * largest).astype(np.float32)
    values["conv2_2@conv2_2"] = (exact["conv2_2@conv2_2"] * (1 + 5e-3)).astype(np.float32)
    rows = {
        row.blob: row for row in walk(mini.net, [iterate_reference(mini.net, mini.inputs)], [values], "f32")
    }
    assert rows["conv2_1"].max_rel == pytest.approx(1e-3, rel=1e-3)
    assert rows["conv2_2@conv2_2"].growth == pytest.approx(5.0, rel=1e-2)
    assert rows["conv1_1@bw_conv1_1"].growth is None


def test_a_value_that_is_not_given_is_absent_and_hides_nothing(mini: GoldenNet, tmp_path: Path):
    _, layer, change = FAULTS["bias rolled"]
    faulty = changed(mini.onnx, tmp_path / "faulty.onnx", change)
    values, _ = values_of("onnxruntime", faulty, mini.inputs)
    values = {name: array for name, array in values.items() if not name.startswith("conv3_1@")}
    rows = walk(mini.net, [iterate_reference(mini.net, mini.inputs)], [values], "f32")
    (absent,) = (row for row in rows if row.status == "absent")
    assert absent.layer == layer
    assert absent.max_abs is None
    assert first_divergent(rows) == "relu3_1"


def test_a_blob_passes_exactly_when_the_rule_passes():
    random = np.random.default_rng(5)
    tolerance = Tolerance(rtol=1e-2, atol=1e-3)
    seen = set()
    for scale in np.geomspace(1e-4, 1e-1, 60):
        reference = random.normal(size=(1, 3, 4, 5)) * random.uniform(0.1, 10)
        found = (reference + random.normal(size=reference.shape) * scale).astype(np.float32)
        wanted = judge("x", reference, found, tolerance, "blob")
        error = compare_blob(reference, found, tolerance)
        assert error.status == wanted.status
        assert error.max_abs == pytest.approx(wanted.max_abs, rel=1e-12)
        assert error.max_rel == pytest.approx(wanted.max_rel, rel=1e-12)
        seen.add(error.status)
    assert seen == {"pass", "fail"}


@pytest.mark.parametrize(
    "found",
    [
        np.zeros((1, 2), np.float32),
        np.array([[1.0, np.nan, 0]], np.float32),
        np.array([[np.inf, 0, 0]], np.float32),
        np.zeros((1, 3), np.int64),
        np.array([[0, 0, 1e-3]], np.float32),
    ],
    ids=["shape", "nan", "inf", "integers", "zero reference"],
)
def test_what_cannot_be_right_fails(found: NDArray[np.float32]):
    assert compare_blob(np.zeros((1, 3)), found, DEFAULTS["f32"]).status == "fail"


def test_i8_has_no_rule_of_its_own(mini: GoldenNet):
    with pytest.raises(UsageFault) as caught:
        LayerWalker(mini.net, "i8")
    assert caught.value.code == "CTK601"
