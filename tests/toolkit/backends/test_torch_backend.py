"""The backend `torch` on ONNX graphs made here, against onnxruntime and formulas."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from scipy.signal import correlate

from toolkit.errors import BadInput, CtkError, EnvironmentFailed, UsageFault

pytest.importorskip("torch", reason="torch is an extra")

from toolkit.backends.torch import TorchBackend

RNG = np.random.default_rng(11)
SHAPE = (2, 3, 6, 7)
X = RNG.normal(size=SHAPE).astype(np.float32)


def random(*shape: int) -> Any:
    return RNG.normal(size=shape).astype(np.float32)


def ints(*values: int) -> Any:
    return np.array(values, np.int64)


def graph(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    constants: Sequence[tuple[str, Any]] = (),
    shape: Sequence[int | str] = SHAPE,
    opset: int = 13,
    outputs: Sequence[str] = ("y0",),
    domain: str = "",
) -> Path:
    """Element types of the outputs are inferred, as onnxruntime wants them."""
    given = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    stored = [numpy_helper.from_array(np.asarray(array), name) for name, array in constants]
    body = helper.make_graph(
        list(nodes), "g", given, [onnx.ValueInfoProto(name=name) for name in outputs], stored
    )
    sets = [helper.make_opsetid("", opset), *([helper.make_opsetid(domain, 1)] if domain else [])]
    model = onnx.shape_inference.infer_shapes(helper.make_model(body, opset_imports=sets, ir_version=8))
    path.write_bytes(model.SerializeToString())
    return path


def node(
    path: Path, op: str, constants: Sequence[Any] = (), opset: int = 13, outputs: int = 1, **attributes: Any
) -> Path:
    names = [f"c{i}" for i, array in enumerate(constants)]
    inputs = ["x", *(name if array is not None else "" for name, array in zip(names, constants, strict=True))]
    made = [f"y{i}" for i in range(outputs)]
    kept = [(name, array) for name, array in zip(names, constants, strict=True) if array is not None]
    return graph(
        path, [helper.make_node(op, inputs, made, name="n", **attributes)], kept, opset=opset, outputs=made
    )


# Operator, constant inputs, attributes; "opset" and "outputs" are not attributes.
NODES: list[tuple[str, Sequence[Any], dict[str, Any]]] = [
    *((op, (), {}) for op in ("Abs", "Exp", "Identity", "Neg", "Relu", "Sigmoid", "Softplus", "Tanh", "Shape", "Elu")),
    *((op, (random(3, 1, 1),), {}) for op in ("Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu", "Less", "Greater", "Equal")),
    ("Sum", (random(7), random(1)), {}),
    ("LeakyRelu", (), {"alpha": 0.3}),
    ("Elu", (), {"alpha": 0.3}),
    ("Mod", (np.float32(0.7),), {"fmod": 1}),
    ("Clip", (np.float32(-0.5), np.float32(0.4)), {}),
    ("Clip", (None, np.float32(0.4)), {}),
    *(("Softmax", (), {"axis": axis}) for axis in (0, 1, -1)),
    ("Softmax", (), {"axis": 1, "opset": 11}),
    ("LogSoftmax", (), {"axis": 2}),
    ("BatchNormalization", (random(3), random(3), random(3), np.abs(random(3))), {"epsilon": 1e-3}),
    ("LRN", (), {"size": 3, "alpha": 0.5, "beta": 0.6, "bias": 2.0}),
    ("MatMul", (random(7, 2),), {}),
    *((f"Reduce{kind}", (), {"axes": [1, -1], "keepdims": 0}) for kind in ("Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare")),
    ("ReduceSum", (ints(0, 2),), {}),
    ("ReduceMean", (), {"keepdims": 0}),
    ("ReduceMean", (ints(2),), {"opset": 18}),
    ("Conv", (random(4, 3, 3, 2), random(4)), {"pads": [1, 0, 1, 0], "strides": [2, 1], "dilations": [1, 2]}),
    ("Conv", (random(6, 1, 3, 3),), {"pads": [1, 0, 2, 1], "group": 3}),
    ("ConvTranspose", (random(3, 4, 3, 3), random(4)), {"pads": [1, 1, 1, 1], "strides": [2, 2], "output_padding": [1, 0]}),
    ("ConvTranspose", (random(3, 2, 3, 3),), {"pads": [1, 0, 0, 2], "dilations": [2, 1]}),
    *(("MaxPool", (), {"kernel_shape": [3, 2], "strides": [2, 1], "pads": pads}) for pads in ([0, 0, 0, 0], [1, 0, 2, 1])),
    ("MaxPool", (), {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "outputs": 2}),
    ("MaxPool", (), {"kernel_shape": [2, 2], "dilations": [2, 2]}),
    *(("AveragePool", (), {"kernel_shape": [3, 3], "pads": [1, 0, 1, 2], "count_include_pad": n}) for n in (0, 1)),
    ("GlobalAveragePool", (), {}),
    ("GlobalMaxPool", (), {}),
    ("Resize", (None, np.array([1, 1, 2, 3], np.float32)), {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}),
    ("Resize", (None, None, ints(2, 3, 9, 5)), {"mode": "linear", "coordinate_transformation_mode": "align_corners"}),
    ("Resize", (None, None, ints(2, 3, 9, 14)), {"mode": "linear"}),
    ("Reshape", (ints(0, -1, 7),), {}),
    ("Flatten", (), {"axis": 2}),
    ("Flatten", (), {"axis": 4}),
    ("Transpose", (), {"perm": [3, 0, 2, 1]}),
    ("Transpose", (), {}),
    ("Unsqueeze", (ints(0, -1),), {}),
    ("Unsqueeze", (), {"axes": [1, 3], "opset": 11}),
    ("Split", (ints(1, 2),), {"axis": 1, "outputs": 2}),
    ("Split", (), {"axis": 3, "outputs": 3, "num_outputs": 3, "opset": 18}),
    ("Slice", (ints(1, -1), ints(9, -(2**31)), ints(2, 3), ints(2, -1)), {}),
    ("Slice", (ints(1), ints(1)), {}),
    ("Gather", (ints(-1, 0),), {"axis": 2}),
    ("Gather", (np.array(1),), {}),
    ("GatherElements", (np.zeros((2, 3, 1, 7), np.int64) - 2,), {"axis": 2}),
    ("GatherND", (np.array([[1, 2], [0, 0]]),), {}),
    ("TopK", (ints(4),), {"axis": 3, "outputs": 2}),
    ("TopK", (ints(2),), {"axis": 1, "outputs": 2, "largest": 0}),
    ("Tile", (ints(1, 2, 1, 2),), {}),
    ("Expand", (ints(4, 1, 1, 6, 1),), {}),
    ("Pad", (ints(0, 0, 1, -1, 0, 0, 2, 1), np.float32(-3)), {"mode": "constant"}),
    ("Cast", (), {"to": TensorProto.INT64}),
    ("Cast", (), {"to": TensorProto.BOOL}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("op", "constants", "attributes"), NODES, ids=[f"{n[0]}-{i}" for i, n in enumerate(NODES)]
)
def test_operators_agree_with_onnxruntime(
    op: str, constants: Sequence[Any], attributes: dict[str, Any], tmp_path: Path
):
    path = node(tmp_path / "n.onnx", op, constants, **attributes)
    value = (np.round(X * 2) / 2).astype(np.float32)  # with equal numbers in it
    expected = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(
        None, {"x": value}
    )
    assert TorchBackend.supports(path) == ()
    with TorchBackend.load(path, threads=1) as session:
        found = list(session.run({"x": value}).values())
    assert len(found) == len(expected)
    for made, right in zip(found, expected, strict=True):
        assert made.dtype == right.dtype
        assert made.shape == right.shape
        np.testing.assert_allclose(made, right, rtol=2e-5, atol=2e-6)


def convolution(folder: Path) -> Path:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["y0"], name="relu"),
    ]
    return graph(folder / "conv.onnx", nodes, [("w", KERNEL)], ("n", 3, 6, 7))


KERNEL = random(2, 3, 3, 3)


def convolved(x: Any) -> Any:
    padded = np.pad(x.astype(float), ((0, 0), (1, 1), (1, 1)))
    return np.stack([correlate(padded, kernel.astype(float), "valid")[0] for kernel in KERNEL])


def test_says_what_runs_and_gives_what_is_inside(tmp_path: Path):
    import torch

    with TorchBackend.load(convolution(tmp_path), threads=1, precision="native") as session:
        info = session.info()
        found = session.run({"x": X}, ["c", "x", "y0"])
    assert (info.name, info.device, info.threads, info.precision_requested) == ("torch", "CPU", 1, "native")
    assert (info.precision_executed, info.runtime_version) == ("f32", torch.__version__)
    assert info.inputs["x"].shape == (None, 3, 6, 7)
    for item, inner, made in zip(X, found["c"], found["y0"], strict=True):
        assert inner == pytest.approx(convolved(item), abs=1e-5)
        assert made == pytest.approx(np.maximum(convolved(item), 0), abs=1e-5)


def test_bf16_is_executed_where_it_is_asked_for(tmp_path: Path):
    with TorchBackend.load(convolution(tmp_path), precision="bf16") as session:
        assert session.info().precision_executed == "bf16"
        found = session.run({"x": X}, ["c"])["c"]
    assert found.dtype == np.float32
    assert ((found.view(np.uint32) & 0xFFFF) == 0).all()  # bf16 is the upper half of an f32
    assert np.abs(found[0] - convolved(X[0])).max() < 0.1


def test_outputs_are_the_callers(tmp_path: Path):
    nodes = [
        helper.make_node("Identity", ["x"], ["same"], name="same"),
        helper.make_node("Identity", ["w"], ["kept"], name="kept"),
        helper.make_node("Add", ["same", "kept"], ["y0"], name="sum"),
    ]
    path = graph(tmp_path / "n.onnx", nodes, [("w", np.ones(7, np.float32))])
    given = X.copy()
    with TorchBackend.load(path) as session:
        first = session.run({"x": given}, ["same", "kept", "y0", "x"])
        for array in first.values():
            np.add(array, 5, out=array)
        assert (given == X).all()
        assert (session.run({"x": given})["y0"] == X + 1).all()


def test_weights_in_a_file_beside_it(tmp_path: Path):
    path = tmp_path / "apart.onnx"
    onnx.save_model(
        onnx.load(convolution(tmp_path)),
        path,
        save_as_external_data=True,
        location="apart.bin",
        size_threshold=0,
    )
    with TorchBackend.load(path) as session:
        assert session.run({"x": X}, ["c"])["c"][0] == pytest.approx(convolved(X[0]), abs=1e-5)
    (tmp_path / "apart.bin").unlink()
    assert TorchBackend.supports(path) == ()
    assert code_of(BadInput, path) == "CTK517"


LACKING = {
    "operator": ("EyeLike", (), {}),
    "ceil": ("MaxPool", (), {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}),
    "auto_pad": ("Conv", (random(4, 3, 3, 3),), {"auto_pad": "SAME_UPPER"}),
    "mode": ("Pad", (ints(0, 0, 1, 0, 0, 0, 1, 0),), {"mode": "reflect"}),
    "rounding": ("Resize", (None, np.array([1, 1, 2, 2], np.float32)), {"mode": "cubic"}),
    "attribute": ("Cast", (), {"to": 1, "round_mode": "up"}),
    "old": ("Relu", (), {"opset": 9}),
}


@pytest.mark.parametrize("name", LACKING)
def test_what_is_not_known_is_reported_and_refused(name: str, tmp_path: Path):
    op, constants, attributes = LACKING[name]
    path = node(tmp_path / "n.onnx", op, constants, **attributes)
    (found,) = TorchBackend.supports(path)
    assert (found.name, found.type) == ("n", op)
    with pytest.raises(EnvironmentFailed) as caught:
        TorchBackend.load(path)
    assert caught.value.code == "CTK404"
    assert found.reason in caught.value.what


def test_an_operator_of_another_domain_is_not_taken_for_onnxs(tmp_path: Path):
    stranger = helper.make_node("Relu", ["x"], ["y0"], name="n", domain="com.example")
    path = graph(tmp_path / "n.onnx", [stranger], domain="com.example")
    assert [one.type for one in TorchBackend.supports(path)] == ["com.example:Relu"]


def code_of(kind: type[CtkError], path: Path, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        TorchBackend.load(path, **options)
    return caught.value.code


def test_bad_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = convolution(tmp_path)
    assert code_of(UsageFault, path, threads=0) == "CTK601"
    assert code_of(EnvironmentFailed, path, threads=4096) == "CTK407"
    assert code_of(UsageFault, path, precision="f16") == "CTK604"
    assert code_of(UsageFault, path, device="npu") == "CTK604"
    assert code_of(BadInput, tmp_path / "none.onnx") == "CTK501"
    (tmp_path / "cut.onnx").write_bytes(path.read_bytes()[:100])
    assert code_of(BadInput, tmp_path / "cut.onnx") == "CTK517"
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert code_of(EnvironmentFailed, path, device="cuda") == "CTK404"


def test_torch_that_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EnvironmentFailed) as caught:
        TorchBackend.supports(convolution(tmp_path))
    assert caught.value.code == "CTK404"
    assert "pip install 'torch>=2.6'" in caught.value.notes[0]


def test_bad_inputs_and_names(tmp_path: Path):
    with TorchBackend.load(convolution(tmp_path)) as session:
        for inputs, outputs, code in (
            ({}, None, "CTK516"),
            ({"x": X}, ["nothing"], "CTK516"),
            ({"x": X[:, :1]}, None, "CTK508"),
        ):
            with pytest.raises(BadInput) as caught:
                session.run(inputs, outputs)
            assert caught.value.code == code
    with pytest.raises(UsageFault, match="closed"):
        session.run({"x": X})


def test_a_node_that_fails_is_named(tmp_path: Path):
    nodes = [helper.make_node("Reshape", ["x", "s"], ["y0"], name="odd")]
    path = graph(tmp_path / "n.onnx", nodes, [("s", ints(5, -1))], ("n", 3, 6, 7))
    with (
        TorchBackend.load(path) as session,
        pytest.raises(EnvironmentFailed, match="Reshape 'odd'") as caught,
    ):
        session.run({"x": X})
    assert caught.value.code == "CTK404"
