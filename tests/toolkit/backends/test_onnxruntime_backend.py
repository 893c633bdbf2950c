"""The backend `onnxruntime` on small graphs made here; convolution is checked against scipy."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from scipy.signal import correlate

from toolkit.backends import memory
from toolkit.backends.cores import physical_cores, usable_cpus
from toolkit.backends.onnxruntime import OnnxRuntimeBackend
from toolkit.backends.onnxruntime_providers import (
    demanded_providers,
    nodes_by_provider,
    refuse_fallback,
    refuse_idle,
)
from toolkit.backends.opening import load, open_backend
from toolkit.errors import BadInput, EnvironmentFailed, UsageFault

KERNEL = np.random.default_rng(1).normal(size=(3, 2, 3, 3)).astype(np.float32)


def graph(
    nodes: list[onnx.NodeProto],
    initializers: Sequence[onnx.TensorProto] = (),
    *,
    element: int = TensorProto.FLOAT,
    shape: Sequence[int | str] | None = (1, 2, "h", 5),
    opset: int = 13,
) -> onnx.ModelProto:
    inputs = [helper.make_tensor_value_info("x", element, shape)]
    outputs = [helper.make_tensor_value_info("y", element, None)]
    body = helper.make_graph(nodes, "small", inputs, outputs, list(initializers))
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def convolution() -> onnx.ModelProto:
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])
    return graph([node], [onnx.numpy_helper.from_array(KERNEL, "w")])


def written(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_runs_a_convolution(tmp_path: Path):
    x = np.random.default_rng(2).normal(size=(1, 2, 4, 5)).astype(np.float32)
    padded = np.pad(x[0].astype(float), ((0, 0), (1, 1), (1, 1)))
    expected = np.stack([correlate(padded, k.astype(float), "valid")[0] for k in KERNEL])
    with OnnxRuntimeBackend.load(written(convolution(), tmp_path), threads=1) as session:
        found = session.run({"x": x})
        session.synchronise()
    assert list(found) == ["y"]
    assert found["y"][0] == pytest.approx(expected, abs=1e-5)


def test_an_array_that_is_not_contiguous_is_read_as_what_it_means(tmp_path: Path):
    x = np.random.default_rng(2).normal(size=(1, 5, 4, 2)).astype(np.float32).transpose(0, 3, 2, 1)
    model = graph([helper.make_node("Neg", ["x"], ["y"])])
    with load(str(written(model, tmp_path))) as session:
        assert (session.run({"x": x})["y"] == -x).all()


def test_a_scalar_input_gives_a_scalar(tmp_path: Path):
    model = graph([helper.make_node("Neg", ["x"], ["y"])], shape=())
    with load(written(model, tmp_path)) as session:
        found = session.run({"x": np.array(3, np.float32)})["y"]
    assert (found.shape, float(found)) == ((), -3.0)


def test_earlier_outputs_stay_as_they_were(tmp_path: Path):
    with load(written(graph([helper.make_node("Neg", ["x"], ["y"])]), tmp_path)) as session:
        first = session.run({"x": np.ones((1, 2, 3, 5), np.float32)})["y"]
        session.run({"x": np.full((1, 2, 3, 5), 9, np.float32)})
    assert (first == -1).all()


def test_says_what_runs(tmp_path: Path):
    import onnxruntime

    with open_backend("onnxruntime", written(convolution(), tmp_path), threads=1) as session:
        info = session.info()
    assert (info.name, info.device, info.providers) == ("onnxruntime", "CPU", ("CPUExecutionProvider",))
    assert (info.runtime_version, info.threads, info.precision_executed) == (
        onnxruntime.__version__,
        1,
        "f32",
    )
    assert list(info.inputs) == ["x"]
    assert (info.inputs["x"].shape, info.inputs["x"].dtype) == ((1, 2, None, 5), "float32")
    assert info.outputs["y"].dtype == "float32"


def test_settings_are_read_back_and_spinning_can_be_asked_for(tmp_path: Path):
    path = written(convolution(), tmp_path)
    for spinning in (False, True):
        with OnnxRuntimeBackend.load(path, precision="native", device="cpu", spinning=spinning) as session:
            info = session.info()
        assert info.settings["session.intra_op.allow_spinning"] == str(int(spinning))
        assert info.settings["inter_op_num_threads"] == "1"
        assert info.settings["execution_mode"] == "ORT_SEQUENTIAL"
        assert (info.precision_requested, info.device) == ("native", "CPU")


def test_other_precisions_are_the_files_business(tmp_path: Path):
    with pytest.raises(UsageFault, match=r"CTK604 .*'bf16'") as caught:
        OnnxRuntimeBackend.load(written(convolution(), tmp_path), precision="bf16")
    assert caught.value.notes[0] == "offered: f32, native"
    assert "element types that the file states" in caught.value.notes[1]


def test_threads_are_the_physical_cores_and_do_not_spin(tmp_path: Path):
    session = OnnxRuntimeBackend.load(written(convolution(), tmp_path))
    options = session._open_runtime().get_session_options()
    assert options.intra_op_num_threads == physical_cores() == session.info().threads
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


@pytest.mark.parametrize(
    "model",
    [
        graph([helper.make_node("Neg", ["x"], ["y"])], element=TensorProto.FLOAT16),
        graph([helper.make_node("Neg", ["x"], ["y"])], element=TensorProto.DOUBLE),
        graph(
            [
                helper.make_node("Cast", ["x"], ["n"], to=TensorProto.FLOAT16),
                helper.make_node("Cast", ["n"], ["y"], to=TensorProto.FLOAT),
            ]
        ),
        graph(
            [
                helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
                helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]),
            ],
            [
                helper.make_tensor("s", TensorProto.FLOAT, [], [0.1]),
                helper.make_tensor("z", TensorProto.INT8, [], [0]),
            ],
        ),
    ],
    ids=["f16", "double", "through-f16", "quantised"],
)
def test_a_precision_that_cannot_be_told_is_not_claimed(model: onnx.ModelProto, tmp_path: Path):
    with load(written(model, tmp_path)) as session:
        assert session.info().precision_executed is None


@pytest.mark.parametrize(
    ("inputs", "code", "what"),
    [
        ({}, "CTK516", "'x' is missing"),
        ({"x": np.zeros((1, 2, 3, 5), np.float32), "z": np.zeros(1)}, "CTK516", "no input 'z'"),
        (
            {"x": np.zeros((1, 3, 3, 5), np.float32)},
            "CTK508",
            "float32 1×3×3×5, but the graph reads float32 1×2×[?]×5",
        ),
        ({"x": np.zeros((2, 3, 5), np.float32)}, "CTK508", "2×3×5"),
        ({"x": np.zeros((1, 2, 3, 5))}, "CTK508", "float64"),
    ],
)
def test_inputs_that_do_not_fit(inputs: dict[str, np.ndarray], code: str, what: str, tmp_path: Path):
    with load(written(convolution(), tmp_path)) as session, pytest.raises(BadInput, match=f"{code} .*{what}"):
        session.run(inputs)


def test_outputs_by_name(tmp_path: Path):
    x = {"x": np.zeros((1, 2, 3, 5), np.float32)}
    with load(written(convolution(), tmp_path)) as session:
        assert list(session.run(x, ["y"])) == ["y"]
        assert session.run(x, []) == {}
        with pytest.raises(BadInput, match=r"CTK516 .*no output 'Y'") as caught:
            session.run(x, ["Y"])
    assert caught.value.notes == ("did you mean 'y'?",)


def test_a_closed_session_says_so(tmp_path: Path):
    session = load(written(convolution(), tmp_path))
    session.close()
    session.close()
    with pytest.raises(UsageFault, match=r"CTK601 the session is closed"):
        session.run({})


def test_a_failure_while_running_is_named(tmp_path: Path):
    shape = helper.make_tensor("s", TensorProto.INT64, [1], [7])
    model = graph([helper.make_node("Reshape", ["x", "s"], ["y"])], [shape])
    with (
        load(written(model, tmp_path)) as session,
        pytest.raises(EnvironmentFailed, match="CTK404") as caught,
    ):
        session.run({"x": np.zeros((1, 2, 3, 5), np.float32)})
    assert "cannot be reshaped" in caught.value.headline
    assert "onnxruntime_src" not in caught.value.headline


def test_memory_that_is_not_there(tmp_path: Path):
    size = helper.make_tensor("s", TensorProto.INT64, [3], [1 << 15] * 3)
    nodes = [helper.make_node("ConstantOfShape", ["t"], ["c"]), helper.make_node("Add", ["c", "x"], ["y"])]
    # The size comes through the graph's input, lest the runtime computes the constant while loading.
    nodes.insert(0, helper.make_node("Mul", ["s", "one"], ["t"]))
    nodes.insert(0, helper.make_node("Cast", ["x1"], ["one"], to=TensorProto.INT64))
    nodes.insert(0, helper.make_node("ReduceMax", ["x"], ["x1"], keepdims=0))
    session = load(written(graph(nodes, [size], shape=(1,)), tmp_path))
    with session, pytest.raises(EnvironmentFailed, match="CTK408"):
        session.run({"x": np.ones(1, np.float32)})


@pytest.mark.parametrize(
    ("data", "code", "what"),
    [
        (None, "CTK501", "No such file"),
        (b"", "CTK502", "empty"),
        (b"<!DOCTYPE html>\n<html>", "CTK502", "HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "CTK502", "Git LFS pointer"),
        (bytes(range(255, 0, -1)), "CTK517", "Protobuf parsing failed"),
        (convolution().SerializeToString()[:-20], "CTK517", "Protobuf parsing failed"),
    ],
    ids=["missing", "empty", "html", "lfs", "random", "truncated"],
)
def test_files_that_are_no_sound_graph(
    data: bytes | None, code: str, what: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    path = tmp_path / "net.onnx"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(BadInput, match=f"{code} .*{what}") as caught:
        load(path)
    assert "net.onnx)" in caught.value.headline
    assert caught.value.headline.count("net.onnx") == 1
    assert "onnxruntime_src" not in caught.value.headline
    assert capfd.readouterr() == ("", ""), "the runtime must not write on its own"


@pytest.mark.parametrize(
    ("node", "opset", "what"),
    [
        (helper.make_node("Frob", ["x"], ["y"]), 13, "No Op registered for Frob"),
        (helper.make_node("Frob", ["x"], ["y"], domain="my"), 13, "my:Frob.* is not a registered function"),
        (helper.make_node("Neg", ["x"], ["y"]), 999, "only .guarantees"),
    ],
    ids=["unknown-op", "unknown-domain", "future-opset"],
)
def test_operators_that_the_runtime_lacks(node: onnx.NodeProto, opset: int, what: str, tmp_path: Path):
    model = graph([node], opset=opset)
    model.opset_import.append(helper.make_opsetid("my", 1))
    with pytest.raises(EnvironmentFailed, match=f"CTK404 .*{what}") as caught:
        load(written(model, tmp_path))
    assert "another backend" in caught.value.notes[0]
    assert "onnxruntime_src" not in caught.value.headline


def test_any_shape_fits_an_input_of_unknown_rank(tmp_path: Path):
    path = written(graph([helper.make_node("Neg", ["x"], ["y"])], shape=None), tmp_path)
    with load(path) as session:
        assert (session.info().inputs["x"].any_rank, session.info().outputs["y"].any_rank) == (True, True)
        for shape in ((), (2, 3)):
            x = np.full(shape, 3, np.float32)
            found = session.run({"x": x})["y"]
            assert (found.shape, found.tolist()) == (shape, (-x).tolist())


def test_a_scalar_is_no_unknown_rank(tmp_path: Path):
    with load(written(graph([helper.make_node("Neg", ["x"], ["y"])], shape=()), tmp_path)) as session:
        assert not session.info().inputs["x"].any_rank
        with pytest.raises(BadInput, match=r"CTK508 .*reads float32 scalar"):
            session.run({"x": np.ones((2, 3), np.float32)})


def test_a_folder(tmp_path: Path):
    with pytest.raises(BadInput, match=r"CTK501 .*it is a folder"):
        load(tmp_path)


def test_missing_external_data(tmp_path: Path):
    model = convolution()
    onnx.save_model(
        model, tmp_path / "net.onnx", save_as_external_data=True, location="w.bin", size_threshold=0
    )
    (tmp_path / "w.bin").unlink()
    with pytest.raises(BadInput, match=r"CTK517 .*w.bin"):
        load(tmp_path / "net.onnx")


def test_an_operator_without_implementation_is_the_environments_fault(tmp_path: Path):
    model = graph([helper.make_node("Relu", ["x"], ["y"])], element=TensorProto.BFLOAT16, opset=14)
    with pytest.raises(EnvironmentFailed, match=r"CTK404 .*Relu"):
        load(written(model, tmp_path))


def test_a_provider_that_is_not_there(tmp_path: Path):
    path = written(convolution(), tmp_path)
    with pytest.raises(EnvironmentFailed, match=r"CTK404 onnxruntime has no FrobExecutionProvider") as caught:
        OnnxRuntimeBackend.load(path, providers=["FrobExecutionProvider", "CPUExecutionProvider"])
    assert "CPUExecutionProvider" in caught.value.notes[0]


def test_a_device_that_is_not_there(tmp_path: Path):
    with pytest.raises(EnvironmentFailed, match=r"CTK404 onnxruntime has no frobExecutionProvider"):
        OnnxRuntimeBackend.load(written(convolution(), tmp_path), device="frob")


def test_a_device_names_its_provider_in_any_case():
    available = ["CUDAExecutionProvider", "DmlExecutionProvider", "CPUExecutionProvider"]
    assert demanded_providers("DML", None, available) == ("DmlExecutionProvider",)
    assert demanded_providers("cuda", None, available) == ("CUDAExecutionProvider",)
    assert demanded_providers(None, None, available) == ("CPUExecutionProvider",)
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    assert demanded_providers(None, both, available) == tuple(both)
    for device, providers in (("CPU", both), (None, [])):
        with pytest.raises(UsageFault, match="CTK601"):
            demanded_providers(device, providers, available)


def test_nodes_do_not_run_on_another_device_than_the_one_asked_for(tmp_path: Path):
    import onnxruntime

    if "AzureExecutionProvider" not in onnxruntime.get_available_providers():
        pytest.skip("this build of onnxruntime has no provider that executes nothing")
    path = written(convolution(), tmp_path)
    with pytest.raises(EnvironmentFailed, match=r"CTK404 onnxruntime would fall back") as caught:
        OnnxRuntimeBackend.load(path, device="Azure")
    assert "CPUExecutionProvider" in caught.value.notes[0]
    with pytest.raises(
        EnvironmentFailed, match=r"CTK404 .*AzureExecutionProvider executes no node"
    ) as caught:
        OnnxRuntimeBackend.load(path, providers=["AzureExecutionProvider", "CPUExecutionProvider"])
    assert "CPUExecutionProvider (1 nodes)" in caught.value.headline
    both = ["CPUExecutionProvider", "AzureExecutionProvider"]
    with OnnxRuntimeBackend.load(path, providers=both) as session:
        info = session.info()
    assert (info.device, info.providers) == ("CPU", ("CPUExecutionProvider",))
    assert info.precision_executed == "f32"
    assert info.settings["nodes of CPUExecutionProvider"] == "1"


class Assigned:
    """What ONNX Runtime tells of a session whose nodes several providers execute."""

    def __init__(self, **nodes: int) -> None:
        self._nodes = {f"{name}ExecutionProvider": count for name, count in nodes.items()}

    def get_providers(self) -> list[str]:
        return [*self._nodes]

    def get_provider_graph_assignment_info(self) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(ep_name=name, get_nodes=lambda size=size: [None] * size)
            for name, count in self._nodes.items()
            for size in (count // 2, count - count // 2)
            if size
        ]


def test_nodes_are_counted_by_provider():
    found = nodes_by_provider(Assigned(CUDA=5, Dml=0, CPU=2))
    assert list(found.items()) == [("CUDAExecutionProvider", 5), ("CPUExecutionProvider", 2)]
    demanded = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    refuse_idle(demanded, Assigned(CUDA=1, CPU=6))
    with pytest.raises(EnvironmentFailed, match=r"CTK404 .*CPUExecutionProvider \(6 nodes\)"):
        refuse_idle(demanded, Assigned(CUDA=0, CPU=6))
    with pytest.raises(EnvironmentFailed, match=r"CTK404 .*cannot tell"):
        refuse_idle(demanded, object())


def test_a_model_larger_than_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 10)
    with pytest.raises(EnvironmentFailed, match="CTK408"):
        OnnxRuntimeBackend.load(written(convolution(), tmp_path))


def test_more_threads_than_processors(tmp_path: Path):
    with pytest.raises(EnvironmentFailed, match="CTK407"):
        OnnxRuntimeBackend.load(written(convolution(), tmp_path), threads=len(usable_cpus()) + 1)


@pytest.mark.parametrize(
    ("demanded", "used", "fell_back"),
    [
        (["CPUExecutionProvider"], ["CPUExecutionProvider"], False),
        (["CUDAExecutionProvider"], ["CUDAExecutionProvider", "CPUExecutionProvider"], False),
        (["CUDAExecutionProvider"], ["CPUExecutionProvider"], True),
        (["CUDAExecutionProvider", "CPUExecutionProvider"], ["CPUExecutionProvider"], True),
        (["CPUExecutionProvider"], ["CPUExecutionProvider", "CUDAExecutionProvider"], True),
        (["CPUExecutionProvider"], [], True),
    ],
)
def test_a_silent_fallback_is_an_error(demanded: list[str], used: list[str], fell_back: bool):
    if not fell_back:
        refuse_fallback(demanded, used)
        return
    with pytest.raises(EnvironmentFailed, match="CTK404"):
        refuse_fallback(demanded, used)


@pytest.mark.parametrize("threads", [0, -2])
def test_thread_counts_below_one(threads: int, tmp_path: Path):
    with pytest.raises(UsageFault, match="CTK601"):
        load(written(convolution(), tmp_path), threads=threads)
    with pytest.raises(UsageFault, match="CTK601"):
        OnnxRuntimeBackend.load(written(convolution(), tmp_path), threads=threads)


def test_an_unknown_backend_suggests_the_nearest(tmp_path: Path):
    with pytest.raises(UsageFault, match=r"CTK603 unknown backend 'onnxruntme'") as caught:
        load(tmp_path, "onnxruntme")
    assert caught.value.notes == ("did you mean 'onnxruntime'?",)


def test_importing_the_backends_loads_no_runtime():
    code = (
        "import sys, toolkit.backends, toolkit.backends.onnxruntime, toolkit.backends.openvino, toolkit.pictures, toolkit.presets.registry;"
        "print([m for m in ('onnx', 'onnxruntime', 'openvino', 'PIL', 'scipy', 'skimage') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
