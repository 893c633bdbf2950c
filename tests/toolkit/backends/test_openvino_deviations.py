"""What OpenVINO computes otherwise than an ONNX file says is warned of, reported and refused; right is NumPy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx_graphs import graph, saved

from toolkit.backends.asynchronous import open_async
from toolkit.backends.openvino import OpenVinoBackend
from toolkit.errors import EnvironmentFailed
from toolkit.messages import collected_warnings

Array = NDArray[Any]
SHAPE = (2, 3, 4, 5)
X = np.random.default_rng(11).normal(size=SHAPE).astype(np.float32)
TIES = np.random.default_rng(12).integers(0, 3, (2, 64)).astype(np.float32)


def softmax_from(x: Array, axis: int) -> Array:
    """As ONNX's operator sets below 13: over all axes from that one on."""
    rows = x.reshape(int(np.prod(x.shape[:axis])), -1).astype(float)
    powers = np.exp(rows - rows.max(1, keepdims=True))
    return np.asarray((powers / powers.sum(1, keepdims=True)).reshape(x.shape))


def normalised(x: Array, bias: float) -> Array:
    """ONNX's LRN of size 3 with alpha 1 and beta 0.75."""
    padded = np.pad(x.astype(float) ** 2, ((0, 0), (1, 1), (0, 0), (0, 0)))
    windows = sum(padded[:, i : i + x.shape[1]] for i in range(3))
    return np.asarray(x / (bias + windows / 3) ** 0.75)


def less(node: onnx.NodeProto, opset: int = 13) -> onnx.ModelProto:
    """``y = x - r`` with the node's output r, so that a wrong shape of r is broadcast and not seen."""
    return graph([node, helper.make_node("Sub", ["x", "r"], ["y"], name="less")], shape=SHAPE, opset=opset)


def reduction(kind: str, opset: int = 13, axes: list[int] | None = None) -> onnx.ModelProto:
    return less(helper.make_node(f"Reduce{kind}", ["x"], ["r"], name="odd", axes=axes or [1]), opset)


def lrn(bias: float) -> onnx.ModelProto:
    node = helper.make_node("LRN", ["x"], ["y"], name="odd", size=3, alpha=1.0, beta=0.75, bias=bias)
    return graph([node], shape=SHAPE)


def softmax(opset: int, **axis: int) -> onnx.ModelProto:
    return graph([helper.make_node("Softmax", ["x"], ["y"], name="odd", **axis)], shape=SHAPE, opset=opset)


def top(outputs: list[str], made: str) -> onnx.ModelProto:
    nodes = [
        helper.make_node("TopK", ["x", "k"], outputs, name="odd", axis=1),
        helper.make_node("Cast", [made], ["y"], name="cast", to=TensorProto.FLOAT),
    ]
    return graph(nodes, [numpy_helper.from_array(np.array([64]), "k")], shape=TIES.shape)


def added(x: Array, axis: int) -> Array:
    return np.asarray(np.abs(x.astype(float)).sum(axis, keepdims=True))


def log_sum_exp(x: Array) -> Array:
    return np.asarray(np.log(np.exp(x.astype(float)).sum(1, keepdims=True)))


WRONG: dict[str, tuple[onnx.ModelProto, Array, Callable[[Array], Array]]] = {
    "LRN": (lrn(1.5), X, lambda x: normalised(x, 1.5)),
    "TopK": (top(["v", "i"], "i"), TIES, lambda x: np.argsort(-x, axis=1, kind="stable")),
    "ReduceL1": (reduction("L1"), X, lambda x: x - added(x, 1)),
    "ReduceL1 17": (reduction("L1", 17, [-1]), X, lambda x: x - added(x, -1)),
    "ReduceLogSum": (reduction("LogSum"), abs(X), lambda x: x - np.log(added(x, 1))),
    "ReduceLogSumExp": (reduction("LogSumExp"), X, lambda x: x - log_sum_exp(x)),
    "Softmax": (softmax(11), X, lambda x: softmax_from(x, 1)),
    "Softmax 12": (softmax(12, axis=-2), X, lambda x: softmax_from(x, 2)),
}
RIGHT: dict[str, tuple[onnx.ModelProto, Array, Callable[[Array], Array]]] = {
    "LRN": (lrn(2.0), X, lambda x: normalised(x, 2)),
    "TopK": (top(["v"], "v"), TIES, lambda x: -np.sort(-x, axis=1)),
    "TopK with places that nobody reads": (top(["v", "i"], "v"), TIES, lambda x: -np.sort(-x, axis=1)),
    "ReduceL1 12": (reduction("L1", 12), X, lambda x: x - added(x, 1)),
    "ReduceL1 of all axes": (
        reduction("L1", axes=[0, 1, -2, 3]),
        X,
        lambda x: x - abs(x.astype(float)).sum(keepdims=True),
    ),
    "Softmax 12": (softmax(12, axis=3), X, lambda x: softmax_from(x, 3)),
    "Softmax 13": (softmax(13), X, lambda x: softmax_from(x, 3)),
}


def ran(path: Path, x: Array) -> tuple[Array, list[str]]:
    with collected_warnings() as warnings, OpenVinoBackend.load(path, threads=1) as session:
        return session.run({"x": x})["y"], warnings


@pytest.mark.parametrize("name", WRONG)
def test_wrong_numbers_are_reported_and_warned_of(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    model, x, expected = WRONG[name]
    path = saved(model, tmp_path)
    lacking = OpenVinoBackend.supports(path)
    assert [(one.name, one.type) for one in lacking] == [("odd", name.split(maxsplit=1)[0])]
    found, warnings = ran(path, x)
    assert warnings == [f"openvino computes {lacking[0].type} 'odd' of {path} wrongly: {lacking[0].reason}"]
    assert abs(found - expected(x)).max() > 0.01, "should OpenVINO be right now, drop the rule"
    OpenVinoBackend.load(path).close()
    assert f"note: convert it to OpenVINO IR, where this is put right: ctk convert {path} --to openvino" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("name", RIGHT)
def test_like_nodes_that_openvino_computes_rightly_are_not_reported(name: str, tmp_path: Path):
    model, x, expected = RIGHT[name]
    path = saved(model, tmp_path)
    assert OpenVinoBackend.supports(path) == ()
    found, warnings = ran(path, x)
    assert warnings == []
    assert found == pytest.approx(expected(x), abs=1e-4)


def test_several_inferences_at_once_are_warned_of_too(tmp_path: Path):
    with collected_warnings() as warnings:
        open_async("openvino", saved(lrn(1.5), tmp_path), 1, in_flight=1).close()
    assert len(warnings) == 1


def test_nodes_of_a_subgraph_and_of_a_function(tmp_path: Path):
    def branch(op: str) -> onnx.GraphProto:
        node = helper.make_node(op, ["x"], ["r"], name=f"is{op}", axes=[1])
        return helper.make_graph(
            [node], op, [], [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)]
        )

    choice = helper.make_node(
        "If", ["b"], ["c"], name="if", then_branch=branch("ReduceL1"), else_branch=branch("ReduceMax")
    )
    called = helper.make_node("Mine", ["c"], ["y"], name="call", domain="my")
    model = graph([choice, called], shape=(2, 3), domains=["my"])
    model.graph.input.append(helper.make_tensor_value_info("b", TensorProto.BOOL, []))
    inner = helper.make_node("LRN", ["a"], ["d"], name="lrn", size=3, bias=0.5)
    model.functions.append(
        helper.make_function("my", "Mine", ["a"], ["d"], [inner], [helper.make_opsetid("", 13)])
    )
    found = {one.name: one.type for one in OpenVinoBackend.supports(saved(model, tmp_path))}
    assert found.items() >= {"if/isReduceL1": "ReduceL1", "Mine/lrn": "LRN"}.items()
    assert "if/isReduceMax" not in found


@pytest.mark.parametrize("stated", [None, (2, 1, 4, 5)])
def test_an_output_of_another_shape_than_the_files_is_refused(stated: tuple[int, ...] | None, tmp_path: Path):
    model = graph([helper.make_node("ReduceL1", ["x"], ["y"], name="odd", axes=[1])], shape=SHAPE)
    if stated:
        model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, stated))
    with (
        collected_warnings(),
        pytest.raises(EnvironmentFailed, match=r"CTK404 .*'y' the shape 1×1×1×1 instead of 2×1×4×5") as found,
    ):
        OpenVinoBackend.load(saved(model, tmp_path))
    assert "--to openvino" in found.value.notes[0]


def test_open_sizes_of_an_output_are_none_to_contradict(tmp_path: Path):
    model = graph([helper.make_node("Neg", ["x"], ["y"])], shape=("n", 3))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, (2, "m")))
    with OpenVinoBackend.load(saved(model, tmp_path)) as session:
        assert session.run({"x": np.ones((2, 3), np.float32)})["y"].tolist() == [[-1] * 3] * 2


@pytest.mark.parametrize("raw", [False, True])
def test_bits_of_bfloat16_in_words_are_taken_for_whole_numbers(
    raw: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    held = helper.make_tensor("odd", TensorProto.BFLOAT16, [4], [1.0, 2.0, -0.5, 3.0])
    if raw:
        bits = np.array(held.int32_data, np.uint16).tobytes()
        held = helper.make_tensor("odd", TensorProto.BFLOAT16, [4], bits, raw=True)
    nodes = [
        helper.make_node("Cast", ["odd"], ["w"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x", "w"], ["y"]),
    ]
    path = saved(graph(nodes, [held], shape=(4,)), tmp_path)
    found, warnings = ran(path, np.ones(4, np.float32))
    expected = np.array([1.0, 2.0, -0.5, 3.0])
    if raw:
        assert (warnings, OpenVinoBackend.supports(path)) == ([], ())
        assert found == pytest.approx(expected)
        return
    assert [(one.name, one.type) for one in OpenVinoBackend.supports(path)] == [("odd", "Constant")]
    assert len(warnings) == 1
    assert "'odd'" in warnings[0]
    assert abs(found - expected).max() > 0.01, "should OpenVINO be right now, drop the rule"
    OpenVinoBackend.load(path).close()
    assert "note: store them as raw_data, or use another backend" in capsys.readouterr().err


@pytest.mark.parametrize("element", [TensorProto.FLOAT8E4M3FN, TensorProto.FLOAT8E5M2])
def test_float8_in_words_as_well(element: int, tmp_path: Path):
    held = helper.make_tensor("odd", element, [4], [1.0, 2.0, 4.0, 2.0])
    nodes = [
        helper.make_node("Cast", ["odd"], ["w"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["x", "w"], ["y"]),
    ]
    path = saved(graph(nodes, [held], shape=(4,), opset=19), tmp_path)
    found, warnings = ran(path, np.ones(4, np.float32))
    assert len(warnings) == 1
    assert abs(found - [1.0, 2.0, 4.0, 2.0]).max() > 0.01, "should OpenVINO be right now, drop the rule"


def test_numbers_that_nodes_hold(tmp_path: Path):
    def held(value: float) -> onnx.TensorProto:
        return helper.make_tensor("", TensorProto.BFLOAT16, [1], [value])

    def branch(name: str) -> onnx.GraphProto:
        nodes = [
            helper.make_node("Constant", [], ["k"], name=f"k{name}", value=held(2.0)),
            helper.make_node("Cast", ["k"], ["r"], to=TensorProto.FLOAT),
        ]
        return helper.make_graph(
            nodes, name, [], [helper.make_tensor_value_info("r", TensorProto.FLOAT, None)]
        )

    size = helper.make_tensor("size", TensorProto.INT64, [1], [4])
    nodes = [
        helper.make_node("ConstantOfShape", ["size"], ["five"], name="filled", value=held(5.0)),
        helper.make_node("Cast", ["five"], ["w"], to=TensorProto.FLOAT),
        helper.make_node("If", ["b"], ["c"], name="if", then_branch=branch("yes"), else_branch=branch("no")),
        helper.make_node("Mul", ["x", "w"], ["p"]),
        helper.make_node("Mul", ["p", "c"], ["y"]),
    ]
    model = graph(nodes, [size], shape=(4,))
    model.graph.input.append(helper.make_tensor_value_info("b", TensorProto.BOOL, []))
    path = saved(model, tmp_path)
    found = [(one.name, one.type) for one in OpenVinoBackend.supports(path)]
    assert set(found) == {("filled", "Constant"), ("if/kyes", "Constant"), ("if/kno", "Constant")}
    with collected_warnings(), OpenVinoBackend.load(path, threads=1) as session:
        given = {"x": np.ones(4, np.float32), "b": np.array(True)}
        assert session.run(given)["y"][0] != pytest.approx(10), "should OpenVINO be right now, drop the rule"
