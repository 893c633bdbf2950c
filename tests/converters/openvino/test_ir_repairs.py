"""What OpenVINO misreads is put right at every output, and refused where ctk cannot reach it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from ir_running import operations, read_ir, run_ir
from onnx import TensorProto, helper, numpy_helper
from onnx_samples import run_onnx

from converters.onnx_to_openvino import OnnxToOpenvino
from converters.openvino.account import kept_by
from converters.openvino.bodies import nodes_in_bodies
from converters.options import ConvertOptions
from converters.request import ConversionRequest
from toolkit.artifact import Artifact
from toolkit.errors import CtkError, EnvironmentFailed

X = np.random.default_rng(3).uniform(-3, 3, (2, 4, 3, 5)).astype(np.float32)
LRN = {"alpha": 2.0, "beta": 0.6, "bias": 1.5, "size": 3}


def value(name: str, element: int = TensorProto.FLOAT, shape: Any = None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, element, shape)


def saved(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    outputs: Sequence[str] = ("y",),
    *,
    opset: int = 13,
    shape: Sequence[int | str] | None = X.shape,
    held: dict[str, Any] | None = None,
    inputs: Sequence[onnx.ValueInfoProto] = (),
) -> Path:
    """From ``x`` to outputs whose shapes are left open."""
    tensors = [numpy_helper.from_array(np.asarray(a), name) for name, a in (held or {}).items()]
    given = [value("x", shape=shape), *inputs]
    graph = helper.make_graph(nodes, "small", given, [value(o) for o in outputs], tensors)
    path.write_bytes(
        helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8
        ).SerializeToString()
    )
    return path


def converted(source: Path, **options: Any) -> Artifact:
    request = ConversionRequest(
        (source,), output=source.with_suffix(".xml"), options=ConvertOptions(**options)
    )
    return OnnxToOpenvino().convert(request)


def normalised(x: Any) -> Any:
    """LRN as ONNX defines it, over three channels."""
    squares = np.pad(np.square(x, dtype=np.float64), ((0, 0), (1, 1), (0, 0), (0, 0)))
    windows = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
    return x / (LRN["bias"] + LRN["alpha"] / 3 * windows) ** LRN["beta"]


@pytest.mark.parametrize("outputs", [("y", "z"), ("z", "y")])
def test_an_output_that_is_read_further_on(tmp_path: Path, outputs: Sequence[str]):
    """A Result bears the name of the value that it passes on, and is not what makes it."""
    nodes = [
        helper.make_node("LRN", ["x"], ["y"], name="norm", **LRN),
        helper.make_node("Relu", ["y"], ["z"], name="positive"),
    ]
    artifact = converted(saved(tmp_path / "f.onnx", nodes, outputs))
    found = run_ir(artifact.path, {"x": X})
    np.testing.assert_allclose(found["y"], normalised(X), rtol=1e-5)
    np.testing.assert_allclose(found["z"], np.maximum(normalised(X), 0), rtol=1e-5)
    assert {"norm", "positive"} <= operations(read_ir(artifact.path)).keys()
    assert [tensor.name for tensor in artifact.document.graph_outputs] == list(outputs)
    assert [entry.fate for entry in artifact.document.ledger.layers] == ["converted", "converted"]


def test_equal_values_at_outputs_that_are_read_further_on(tmp_path: Path):
    nodes = [
        helper.make_node("TopK", ["x", "k"], ["top", "places"], name="top", axis=1),
        helper.make_node("Neg", ["top"], ["least"], name="turned"),
    ]
    source = saved(
        tmp_path / "f.onnx", nodes, ("top", "least"), shape=(3, 400), held={"k": np.array([5], np.int64)}
    )
    model = onnx.load(source)
    model.graph.output.append(value("places", TensorProto.INT64))
    onnx.save(model, source)
    x = np.random.default_rng(0).integers(0, 3, (3, 400)).astype(np.float32)
    wanted = np.argsort(-x, axis=1, kind="stable")[:, :5]
    artifact = converted(source)
    # Small cases come out right without it as well, by the algorithm that the CPU happens to take.
    (top,) = [op for op in read_ir(artifact.path).get_ops() if op.get_type_name() == "TopK"]
    assert top.get_attributes()["stable"]
    found = run_ir(artifact.path, {"x": x})
    np.testing.assert_array_equal(found["places"], wanted)
    np.testing.assert_array_equal(found["least"], -np.take_along_axis(x, wanted, 1))


@pytest.mark.parametrize("cut", [("y",), ("z",), ("y", "z"), ("z", "y")])
def test_cut_at_the_files_own_outputs(tmp_path: Path, cut: tuple[str, ...]):
    nodes = [helper.make_node("Abs", ["x"], ["y"]), helper.make_node("Neg", ["y"], ["z"])]
    artifact = converted(saved(tmp_path / "f.onnx", nodes, ("y", "z")), cut=cut)
    found = run_ir(artifact.path, {"x": X})
    assert [tensor.name for tensor in artifact.document.graph_outputs] == list(cut)
    for name in cut:
        np.testing.assert_array_equal(found[name], np.abs(X) if name == "y" else -np.abs(X))


def test_head_at_the_files_own_output(tmp_path: Path):
    nodes = [helper.make_node("Abs", ["x"], ["class8_ab"])]
    artifact = converted(saved(tmp_path / "f.onnx", nodes, ("class8_ab",)), head="ab")
    np.testing.assert_array_equal(run_ir(artifact.path, {"x": X})["class8_ab"], np.abs(X))


def test_a_result_is_no_operation_of_the_network():
    import openvino

    x = openvino.opset13.parameter([2], np.float32, name="x")
    result = openvino.opset13.result(openvino.opset13.abs(x, name="size"))
    result.set_friendly_name("layer")
    assert kept_by(openvino.Model([result], [x], "net")).operations == {"x", "size"}


@pytest.mark.parametrize("shape", [X.shape, ("n", 4, "h", 5)])
@pytest.mark.parametrize("axis", [None, 0, 1, 2, 3, -1, -3])
@pytest.mark.parametrize("opset", [11, 12])
def test_softmax_over_all_axes_from_one_on(tmp_path: Path, opset: int, axis: int | None, shape: Any):
    stated = {} if axis is None else {"axis": axis}
    nodes = [helper.make_node("Softmax", ["x"], ["y"], name="prob", **stated)]
    source = saved(tmp_path / "f.onnx", nodes, opset=opset, shape=shape)
    artifact = converted(source)
    e = np.exp(X.astype(np.float64)).reshape(*X.shape[: (1 if axis is None else axis % 4)], -1)
    expected = (e / e.sum(-1, keepdims=True)).reshape(X.shape)
    np.testing.assert_allclose(run_ir(artifact.path, {"x": X})["y"], expected, rtol=1e-5)
    assert "prob" in operations(read_ir(artifact.path))


@pytest.mark.parametrize("opset", [10, 12])
@pytest.mark.parametrize("kind", ["Softmax", "LogSoftmax", "Hardmax"])
def test_relatives_of_softmax(tmp_path: Path, kind: str, opset: int):
    source = saved(tmp_path / "f.onnx", [helper.make_node(kind, ["x"], ["y"], axis=2)], opset=opset)
    found = run_ir(converted(source).path, {"x": X})["y"]
    np.testing.assert_allclose(found, run_onnx(source, {"x": X})["y"], rtol=1e-5, atol=1e-6)


def test_softmax_of_a_single_column_stays_one(tmp_path: Path):
    nodes = [helper.make_node("Softmax", ["x"], ["y"], name="prob", axis=1)]
    source = saved(tmp_path / "f.onnx", nodes, opset=11, shape=(2, 4, 1, 1))
    assert operations(read_ir(converted(source).path))["prob"] == "Softmax"


def branching(path: Path, node: onnx.NodeProto, opset: int = 13) -> Path:
    """If ``c``, the node's ``t``; else ``x`` unchanged."""
    then = helper.make_graph([node], "then", [], [value("t")])
    other = helper.make_graph([helper.make_node("Identity", ["x"], ["e"])], "other", [], [value("e")])
    choice = helper.make_node("If", ["c"], ["y"], name="if", then_branch=then, else_branch=other)
    return saved(
        path, [choice], opset=opset, shape=(2, 400), inputs=[value("c", TensorProto.BOOL, [])],
        held={"k": np.array([5], np.int64)},
    )  # fmt: skip


@pytest.mark.parametrize(
    "node",
    [
        helper.make_node("LRN", ["x"], ["t"], name="inner", **LRN),
        helper.make_node("TopK", ["x", "k"], ["t", "places"], name="inner"),
        helper.make_node("Softmax", ["x"], ["t"], name="inner", axis=1),
    ],
    ids=lambda node: node.op_type,
)
def test_within_a_branch_it_is_refused(tmp_path: Path, node: onnx.NodeProto):
    with pytest.raises(EnvironmentFailed, match=f"CTK404 .* misreads {node.op_type} 'inner'"):
        converted(branching(tmp_path / "f.onnx", node, opset=12))
    assert not (tmp_path / "f.xml").exists()


@pytest.mark.parametrize(
    "node",
    [
        helper.make_node("LRN", ["x"], ["t"], size=3, bias=2.0),
        helper.make_node("Softmax", ["x"], ["t"], axis=-1),
    ],
    ids=lambda node: node.op_type,
)
def test_within_a_branch_what_is_read_right_is_taken(tmp_path: Path, node: onnx.NodeProto):
    assert converted(branching(tmp_path / "f.onnx", node, opset=12)).path.exists()


@pytest.mark.parametrize("kind", ["ReduceL1", "ReduceLogSumExp"])
def test_axes_of_a_reduction_within_a_branch(tmp_path: Path, kind: str):
    source = branching(tmp_path / "f.onnx", helper.make_node(kind, ["x"], ["t"], axes=[1], keepdims=1))
    x = np.random.default_rng(1).normal(size=(2, 400)).astype(np.float32)
    expected = np.abs(x).sum(1) if kind == "ReduceL1" else np.log(np.exp(x.astype(np.float64)).sum(1))
    found = run_ir(converted(source).path, {"x": x, "c": np.array(True)})["y"]
    np.testing.assert_allclose(found, expected[:, None], rtol=1e-5)


def test_nodes_in_bodies_however_deep(tmp_path: Path):
    model = onnx.load(branching(tmp_path / "f.onnx", helper.make_node("Abs", ["x"], ["t"])))
    inner = model.graph.node[0].attribute[0].g
    inner.node.append(helper.make_node("If", ["c"], ["deep"], then_branch=onnx.GraphProto(node=[
        helper.make_node("Sign", ["x"], ["s"])])))  # fmt: skip
    function = helper.make_function(
        "org.example", "F", ["a"], ["b"], [helper.make_node("Erf", ["a"], ["b"])],
        [helper.make_opsetid("", 11)],
    )  # fmt: skip
    model.functions.append(function)
    found = {node.op_type: opset for node, opset in nodes_in_bodies(model)}
    assert found == {"Abs": 13, "If": 13, "Sign": 13, "Identity": 13, "Erf": 11}


def test_names_of_what_is_put_in(tmp_path: Path):
    """A node may already bear the name that a mended or added operation would get."""
    nodes = [
        helper.make_node("LRN", ["x"], ["a"], name="n", **LRN),
        helper.make_node("Neg", ["a"], ["b"], name="n/normalised"),
        helper.make_node("Abs", ["b"], ["y"], name="n.bias_power"),
    ]
    artifact = converted(saved(tmp_path / "f.onnx", nodes))
    names = [op.get_friendly_name() for op in read_ir(artifact.path).get_ops()]
    assert len(names) == len(set(names))
    assert operations(read_ir(artifact.path))["n/normalised"] == "Negative"


def test_names_of_the_mean(tmp_path: Path):
    nodes = [
        helper.make_node("Relu", ["data_l"], ["data_l@mean"], name="mean"),
        helper.make_node("Neg", ["data_l@mean"], ["y"], name="data_l.mean"),
    ]
    graph = helper.make_graph(nodes, "g", [value("data_l", shape=[1, 4])], [value("y")])
    source = tmp_path / "f.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), source)
    artifact = converted(source, mean="inside")
    model = read_ir(artifact.path)
    names = [op.get_friendly_name() for op in model.get_ops()]
    assert len(names) == len(set(names))
    assert operations(model)["mean"] == "Relu"
    values = [name for op in model.get_ops() if op.get_type_name() != "Result"
              for out in op.outputs() for name in out.get_names()]  # fmt: skip
    assert len(values) == len(set(values))
    x = np.array([[0, 49, 51, 100]], np.float32)
    np.testing.assert_array_equal(run_ir(artifact.path, {"data_l": x})["y"], -np.maximum(x - 50, 0))


def test_the_name_of_the_value_is_said(tmp_path: Path):
    nodes = [helper.make_node("Relu", ["x"], ["y\x01"], name="fine")]
    with pytest.raises(CtkError, match=r"CTK604 an OpenVINO IR cannot hold the name 'y\\x01'"):
        converted(saved(tmp_path / "f.onnx", nodes, ("y\x01",)))
