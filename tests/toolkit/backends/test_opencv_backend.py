"""The backend `opencv` on ONNX graphs made here; numbers are checked against scipy and NumPy."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from scipy.signal import correlate

from toolkit.backends.opencv import OnnxInOpenCv
from toolkit.errors import BadInput, CtkError, EnvironmentFailed, UsageFault
from toolkit.messages import collected_warnings

RNG = np.random.default_rng(5)
KERNEL = RNG.normal(size=(3, 2, 3, 3)).astype(np.float32)
X = RNG.normal(size=(1, 2, 4, 5)).astype(np.float32)
THREE = RNG.normal(size=(1, 3, 4, 5)).astype(np.float32)


def graph(
    nodes: Sequence[onnx.NodeProto],
    path: Path,
    constants: dict[str, Any] | None = None,
    inputs: dict[str, Sequence[int | str]] | None = None,
    output: Sequence[int | str] | None = None,
    element: int = TensorProto.FLOAT,
) -> Path:
    shapes = inputs or {"x": (1, 2, 4, 5)}
    given = [helper.make_tensor_value_info(name, element, shape) for name, shape in shapes.items()]
    made = [helper.make_tensor_value_info("y", element, output)]
    stored = [numpy_helper.from_array(np.asarray(array), name) for name, array in (constants or {}).items()]
    body = helper.make_graph(list(nodes), "small", given, made, stored)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def convolution(folder: Path, **options: Any) -> Path:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["y"], name="relu"),
    ]
    return graph(nodes, folder / "net.onnx", {"w": KERNEL}, **options)


def convolved(x: Any) -> Any:
    padded = np.pad(x.astype(float), ((0, 0), (1, 1), (1, 1)))
    return np.stack([correlate(padded, kernel.astype(float), "valid")[0] for kernel in KERNEL])


def test_runs_a_graph_and_gives_what_is_inside(tmp_path: Path):
    with OnnxInOpenCv.load(convolution(tmp_path), threads=1) as session:
        found = session.run({"x": X}, ["y", "c", "x"])
        session.synchronise()
    assert list(found) == ["y", "c", "x"]
    assert found["c"][0] == pytest.approx(convolved(X[0]), abs=1e-5)
    assert found["y"][0] == pytest.approx(np.maximum(convolved(X[0]), 0), abs=1e-5)
    assert (found["x"] == X).all()


def test_says_what_runs(tmp_path: Path):
    import cv2

    with OnnxInOpenCv.load(convolution(tmp_path), threads=1, precision="native", winograd=False) as session:
        info = session.info()
    assert (info.name, info.device, info.precision_executed, info.precision_requested) == (
        "opencv",
        "CPU",
        "f32",
        "native",
    )
    assert info.runtime_version == cv2.__version__
    assert info.threads == cv2.getNumThreads() == 1
    assert info.settings == {"winograd": "off"}
    assert info.inputs["x"].shape == (1, 2, 4, 5)


def test_other_batches_and_sizes_where_the_graph_leaves_them_open(tmp_path: Path):
    path = convolution(tmp_path, inputs={"x": ("n", 2, "h", "w")}, output=("n", 3, "h", "w"))
    batch = RNG.normal(size=(3, 2, 6, 4)).astype(np.float32)
    with OnnxInOpenCv.load(path) as session:
        first = session.run({"x": X})["y"]
        kept = first.copy()
        second = session.run({"x": batch})["y"]
    assert (first == kept).all()
    assert first.shape == (1, 3, 4, 5)
    for item, made in zip(batch, second, strict=True):
        assert made == pytest.approx(np.maximum(convolved(item), 0), abs=1e-5)


def test_vectors_keep_their_shape(tmp_path: Path):
    path = graph(
        [helper.make_node("Neg", ["x"], ["y"], name="n")],
        tmp_path / "n.onnx",
        inputs={"x": (5,)},
        output=(5,),
    )
    with OnnxInOpenCv.load(path) as session:
        found = session.run({"x": np.arange(5, dtype=np.float32)})["y"]
    assert (found == -np.arange(5)).all()
    assert found.shape == (5,)


def test_an_input_that_nothing_reads_is_no_obstacle(tmp_path: Path):
    path = convolution(tmp_path, inputs={"unread": (1, 3), "x": (1, 2, 4, 5)})
    with OnnxInOpenCv.load(path) as session:
        found = session.run({"x": X, "unread": np.zeros((1, 3), np.float32)})["y"]
    assert found[0] == pytest.approx(np.maximum(convolved(X[0]), 0), abs=1e-5)


def test_weights_in_a_file_beside_it(tmp_path: Path):
    whole = onnx.load(convolution(tmp_path))
    path = tmp_path / "apart.onnx"
    onnx.save_model(whole, path, save_as_external_data=True, location="apart.bin", size_threshold=0)
    with OnnxInOpenCv.load(path) as session:
        assert session.run({"x": X})["y"][0] == pytest.approx(np.maximum(convolved(X[0]), 0), abs=1e-5)
    (tmp_path / "apart.bin").unlink()
    assert OnnxInOpenCv.supports(path) == ()
    assert code_of(BadInput, path) == "CTK517"


def code_of(kind: type[CtkError], path: Path, **options: Any) -> str:
    with pytest.raises(kind) as caught:
        OnnxInOpenCv.load(path, **options)
    return caught.value.code


def test_bad_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = convolution(tmp_path)
    assert code_of(UsageFault, path, threads=0) == "CTK601"
    assert code_of(EnvironmentFailed, path, threads=4096) == "CTK407"
    assert code_of(UsageFault, path, precision="bf16") == "CTK604"
    assert code_of(UsageFault, path, device="NPU") == "CTK604"
    assert code_of(BadInput, tmp_path / "none.onnx") == "CTK501"
    (tmp_path / "page.onnx").write_text("<!doctype html><html></html>")
    assert code_of(BadInput, tmp_path / "page.onnx") == "CTK502"
    (tmp_path / "cut.onnx").write_bytes(path.read_bytes()[:200])
    assert code_of(BadInput, tmp_path / "cut.onnx") == "CTK517"
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert code_of(EnvironmentFailed, path) == "CTK404"


def test_opencl_only_where_opencv_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import cv2

    monkeypatch.setattr(cv2.ocl, "haveOpenCL", lambda: False)
    assert code_of(EnvironmentFailed, convolution(tmp_path), device="OPENCL") == "CTK404"


def test_bad_inputs_and_names(tmp_path: Path):
    with OnnxInOpenCv.load(convolution(tmp_path)) as session:
        for inputs, outputs, code in (
            ({}, None, "CTK516"),
            ({"x": X, "z": X}, None, "CTK516"),
            ({"x": X}, ["nothing"], "CTK516"),
            ({"x": X[:, :1]}, None, "CTK508"),
            ({"x": X.astype(float)}, None, "CTK508"),
        ):
            with pytest.raises(BadInput) as caught:
                session.run(inputs, outputs)
            assert caught.value.code == code
    with pytest.raises(UsageFault, match="closed"):
        session.run({"x": X})


def test_sizes_that_do_not_fit_each_other_are_the_inputs_fault(tmp_path: Path):
    nodes = [helper.make_node("Concat", ["x", "z"], ["y"], name="join", axis=1)]
    path = graph(nodes, tmp_path / "n.onnx", inputs={"x": (1, 2, "h", 5), "z": (1, 2, "k", 5)})
    with OnnxInOpenCv.load(path) as session, pytest.raises(BadInput) as caught:
        session.run({"x": X, "z": X[:, :, :3]})
    assert caught.value.code == "CTK508"


def test_integer_inputs_are_refused(tmp_path: Path):
    path = graph([helper.make_node("Neg", ["x"], ["y"])], tmp_path / "n.onnx", element=TensorProto.INT64)
    assert code_of(EnvironmentFailed, path) == "CTK404"


def test_an_operator_that_cv2_lacks_is_named_and_nothing_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    nodes = [
        helper.make_node("Relu", ["x"], ["r"], name="fine"),
        helper.make_node("EyeLike", ["r"], ["y"], name="strange"),
    ]
    path = graph(nodes, tmp_path / "n.onnx", inputs={"x": (4, 4)}, output=(4, 4))
    with pytest.raises(EnvironmentFailed) as caught:
        OnnxInOpenCv.load(path)
    assert caught.value.code == "CTK404"
    assert "EyeLike ('strange')" in caught.value.what
    assert [(one.name, one.type) for one in OnnxInOpenCv.supports(path)] == [("strange", "EyeLike")]
    assert capfd.readouterr() == ("", "")


def nearest(old: int, new: int) -> Any:
    """Of half-pixel positions the nearest, of two equally near the first."""
    return np.ceil((np.arange(new) + 0.5) * old / new - 1).astype(int)


# What each node really computes, beside what ONNX says: every entry of the table must still be true.
WRONG = {
    "three axes": ("ReduceMean", {"axes": [1, 2, 3]}, {}, lambda x: x.mean((1, 2, 3), keepdims=True)),
    "padding": (
        "AveragePool",
        {"kernel_shape": [1, 3], "pads": [0, 1, 0, 1], "count_include_pad": 1},
        {},
        lambda x: sum(np.pad(x, ((0, 0),) * 3 + ((1, 1),))[..., i : i + 5] for i in range(3)) / 3,
    ),
    "slope of a row": ("PRelu", {}, {"s": np.arange(1, 6, dtype=np.float32)}, lambda x: np.where(x < 0, x * np.arange(1, 6), x)),
    "nearest": (
        "Resize",
        {"mode": "nearest", "coordinate_transformation_mode": "half_pixel", "nearest_mode": "round_prefer_floor"},
        {"roi": np.zeros(0, np.float32), "scales": np.zeros(0, np.float32), "sizes": np.array([1, 3, 7, 9])},
        lambda x: x[:, :, nearest(4, 7)][..., nearest(5, 9)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_wrong_numbers_are_reported_and_warned_of(name: str, tmp_path: Path):
    op, attributes, constants, expected = WRONG[name]
    right = expected(THREE.astype(float))
    node = helper.make_node(op, ["x", *constants], ["y"], name="odd", **attributes)
    path = graph([node], tmp_path / "n.onnx", constants, {"x": THREE.shape}, output=right.shape)
    lacking = OnnxInOpenCv.supports(path)
    assert [(one.name, one.type) for one in lacking] == [("odd", op)]
    with collected_warnings() as warnings, OnnxInOpenCv.load(path) as session:
        found = session.run({"x": THREE})["y"]
    assert len(warnings) == 1
    assert "'odd'" in warnings[0]
    assert lacking[0].reason in warnings[0]
    assert np.abs(found - right).max() > 0.01


def lower(x: Any, kernel: int) -> Any:
    """Windows of the last two axes with stride 1, where SAME_LOWER pads at the beginning; NaN beyond the edge."""
    before, behind = kernel // 2, (kernel - 1) // 2
    padded = np.pad(x, ((0, 0), (0, 0), *[(before, behind)] * 2), constant_values=np.nan)
    return np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), (2, 3))


@pytest.mark.parametrize(("kernel", "is_right"), [(2, False), (3, True)])
@pytest.mark.parametrize("op", ["Conv", "MaxPool", "AveragePool"])
def test_an_odd_padding_stands_at_the_wrong_end(op: str, kernel: int, is_right: bool, tmp_path: Path):
    w = np.random.default_rng(8).normal(size=(1, 3, kernel, kernel)).astype(np.float32)
    windows, constants = lower(THREE.astype(float), kernel), {"w": w} if op == "Conv" else {}
    right = {
        "Conv": lambda: np.einsum("bchwij,ocij->bohw", np.nan_to_num(windows), w.astype(float)),
        "MaxPool": lambda: np.nanmax(windows, (-1, -2)),
        "AveragePool": lambda: np.nanmean(windows, (-1, -2)),
    }[op]()
    options = {} if constants else {"kernel_shape": [kernel, kernel]}
    node = helper.make_node(op, ["x", *constants], ["y"], name="odd", auto_pad="SAME_LOWER", **options)
    path = graph([node], tmp_path / "n.onnx", constants, {"x": THREE.shape}, output=right.shape)
    assert [one.name for one in OnnxInOpenCv.supports(path)] == ([] if is_right else ["odd"])
    with collected_warnings() as warnings, OnnxInOpenCv.load(path) as session:
        error = np.abs(session.run({"x": THREE})["y"] - right).max()
    assert len(warnings) == (not is_right)
    assert (error < 1e-5) == is_right


@pytest.mark.parametrize(("size", "stride", "is_right"), [(8, 1, True), (8, 2, False), (7, 2, True)])
def test_whether_a_padding_is_odd_hangs_on_size_and_stride(
    size: int, stride: int, is_right: bool, tmp_path: Path
):
    options = {"kernel_shape": [3, 3], "strides": [stride, stride], "auto_pad": "SAME_LOWER"}
    path = graph(
        [helper.make_node("MaxPool", ["x"], ["y"], name="odd", **options)],
        tmp_path / "n.onnx", inputs={"x": (1, 1, size, size)},
    )  # fmt: skip
    x = RNG.normal(size=(1, 1, size, size)).astype(np.float32)
    # Of the windows with stride 1 every second one, from where the padding before the first begins.
    total = max((-(-size // stride) - 1) * stride + 3 - size, 0)
    padded = np.pad(x, ((0, 0), (0, 0), *[((total + 1) // 2, total // 2)] * 2), constant_values=-np.inf)
    right = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3)).max((-1, -2))
    with collected_warnings() as warnings, OnnxInOpenCv.load(path) as session:
        found = session.run({"x": x})["y"]
    assert (np.array_equal(found, right[..., ::stride, ::stride]), warnings == []) == (is_right, is_right)


def test_a_vector_that_is_computed_is_broadcast_wrongly(tmp_path: Path):
    row, square = np.arange(4, dtype=np.float32), RNG.normal(size=(4, 4)).astype(np.float32)
    node = helper.make_node("Add", ["x", "z"], ["y"], name="odd")
    path = graph([node], tmp_path / "n.onnx", inputs={"x": (4,), "z": (4, 4)}, output=(4, 4))
    assert [one.name for one in OnnxInOpenCv.supports(path)] == ["odd"]
    with collected_warnings() as warnings, OnnxInOpenCv.load(path) as session:
        found = session.run({"x": row, "z": square})["y"]
    assert len(warnings) == 1
    assert np.abs(found - (row + square)).max() > 0.5


@pytest.mark.parametrize(
    ("op", "attributes", "constants"),
    [
        ("ReduceSum", {"keepdims": 0}, {"axes": np.array([0, 1, 2, 3])}),  # ends the process
        ("MaxPool", {"kernel_shape": [2, 2], "dilations": [2, 2]}, {}),
        ("ConvTranspose", {"kernel_shape": [3, 3], "dilations": [2, 1]}, {"w": KERNEL.transpose(1, 0, 2, 3)}),
        (
            "ConvTranspose",
            {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
            {"w": RNG.normal(size=(2, 3, 3, 3)).astype(np.float32)},
        ),
    ],
)
def test_what_cannot_run_at_all_is_refused(
    op: str, attributes: dict[str, Any], constants: dict[str, Any], tmp_path: Path
):
    node = helper.make_node(op, ["x", *constants], ["y"], name="odd", **attributes)
    path = graph([node], tmp_path / "n.onnx", constants)
    assert [(one.name, one.type) for one in OnnxInOpenCv.supports(path)] == [("odd", op)]
    assert code_of(EnvironmentFailed, path) == "CTK404"


def test_like_nodes_that_cv2_computes_rightly_are_not_reported(tmp_path: Path):
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], name="mean", axes=[2, 3]),
        helper.make_node("AveragePool", ["x"], ["p"], name="pool", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        helper.make_node("PRelu", ["p", "s"], ["q"], name="slope"),
        helper.make_node("Sub", ["q", "m"], ["y"], name="sub"),
    ]
    slopes = np.array([0.5, 2], np.float32).reshape(2, 1, 1)
    path = graph(nodes, tmp_path / "n.onnx", {"s": slopes}, output=(1, 2, 4, 5))
    assert OnnxInOpenCv.supports(path) == ()
    with collected_warnings() as warnings, OnnxInOpenCv.load(path) as session:
        found = session.run({"x": X})["y"]
    assert warnings == []
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(X.astype(float), ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=np.nan), (3, 3), (2, 3)
    )
    pooled = np.nanmean(windows, axis=(-1, -2))
    right = np.where(pooled < 0, pooled * slopes, pooled) - X.astype(float).mean((2, 3), keepdims=True)
    assert found == pytest.approx(right, abs=1e-5)
