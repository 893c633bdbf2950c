"""Nodes tried one by one: what each little model holds, and what the real runtimes say of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_graphs import graph, saved

from toolkit.backends.node_probe import probe_nodes
from toolkit.backends.onnxruntime import OnnxRuntimeBackend
from toolkit.backends.openvino import OpenVinoBackend
from toolkit.errors import BadInput

BACKENDS = [OnnxRuntimeBackend, OpenVinoBackend]
WEIGHT = np.random.default_rng(3).normal(size=(64, 2, 3, 3)).astype(np.float32)


def convolution(name: str = "conv", weight: str = "w", bottom: str = "x", top: str = "y") -> onnx.NodeProto:
    return helper.make_node("Conv", [bottom, weight], [top], name=name, pads=[1, 1, 1, 1])


def tried(model: Path) -> list[onnx.ModelProto]:
    """The one-node models, each of which the onnx package must find sound."""
    found: list[onnx.ModelProto] = []

    def keep(data: bytes) -> None:
        found.append(onnx.load_model_from_string(data))

    assert probe_nodes(model, keep) == ()
    for one in found:
        onnx.checker.check_model(one)
    return found


def test_weights_keep_their_shape_and_lose_their_numbers(tmp_path: Path):
    model = graph([convolution()], [numpy_helper.from_array(WEIGHT, "w")], shape=(1, 2, 4, 5))
    (one,) = tried(saved(model, tmp_path))
    weight = numpy_helper.to_array(one.graph.initializer[0])
    assert (weight.shape, weight.dtype) == (WEIGHT.shape, WEIGHT.dtype)
    assert (weight == np.float32(0.01)).all()
    assert [d.dim_value for d in one.graph.input[0].type.tensor_type.shape.dim] == [1, 2, 4, 5]
    assert [d.dim_value for d in one.graph.output[0].type.tensor_type.shape.dim] == [1, 64, 4, 5]
    assert one.graph.node[0].attribute[0].ints == [1, 1, 1, 1]


def test_small_constants_keep_their_numbers_also_those_of_constant_nodes(tmp_path: Path):
    stated = numpy_helper.from_array(np.array([1, -1], np.int64))
    nodes = [
        helper.make_node("Reshape", ["x", "s"], ["r"], name="a"),
        helper.make_node("Constant", [], ["c"], value=stated),
        helper.make_node("Reshape", ["r", "c"], ["y"], name="b"),
    ]
    sizes = numpy_helper.from_array(np.array([2, -1], np.int64), "s")
    models = [
        m for m in tried(saved(graph(nodes, [sizes]), tmp_path)) if m.graph.node[0].op_type == "Reshape"
    ]
    kept = [numpy_helper.to_array(m.graph.initializer[0]).tolist() for m in models]
    assert kept == [[2, -1], [1, -1]]


def test_equal_nodes_are_tried_once_and_each_is_named(tmp_path: Path):
    nodes = [
        helper.make_node("Relu", ["x"], ["a"], name="first"),
        helper.make_node("Relu", ["a"], ["b"], name="second"),
        helper.make_node("Elu", ["b"], ["c"], name="soft", alpha=0.5),
        helper.make_node("Elu", ["c"], ["y"], alpha=0.25),
    ]
    calls = []

    def refuse(data: bytes) -> None:
        calls.append(data)
        raise ValueError("no\nsecond line")

    found = probe_nodes(saved(graph(nodes), tmp_path), refuse)
    assert len(calls) == 3
    assert [(part.name, part.type, part.reason) for part in found] == [
        ("first", "Relu", "no"),
        ("second", "Relu", "no"),
        ("soft", "Elu", "no"),
        ("node 3", "Elu", "no"),
    ]


def test_memory_that_ran_out_proves_nothing(tmp_path: Path):
    def exhausted(data: bytes) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        probe_nodes(saved(graph([helper.make_node("Relu", ["x"], ["y"])]), tmp_path), exhausted)


def skeleton(model: onnx.ModelProto, folder: Path) -> Path:
    """The model with its weights in a file that is then removed."""
    path = folder / "net.onnx"
    onnx.save_model(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    (folder / "weights.bin").unlink()
    return path


def test_a_skeleton_is_tried_with_made_up_weights(tmp_path: Path):
    small = WEIGHT[:3]
    nodes = [convolution(top="a"), convolution(bottom="x", weight="v")]
    constants = [numpy_helper.from_array(WEIGHT, "w"), numpy_helper.from_array(small, "v")]
    models = tried(skeleton(graph(nodes, constants), tmp_path))
    assert [list(m.graph.initializer[0].dims) for m in models] == [[64, 2, 3, 3], [3, 2, 3, 3]]


def test_shapes_that_are_missing_come_from_outside(tmp_path: Path):
    sizes = numpy_helper.from_array(np.array([2, -1], np.int64), "s")
    path = skeleton(graph([helper.make_node("Reshape", ["x", "s"], ["y"])], [sizes]), tmp_path)
    found: list[onnx.ModelProto] = []
    probe_nodes(path, lambda data: found.append(onnx.load_model_from_string(data)))
    (one,) = found
    assert not one.graph.initializer
    missing = one.graph.input[1].type.tensor_type
    assert (missing.elem_type, missing.shape.dim[0].dim_value) == (TensorProto.INT64, 2)


def test_a_size_that_is_only_claimed_is_not_allocated(tmp_path: Path):
    model = graph([convolution()], [numpy_helper.from_array(WEIGHT, "w")])
    path = skeleton(model, tmp_path)
    model = onnx.load_model(path, load_external_data=False)
    model.graph.initializer[0].dims[:] = [1 << 30, 2, 3, 3]
    sizes = []
    probe_nodes(saved(model, tmp_path), lambda data: sizes.append(len(data)))
    assert sizes[0] < 1000


@pytest.mark.parametrize(
    "element", [TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE, TensorProto.INT8]
)
def test_made_up_constants_of_other_element_types_are_sound(element: int, tmp_path: Path):
    values = numpy_helper.to_array(helper.make_tensor("t", TensorProto.FLOAT, [2000], [1.0] * 2000))
    constant = helper.make_tensor(
        "w", element, [2000], values.astype(int) if element == TensorProto.INT8 else values
    )
    model = graph(
        [helper.make_node("Add", ["x", "w"], ["y"])], [constant], element=element, shape=(2000,), opset=14
    )
    (one,) = tried(saved(model, tmp_path))
    assert abs(numpy_helper.to_array(one.graph.initializer[0]).astype(float)).max() <= 0.011


def branches() -> list[onnx.NodeProto]:
    """An If whose branches read the value around them."""
    then = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["t"])], "then", [], [helper.make_tensor_value_info("t", 1, None)]
    )
    other = helper.make_graph(
        [helper.make_node("Mul", ["x", "w"], ["e"])],
        "else",
        [],
        [helper.make_tensor_value_info("e", 1, None)],
    )
    return [
        helper.make_node("ReduceMax", ["x"], ["m"], keepdims=0),
        helper.make_node("Greater", ["m", "zero"], ["c"]),
        helper.make_node("If", ["c"], ["y"], name="choice", then_branch=then, else_branch=other),
    ]


@pytest.mark.parametrize("backend", BACKENDS)
def test_subgraphs_get_what_they_read_from_around_them(backend: type[OnnxRuntimeBackend], tmp_path: Path):
    constants = [
        numpy_helper.from_array(np.array(0, np.float32), "zero"),
        numpy_helper.from_array(np.ones(5, np.float32), "w"),
    ]
    path = saved(graph(branches(), constants), tmp_path)
    assert len(tried(path)) == 3
    assert backend.supports(path) == ()


def test_functions_of_the_file_are_known(tmp_path: Path):
    node = helper.make_node("Twice", ["x"], ["y"], domain="my")
    model = graph([node], domains=["my"])
    body = [helper.make_node("Add", ["a", "a"], ["b"])]
    model.functions.append(
        helper.make_function("my", "Twice", ["a"], ["b"], body, [helper.make_opsetid("", 13)])
    )
    assert OnnxRuntimeBackend.supports(saved(model, tmp_path)) == ()


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_operator_that_a_runtime_lacks_is_named(backend: type[OnnxRuntimeBackend], tmp_path: Path):
    nodes = [
        convolution(top="a"),
        helper.make_node("Frob", ["a"], ["b"], name="strange", domain="my"),
        helper.make_node("Relu", ["b"], ["c"], name="after"),
        helper.make_node("Frob", ["c"], ["d"], name="again", domain="my"),
        helper.make_node("Blob", ["d"], ["y"], name="last"),
    ]
    model = graph(nodes, [numpy_helper.from_array(WEIGHT, "w")], domains=["my"])
    found = backend.supports(skeleton(model, tmp_path))
    assert [(part.name, part.type) for part in found] == [
        ("strange", "my:Frob"),
        ("again", "my:Frob"),
        ("last", "Blob"),
    ]
    for part in found:
        assert part.type.partition(":")[2] or part.type in part.reason
        assert "src/" not in part.reason
        assert "onnxruntime_src" not in part.reason


def test_an_element_type_without_a_kernel(tmp_path: Path):
    nodes = [helper.make_node("Relu", ["x"], ["y"], name="r")]
    path = saved(graph(nodes, element=TensorProto.BFLOAT16, opset=14), tmp_path)
    (found,) = OnnxRuntimeBackend.supports(path)
    assert (found.name, found.type) == ("r", "Relu")
    assert "Could not find an implementation for Relu" in found.reason
    with pytest.raises(onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented):
        onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("data", "code"),
    [(None, "CTK501"), (b"", "CTK502"), (b"\x08\x08\x3a\xff\xff", "CTK517"), (b"\x08\x08\x12\x00", "CTK517")],
    ids=["missing", "empty", "cut", "no-graph"],
)
def test_files_that_are_no_graph(
    backend: type[OnnxRuntimeBackend], data: bytes | None, code: str, tmp_path: Path
):
    path = tmp_path / "net.onnx"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(BadInput, match=code):
        backend.supports(path)


def test_a_graph_that_contradicts_itself_names_the_node(tmp_path: Path):
    wrong = numpy_helper.from_array(np.ones((3, 7, 3, 3), np.float32), "w")
    nodes: Sequence[onnx.NodeProto] = [convolution(top="a"), helper.make_node("Relu", ["a"], ["y"], name="r")]
    path = saved(graph(list(nodes), [wrong], shape=(1, 2, 4, 5)), tmp_path)
    assert [part.name for part in OpenVinoBackend.supports(path)] == ["conv"]
