"""The backend `openvino` on small graphs made here; convolution is checked against scipy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx_graphs import graph, saved
from scipy.signal import correlate

from toolkit.backends import memory
from toolkit.backends.cores import physical_cores, usable_cpus
from toolkit.backends.openvino import OpenVinoBackend
from toolkit.backends.precision import parts_of
from toolkit.errors import BadInput, CtkError, EnvironmentFailed, UsageFault
from toolkit.messages import collected_warnings

KERNEL = np.random.default_rng(1).normal(size=(3, 2, 3, 3)).astype(np.float32)
CPU_FLAGS = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
has_bf16 = pytest.mark.skipif("avx512_bf16" not in CPU_FLAGS, reason="this CPU has no bf16")


def convolution(shape: tuple[int | str, ...] = (1, 2, 4, 5)) -> onnx.ModelProto:
    node = helper.make_node("Conv", ["x", "w"], ["y"], name="conv", pads=[1, 1, 1, 1])
    return graph([node], [numpy_helper.from_array(KERNEL, "w")], shape=shape)


def convolved(x: NDArray[Any], kernel: NDArray[Any] = KERNEL) -> NDArray[np.float64]:
    padded = np.pad(x[0].astype(float), ((0, 0), (1, 1), (1, 1)))
    return np.stack([correlate(padded, k.astype(float), "valid")[0] for k in kernel])


@pytest.fixture
def ir(tmp_path: Path) -> Path:
    """The convolution as OpenVINO itself writes it."""
    import openvino

    path = tmp_path / "net.xml"
    openvino.save_model(openvino.Core().read_model(convolution().SerializeToString()), path, False)
    return path


def picture(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(2).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("format_", ["onnx", "openvino"])
def test_runs_a_convolution_from_either_format(format_: str, ir: Path, tmp_path: Path):
    path = ir if format_ == "openvino" else saved(convolution(), tmp_path)
    x = picture(1, 2, 4, 5)
    with OpenVinoBackend.load(path, threads=1) as session:
        found = session.run({"x": x})
        session.synchronise()
        info = session.info()
    assert list(found) == ["y"]
    assert found["y"][0] == pytest.approx(convolved(x), abs=1e-5)
    assert (info.inputs["x"].shape, info.outputs["y"].shape) == ((1, 2, 4, 5), (1, 3, 4, 5))
    assert (info.inputs["x"].dtype, info.outputs["y"].dtype) == ("float32", "float32")


@pytest.mark.parametrize("size", [(4, 5), (9, 3)])
def test_sizes_that_the_graph_leaves_open(size: tuple[int, int], tmp_path: Path):
    x = picture(1, 2, *size)
    with OpenVinoBackend.load(saved(convolution((1, 2, "h", "w")), tmp_path)) as session:
        assert session.info().inputs["x"].shape == (1, 2, None, None)
        assert session.info().precision_executed == "f32"
        session.run({"x": picture(1, 2, 3, 3)})
        assert session.run({"x": x})["y"][0] == pytest.approx(convolved(x), abs=1e-5)


def test_says_what_runs(tmp_path: Path):
    import openvino

    with OpenVinoBackend.load(saved(convolution(), tmp_path)) as session:
        info = session.info()
    assert (info.name, info.device, info.providers) == ("openvino", "CPU", ())
    assert (info.precision_requested, info.precision_executed, info.layer_precisions) == ("f32", "f32", {})
    assert info.runtime_version == openvino.__version__
    assert info.threads == physical_cores()
    wanted = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1"}
    assert wanted.items() <= info.settings.items()


def test_hints_and_streams_are_read_back(tmp_path: Path):
    path = saved(convolution(), tmp_path)
    session = OpenVinoBackend.load(path, threads=1, performance_hint="THROUGHPUT", streams=1)
    settings = session.info().settings
    assert (settings["PERFORMANCE_HINT"], settings["NUM_STREAMS"]) == ("THROUGHPUT", "1")
    assert session.info().threads == 1


@has_bf16
@pytest.mark.parametrize("asked", ["f16", "bf16", "native"])
def test_what_is_executed_is_not_what_was_asked_for(asked: str, tmp_path: Path):
    x = picture(1, 2, 4, 5)
    with collected_warnings() as warnings:
        session = OpenVinoBackend.load(saved(convolution(), tmp_path), precision=asked)
    assert (session.info().precision_requested, session.info().precision_executed) == (asked, "bf16")
    expected = "openvino was asked for f16 and executes bf16 on this CPU"
    assert warnings == ([expected] if asked == "f16" else [])
    found, true = session.run({"x": x})["y"][0], convolved(x)
    error = abs(found - true).max() / abs(true).max()
    assert 2**-14 < error < 2**-6, "bf16 keeps 8 bits: worse than f32, and not wrong"


def test_weights_stored_in_f16_are_computed_with_in_f32(tmp_path: Path):
    import openvino

    path = tmp_path / "small.xml"
    openvino.save_model(openvino.Core().read_model(convolution().SerializeToString()), path, True)
    x = picture(1, 2, 4, 5)
    with collected_warnings() as warnings, OpenVinoBackend.load(path) as session:
        found = session.run({"x": x})["y"][0]
        assert (session.info().precision_executed, warnings) == ("f32", [])
    # Rounding x as well, as f16 arithmetic would, would be worse than 1e-4.
    assert found == pytest.approx(convolved(x, KERNEL.astype(np.float16)), abs=1e-5)
    assert abs(found - convolved(x)).max() > 1e-4


@has_bf16
def test_a_mixture_is_told_layer_by_layer_by_the_artifacts_own_names(tmp_path: Path):
    # The CPU has a running sum in f32 alone.
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"], name="relu"),
        helper.make_node("CumSum", ["r", "axis"], ["y"], name="sum"),
    ]
    constants = [numpy_helper.from_array(KERNEL, "w"), numpy_helper.from_array(np.array(3), "axis")]
    path = saved(graph(nodes, constants, shape=(1, 2, 4, 5)), tmp_path)
    with collected_warnings() as warnings, OpenVinoBackend.load(path, precision="bf16") as session:
        info = session.info()
    assert info.precision_executed == "mixed:bf16+f32"
    # OpenVINO names the last node after the graph's output.
    assert info.layer_precisions == {"conv": "bf16", "relu": "bf16", "y": "f32"}
    assert warnings == ["openvino was asked for bf16 and executes mixed:bf16+f32 on this CPU"]


def test_booleans_that_run_as_bytes_are_no_i8(tmp_path: Path):
    """Expand moves them, If and Loop read them, And computes with them: f32 is what the numbers are in."""
    nodes = [
        helper.make_node("Expand", ["x", "s"], ["e"], name="expand"),
        helper.make_node("Greater", ["e", "z"], ["g"], name="greater"),
        helper.make_node("Not", ["g"], ["n"], name="not"),
        helper.make_node("And", ["g", "n"], ["a"], name="and"),
        helper.make_node("Where", ["a", "e", "z"], ["y"], name="where"),
    ]
    constants = [
        numpy_helper.from_array(np.array([2, 1, 4]), "s"),
        numpy_helper.from_array(np.float32(0), "z"),
    ]
    for count, made in ((5, "y"), (1, "e")):
        model = graph(nodes[:count], constants, shape=(3, 1))
        model.graph.output[0].name = made
        with OpenVinoBackend.load(saved(model, tmp_path)) as session:
            assert (session.info().precision_executed, session.info().layer_precisions) == ("f32", {})


def test_a_condition_makes_no_network_i8(tmp_path: Path):
    def branch(op: str) -> onnx.GraphProto:
        output = helper.make_tensor_value_info("r", TensorProto.FLOAT, None)
        return helper.make_graph([helper.make_node(op, ["x"], ["r"])], op, [], [output])

    node = helper.make_node("If", ["b"], ["y"], then_branch=branch("Exp"), else_branch=branch("Neg"))
    model = graph([node], shape=(2, 3))
    model.graph.input.append(helper.make_tensor_value_info("b", TensorProto.BOOL, []))
    with OpenVinoBackend.load(saved(model, tmp_path)) as session:
        assert session.info().precision_executed in {"f32", None}


def test_a_quantised_convolution_is_i8(tmp_path: Path):
    def quantised(x: str, name: str) -> list[onnx.NodeProto]:
        return [
            helper.make_node("QuantizeLinear", [x, "scale", "zero"], [f"{name}_q"], name=f"{name}_q"),
            helper.make_node("DequantizeLinear", [f"{name}_q", "scale", "zero"], [name], name=name),
        ]

    nodes = [
        *quantised("x", "a"),
        helper.make_node("DequantizeLinear", ["w", "scale", "zero"], ["b"], name="b"),
        helper.make_node("Conv", ["a", "b"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        *quantised("c", "y"),
    ]
    scale = np.float32(2**-4)
    weights = np.random.default_rng(4).integers(-100, 100, KERNEL.shape).astype(np.int8)
    constants = [
        numpy_helper.from_array(np.asarray(array), name)
        for name, array in {"scale": scale, "zero": np.int8(0), "w": weights}.items()
    ]
    with OpenVinoBackend.load(saved(graph(nodes, constants, shape=(1, 2, 4, 5)), tmp_path)) as session:
        info = session.info()
    assert "i8" in parts_of(info.precision_executed or "")


def test_a_constant_without_a_value_is_a_damaged_file(tmp_path: Path):
    nodes = [helper.make_node("Constant", [], ["k"]), helper.make_node("Add", ["x", "k"], ["y"])]
    path = saved(graph(nodes, shape=(1, 3)), tmp_path)
    with pytest.raises(BadInput, match="CTK517"):
        OpenVinoBackend.load(path)
    assert [one.type for one in OpenVinoBackend.supports(path)] == ["Constant"]


def test_outputs_are_copies_and_inputs_are_left_alone(tmp_path: Path):
    path = saved(graph([helper.make_node("Relu", ["x"], ["y"])], shape=(1, 3)), tmp_path)
    x = np.array([[-1, 0, 2]], np.float32)
    with OpenVinoBackend.load(path) as session:
        first = session.run({"x": x})["y"]
        session.run({"x": np.full((1, 3), 9, np.float32)})
    assert first.tolist() == [[0, 0, 2]]
    assert x.tolist() == [[-1, 0, 2]]
    assert first.flags.owndata


@pytest.mark.parametrize("kind", ["read-only", "transposed", "scalar", "empty"])
def test_arrays_of_every_kind_are_read_as_what_they_mean(kind: str, tmp_path: Path):
    x = picture(4, 3)
    if kind == "read-only":
        x.flags.writeable = False
    x = {"transposed": x.T, "scalar": np.array(3, np.float32), "empty": x[:0]}.get(kind, x)
    shape = ("a", "b") if x.ndim else ()
    with OpenVinoBackend.load(
        saved(graph([helper.make_node("Neg", ["x"], ["y"])], shape=shape), tmp_path)
    ) as s:
        found = s.run({"x": x})["y"]
    assert (found.shape, found.tolist()) == (x.shape, (-x).tolist())


def test_several_outputs_by_name(tmp_path: Path):
    model = graph(
        [helper.make_node("Neg", ["x"], ["y"]), helper.make_node("Abs", ["x"], ["z"])], shape=(1, 2)
    )
    model.graph.output.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, None))
    x = {"x": np.array([[1, -2]], np.float32)}
    with OpenVinoBackend.load(saved(model, tmp_path)) as session:
        assert list(session.run(x)) == ["y", "z"]
        assert {k: v.tolist() for k, v in session.run(x, ["z"]).items()} == {"z": [[1, 2]]}
        assert session.run(x, []) == {}
        with pytest.raises(BadInput, match=r"CTK516 .*no output 'Y'") as caught:
            session.run(x, ["Y"])
    assert caught.value.notes == ("did you mean 'y'?",)


@pytest.mark.parametrize(
    ("inputs", "code", "what"),
    [
        ({}, "CTK516", "'x' is missing"),
        ({"x": np.zeros((1, 2, 4, 5), np.float32), "z": np.zeros(1)}, "CTK516", "no input 'z'"),
        ({"x": np.zeros((1, 3, 4, 5), np.float32)}, "CTK508", "the graph reads float32 1×2×4×5"),
        ({"x": np.zeros((1, 2, 4, 5))}, "CTK508", "float64"),
    ],
)
def test_inputs_that_do_not_fit(inputs: dict[str, np.ndarray], code: str, what: str, tmp_path: Path):
    session = OpenVinoBackend.load(saved(convolution(), tmp_path))
    with session, pytest.raises(BadInput, match=f"{code} .*{what}"):
        session.run(inputs)


def test_open_sizes_that_do_not_fit_each_other(tmp_path: Path):
    model = graph([helper.make_node("Add", ["x", "w"], ["y"])], [numpy_helper.from_array(KERNEL[0, 0], "w")])
    model.graph.input[0].type.tensor_type.shape.Clear()
    model.graph.input[0].type.tensor_type.shape.dim.add().dim_param = "n"
    session = OpenVinoBackend.load(saved(model, tmp_path))
    with session, pytest.raises(BadInput, match="CTK508") as caught:
        session.run({"x": np.zeros(7, np.float32)})
    assert "src/" not in caught.value.headline


def test_a_closed_session_says_so(tmp_path: Path):
    session = OpenVinoBackend.load(saved(convolution(), tmp_path))
    session.close()
    session.close()
    with pytest.raises(UsageFault, match=r"CTK601 the session is closed"):
        session.run({"x": picture(1, 2, 4, 5)})


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"threads": 0}, "CTK601"),
        ({"threads": len(usable_cpus()) + 1}, "CTK407"),
        ({"precision": "i4"}, "CTK604"),
        ({"performance_hint": "FAST"}, "CTK604"),
        ({"streams": 0}, "CTK601"),
        ({"streams": "2"}, "CTK601"),
        ({"device": "TPU"}, "CTK404"),
    ],
)
def test_what_cannot_be_asked_for(asked: dict[str, Any], code: str, tmp_path: Path):
    with pytest.raises(CtkError, match=code) as caught:
        OpenVinoBackend.load(saved(convolution(), tmp_path), **asked)
    if code == "CTK404":
        assert caught.value.notes[0].startswith("present: CPU")


@pytest.mark.parametrize(
    ("data", "code", "what"),
    [
        (None, "CTK501", "No such file"),
        (b"", "CTK502", "empty"),
        (b"<!DOCTYPE html>\n<html>", "CTK502", "HTML page"),
        (bytes(range(255, 0, -1)), "CTK517", "can't be parsed"),
        (convolution().SerializeToString()[:-20], "CTK517", "can't be parsed"),
    ],
    ids=["missing", "empty", "html", "random", "truncated"],
)
def test_files_that_are_no_sound_graph(
    data: bytes | None, code: str, what: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    path = tmp_path / "net.onnx"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(BadInput, match=f"{code} .*{what}") as caught:
        OpenVinoBackend.load(path)
    assert "src/" not in caught.value.headline
    assert capfd.readouterr() == ("", ""), "the runtime must not write on its own"


def test_damaged_irs(ir: Path, capfd: pytest.CaptureFixture[str]):
    text, numbers = ir.read_text(), ir.with_suffix(".bin")

    def refused(xml: str) -> str:
        ir.write_text(xml)
        with pytest.raises(BadInput, match="CTK520") as caught:
            OpenVinoBackend.load(ir)
        printed = capfd.readouterr()
        # OpenVINO must not write on its own; that the pair cannot be verified is a note of ctk's.
        assert (printed.out, [line for line in printed.err.splitlines() if line[:5] != "note:"]) == ("", [])
        return caught.value.headline

    assert "cannot be read" in refused(text[:500])
    assert "OpenVINO refuses" in refused(text.replace('shape="3, 2, 3, 3"', 'shape="3, 2, 3, 4"'))
    kept = numbers.read_bytes()
    numbers.write_bytes(kept[:-1])
    assert "215 bytes" in refused(text)
    numbers.unlink()
    assert "missing" in refused(text)


def test_operators_that_openvino_lacks_are_named(ir: Path, tmp_path: Path):
    nodes = [helper.make_node("Frob", ["x"], ["q"], domain="my"), helper.make_node("Blob", ["q"], ["y"])]
    path = saved(graph(nodes, domains=["my"]), tmp_path)
    with pytest.raises(EnvironmentFailed, match=r"CTK404 .*: (Blob, my.Frob|my.Frob, Blob) "):
        OpenVinoBackend.load(path)
    ir.write_text(ir.read_text().replace('type="Convolution"', 'type="Frob"'))
    with pytest.raises(EnvironmentFailed, match=r"CTK404 .*: Frob "):
        OpenVinoBackend.load(ir)
    (found,) = OpenVinoBackend.supports(ir)
    assert found.type == "Frob"


def test_an_ir_is_supported_and_needs_its_bin_for_that(ir: Path):
    assert OpenVinoBackend.supports(ir) == ()
    ir.with_suffix(".bin").unlink()
    with pytest.raises(BadInput, match="CTK520"):
        OpenVinoBackend.supports(ir)


def test_weights_beside_the_file(tmp_path: Path):
    path = tmp_path / "net.onnx"
    onnx.save_model(convolution(), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    x = picture(1, 2, 4, 5)
    with OpenVinoBackend.load(path) as session:
        assert session.run({"x": x})["y"][0] == pytest.approx(convolved(x), abs=1e-5)
    (tmp_path / "w.bin").unlink()
    with pytest.raises(BadInput, match=r"CTK517 .*w\.bin"):
        OpenVinoBackend.load(path)


def test_a_model_larger_than_memory(ir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = saved(convolution(), tmp_path)
    monkeypatch.setattr(memory, "available_bytes", lambda: 100)
    for artifact in (ir, path):
        with pytest.raises(EnvironmentFailed, match="CTK408"):
            OpenVinoBackend.load(artifact)


def test_memory_that_is_not_there(tmp_path: Path):
    size = helper.make_tensor("s", TensorProto.INT64, [3], [1 << 15] * 3)
    nodes = [
        helper.make_node("ReduceMax", ["x"], ["x1"], keepdims=0),
        helper.make_node("Cast", ["x1"], ["one"], to=TensorProto.INT64),
        helper.make_node("Mul", ["s", "one"], ["t"]),
        helper.make_node("ConstantOfShape", ["t"], ["c"]),
        helper.make_node("Add", ["c", "x"], ["y"]),
    ]
    session = OpenVinoBackend.load(saved(graph(nodes, [size], shape=(1,)), tmp_path))
    with session, pytest.raises(EnvironmentFailed, match="CTK408"):
        session.run({"x": np.ones(1, np.float32)})


def test_an_inference_in_flight_keeps_its_inputs(tmp_path: Path):
    x = picture(1, 2, 4, 5)
    with OpenVinoBackend.load(saved(convolution(), tmp_path), threads=1) as session:
        started = session.start({"x": x})
        for begin in (session.run, session.start):
            with pytest.raises(UsageFault, match="CTK601 an inference is in flight"):
                begin({"x": 2 * x})
        np.testing.assert_allclose(session.finish(started)["y"][0], convolved(x), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(session.run({"x": 2 * x})["y"][0], convolved(2 * x), rtol=1e-5, atol=1e-5)


def test_inputs_are_copied_however_they_lie_in_memory(tmp_path: Path):
    x = picture(1, 2, 4, 5)
    strided = np.repeat(x, 2, axis=-1)[..., ::2]
    frozen = x.copy()
    frozen.flags.writeable = False
    with OpenVinoBackend.load(saved(convolution(), tmp_path), threads=1) as session:
        for given in (strided, np.asfortranarray(x), frozen):
            np.testing.assert_allclose(session.run({"x": given})["y"][0], convolved(x), rtol=1e-5, atol=1e-5)
        with pytest.raises(BadInput, match="CTK508"):
            session.run({"x": x.astype(">f4")})


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("element", [TensorProto.BFLOAT16, TensorProto.STRING])
def test_inputs_of_types_that_numpy_lacks(element: int, tmp_path: Path):
    model = graph([helper.make_node("Identity", ["x"], ["y"])], element=element, shape=(2,))
    with (
        OpenVinoBackend.load(saved(model, tmp_path), threads=1) as session,
        pytest.raises(BadInput, match="CTK508"),
    ):
        session.run({"x": np.zeros(2, np.float32)})
