"""Times of layers by the runtimes' own counters, and the nodes that they belong to."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import converters
from toolkit.artifact import read_sidecar
from toolkit.backends.onnxruntime_fusion import executed_nodes
from toolkit.backends.onnxruntime_profile import counted_layers
from toolkit.backends.opencv_profile import fused_groups
from toolkit.backends.openvino_profile import behind
from toolkit.backends.profiling import open_profiling
from toolkit.errors import EnvironmentFailed, UsageFault, Where

CASE = Path(__file__).parents[2] / "golden" / "cases" / "real_color_mini"


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layers")
    files = [shutil.copy(CASE / "deploy.prototxt", folder / "net.prototxt")]
    files.append(shutil.copy(CASE / "weights.caffemodel", folder / "net.caffemodel"))
    return converters.convert(files, to="onnx", output=f"{folder}/").path


@pytest.mark.parametrize("name", ["onnxruntime", "openvino", "opencv"])
def test_every_layer_that_works_is_behind_one_kernel(name: str, artifact: Path):
    given = dict(np.load(CASE / "inputs.npz"))
    with open_profiling(name, artifact, 1) as session:
        session.run(given)
        session.start_profile()
        with pytest.raises(UsageFault, match="no run was counted"):
            session.layer_times()
        began = time.perf_counter()
        for _ in range(5):
            session.run(given)
        each_ms = (time.perf_counter() - began) * 1e3 / 5
        layers = session.layer_times()
    document = read_sidecar(artifact)
    assert document is not None
    nodes = [
        node for entry in document.ledger.layers for node in entry.nodes if not node.startswith("input:")
    ]
    listed = [node for layer in layers for node in layer.nodes if node in nodes]
    assert len(set(listed)) == len(listed)
    working = {
        n.name for n in onnx.load(artifact).graph.node if n.op_type in {"Conv", "ConvTranspose", "Relu"}
    }
    assert working <= set(listed)
    assert 0 < sum(layer.mean_ms for layer in layers) <= each_ms + 0.001 * len(layers)
    assert all(layer.kind and layer.precision in {"f32", None} for layer in layers)


def test_a_backend_without_counters_is_refused(artifact: Path):
    with pytest.raises(UsageFault, match="does not tell the times") as fault:
        open_profiling("torch", artifact, 1)
    assert fault.value.code == "CTK604"


def test_the_record_is_removed_even_unread(artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(Path().iterdir())
    with open_profiling("onnxruntime", artifact, 1):
        assert any(tmp_path.iterdir())
    assert not any(tmp_path.iterdir())
    assert set(Path().iterdir()) == before


def _kernel(name: str, begins: int, takes: int, kind: str = "Conv", element: str = "float") -> dict:
    about = {"op_name": kind, "output_type_shape": [{element: [1]}]}
    return {"cat": "Node", "name": f"{name}_kernel_time", "ts": begins, "dur": takes, "args": about}


def _run(begins: int) -> dict:
    return {"cat": "Session", "name": "model_run", "ts": begins, "dur": 50}


def _graph(*nodes: tuple[str, str, list[str], str]) -> onnx.GraphProto:
    made = [helper.make_node(kind, inputs, [output], name=name) for name, kind, inputs, output in nodes]
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    return helper.make_graph(made, "g", [value], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])])


def test_means_are_over_the_runs_that_count():
    graph = _graph(("a", "Conv", ["x", "w"], "1"), ("b", "Softmax", ["1"], "y"))
    events = [_run(0), _kernel("a", 1, 9000), _run(100), _kernel("a", 101, 30), _kernel("b", 140, 5, "Softmax"),
              _run(200), _kernel("a", 201, 50), _kernel("b", 260, 7, "Softmax", "float16"),
              {"cat": "Node", "name": "a_fence_before", "ts": 202, "dur": 1, "args": {}}]  # fmt: skip
    first, second = counted_layers(json.dumps(events).encode(), 1, graph, Where())
    assert (first.name, first.kind, first.precision, first.nodes) == ("a", "Conv", "f32", ("a",))
    assert first.mean_ms == pytest.approx(0.040)
    assert (second.mean_ms, second.nodes) == (pytest.approx(0.006), ("b",))


@pytest.mark.parametrize("record", [b"", b"{}", b"[1]", b'[{"name": "model_run"}]', b"\xff"])
def test_a_record_that_nobody_understands_is_the_runtimes_failure(record: bytes):
    with pytest.raises(EnvironmentFailed, match="not understood") as fault:
        counted_layers(record, 0, _graph(), Where())
    assert fault.value.code == "CTK404"


def test_fused_kernels_of_either_naming_find_their_nodes():
    graph = _graph(
        ("c1", "Conv", ["x", "w"], "v@c1"),
        ("r1", "Relu", ["v@c1"], "v"),
        ("n1", "BatchNormalization", ["v", "s"], "n"),
        ("c2", "Conv", ["n", "w"], "u"),
        ("r2", "Relu", ["u"], "t"),
        ("c3", "Conv", ["t", "w"], "q"),
        ("m3", "Mul", ["q", "s"], "y"),
    )  # fmt: skip
    # Named after outputs (v, n, y) on x86, after the first node (c2) elsewhere.
    kernels = ["v_nchwc", "n_bn_nchwc", "fused c2", "ReorderInput", "y_nchwc_token_7"]
    assert executed_nodes(kernels, graph) == {
        "v_nchwc": ("c1", "r1"),
        "n_bn_nchwc": ("n1",),
        "fused c2": ("c2", "r2"),
        "ReorderInput": (),
        "y_nchwc_token_7": ("c3", "m3"),
    }


def test_opencv_tells_what_it_fused():
    dump = (
        'digraph G {\n\t"cluster_1" [label="{conv\\nConvolution\\nx\\l | relu\\nReLU\\n }" fillcolor="#fff" a=b]\n'
        '\t"norm" [label="norm\\nBatchNorm\\n" fillcolor="#fff" shape=box]\n'
        '\t"cluster_0" [label="{odd | one\\nConvolution\\n | other\\nReLU\\n }" fillcolor="#fff"]\n'
    )
    assert fused_groups(dump, ["conv", "relu", "norm", "other"]) == [["conv", "relu"]]


def test_what_openvino_merged_without_a_word_goes_with_the_reader():
    feeds = {"a": (), "b": ("a",), "c": ("b",), "d": ("c", "constant"), "e": ("d", "b")}
    assert behind([["made up", "b"], [], ["d"], ["e"]], feeds) == [("a", "b"), (), ("c", "d"), ("e",)]
