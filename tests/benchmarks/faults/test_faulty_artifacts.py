"""How faulty artifacts are written: cheaply, sharing their weights, without harm to the sound one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_samples import initializers, run_onnx
from wrong_networks import case_files, case_inputs

import converters
from benchmarks.faults.artifacts import FaultyArtifacts
from benchmarks.faults.registry import CONTROLS, FAULTS, fault_named
from toolkit.errors import BadInput, EnvironmentFailed, UsageFault
from toolkit.hashing import sha256_file


def sound(case: str, folder: Path) -> Path:
    return converters.convert(case_files(case), output=folder / "sound.onnx").path


def test_each_is_small_and_the_sound_artifact_is_left_alone(tmp_path: Path) -> None:
    artifact = sound("real_color_mini", tmp_path)
    before = sha256_file(artifact)
    folder = tmp_path / "faulty"
    folder.mkdir()
    made = FaultyArtifacts(artifact, folder)
    stored = sum(array.nbytes for array in initializers(artifact).values() if array.nbytes >= 1024)
    weights = (folder / "weights.data").stat().st_size
    assert stored <= weights < 2 * stored + 100_000
    for fault in FAULTS:
        one = made.make(fault)
        if one is not None:
            assert one.path.parent == folder
            assert one.path.stat().st_size < artifact.stat().st_size
    assert (folder / "weights.data").stat().st_size == weights
    assert sha256_file(artifact) == before


def test_a_fault_changes_nothing_but_what_it_says(tmp_path: Path) -> None:
    artifact = sound("real_color_mini", tmp_path)
    before = initializers(artifact)
    one = FaultyArtifacts(artifact, tmp_path).make(fault_named("bias-dropped"))
    assert one is not None
    after = initializers(one.path)
    changed = [name for name in before if not np.array_equal(before[name], after[name])]
    assert list(before) == list(after)
    assert changed == ["class8_ab.bias"]


def test_numbers_that_two_layers_share_change_in_one_of_them(tmp_path: Path) -> None:
    artifact = sound("shared_params", tmp_path)
    one = FaultyArtifacts(artifact, tmp_path).make(fault_named("kernel-transposed"))
    assert one is not None
    assert one.place.layer == "c2"
    before = {node.name: list(node.input) for node in onnx.load(artifact).graph.node}
    after = {node.name: list(node.input) for node in onnx.load(one.path).graph.node}
    assert before["c1"][1] == before["c2"][1] == after["c1"][1] != after["c2"][1]
    numbers = initializers(one.path)
    assert np.array_equal(numbers[after["c2"][1]], numbers[after["c1"][1]].swapaxes(2, 3))


def test_weights_in_a_file_beside_the_artifact_are_found(tmp_path: Path) -> None:
    embedded = sound("real_color_mini", tmp_path)
    apart = tmp_path / "apart" / "net.onnx"
    apart.parent.mkdir()
    onnx.save(onnx.load(embedded), apart, save_as_external_data=True, location="net.bin", size_threshold=64)
    folder = tmp_path / "faulty"
    folder.mkdir()
    given = case_inputs("real_color_mini")
    found = []
    for artifact in (embedded, apart):
        one = FaultyArtifacts(artifact, folder).make(fault_named("deconvolution-flipped"))
        assert one is not None
        found.append(run_onnx(one.path, given)["class8_ab"])
    assert np.array_equal(*found)
    (apart.parent / "net.bin").unlink()
    with pytest.raises(BadInput) as caught:
        FaultyArtifacts(apart, folder)
    assert caught.value.code == "CTK517"


def test_a_damaged_artifact_is_refused(tmp_path: Path) -> None:
    artifact = tmp_path / "net.onnx"
    artifact.write_bytes(sound("real_lenet", tmp_path).read_bytes()[:5000])
    with pytest.raises(BadInput) as caught:
        FaultyArtifacts(artifact, tmp_path)
    assert caught.value.code == "CTK517"


def test_a_graph_without_outputs_is_refused(tmp_path: Path) -> None:
    artifact = sound("relu", tmp_path)
    model = onnx.load(artifact)
    del model.graph.output[:]
    artifact.write_bytes(model.SerializeToString())
    with pytest.raises(BadInput) as caught:
        FaultyArtifacts(artifact, tmp_path)
    assert caught.value.code == "CTK517"


def test_a_node_whose_attribute_is_of_another_kind_is_refused(tmp_path: Path) -> None:
    artifact = sound("softmax", tmp_path)
    model = onnx.load(artifact)
    model.graph.node[0].attribute[0].CopyFrom(helper.make_attribute("axis", "one"))
    artifact.write_bytes(model.SerializeToString())
    with pytest.raises(BadInput) as caught:
        FaultyArtifacts(artifact, tmp_path).make(fault_named("softmax-axis"))
    assert caught.value.code == "CTK517"
    assert caught.value.where.file == str(artifact)


def test_weights_that_are_cut_short_are_no_place_for_a_fault(tmp_path: Path) -> None:
    artifact = sound("real_color_mini", tmp_path)
    model = onnx.load(artifact)
    for tensor in model.graph.initializer:
        tensor.raw_data = tensor.raw_data[:-3]
    artifact.write_bytes(model.SerializeToString())
    made = FaultyArtifacts(artifact, tmp_path)
    wants_weights = ("bias-dropped", "kernel-transposed", "batch-norm-folded", "coefficients-exchanged")
    assert [made.make(fault_named(name)) for name in wants_weights] == [None] * 4


def test_a_graph_of_another_tool_in_f16_with_an_open_batch(tmp_path: Path) -> None:
    """Without provenance, shapes or raw bytes; the numbers of the sound graph are known by hand."""
    weight = helper.make_tensor("w", TensorProto.FLOAT16, [2, 1, 1, 1], [2.0, 3.0])
    bias = numpy_helper.from_array(np.float16([1, -1]), "b")
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w", "b"], ["h"], "first"),
            helper.make_node("Relu", ["h"], ["y"], "last"),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT16, ["n", 1, 2, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT16, ["n", 2, 2, 2])],
        [weight, bias],
    )
    path = tmp_path / "other.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    made = FaultyArtifacts(path, tmp_path)
    x = np.arange(1, 5, dtype=np.float16).reshape(1, 1, 2, 2)
    given = np.concatenate([x, x + 4])

    def run(name: str) -> np.ndarray:
        import onnxruntime

        one = made.make(fault_named(name))
        assert one is not None
        assert one.place.layer in {"first", "last"}
        session = onnxruntime.InferenceSession(str(one.path), providers=["CPUExecutionProvider"])
        found = session.run(None, {"x": given})[0]
        assert found.dtype == np.float16
        return found.astype(np.float64)

    right = np.concatenate([2 * given + 1, 3 * given - 1], axis=1).astype(np.float64)
    np.testing.assert_array_equal(run("bias-dropped"), np.concatenate([2 * given, 3 * given], axis=1))
    np.testing.assert_array_equal(run("output-shifted"), np.roll(right, 1, axis=-1))
    np.testing.assert_allclose(run("output-scaled"), right * 1.06, rtol=2e-3)
    np.testing.assert_array_equal(run("ab-swapped"), right[:, ::-1])
    # NaN at the middle of each picture: the batch is open, so every one is hit.
    missing = np.isnan(run("nan-pixel"))
    assert missing.sum() == 2
    assert missing[:, 1, 1, 1].all()


def test_the_layer_is_the_one_that_the_artifacts_account_names(tmp_path: Path) -> None:
    """An InnerProduct becomes a Flatten and a Gemm, whose name is not the layer's alone."""
    artifact = sound("real_lenet", tmp_path)
    graph = FaultyArtifacts(artifact, tmp_path).graph()
    flatten = next(node for node in graph.nodes if node.op_type == "Flatten")
    entries = {entry.key: entry.value for entry in onnx.load(artifact).metadata_props}
    layers = json.loads(entries["ctk.ledger"])["layers"]
    wanted = next(entry["layer"] for entry in layers if flatten.name in entry["nodes"])
    assert graph.layer(flatten) == wanted != flatten.name


def test_a_fault_that_finds_no_place_writes_nothing(tmp_path: Path) -> None:
    made = FaultyArtifacts(sound("relu", tmp_path), tmp_path)
    assert made.make(fault_named("bias-dropped")) is None
    assert not (tmp_path / "bias-dropped.onnx").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailed) as caught:
        FaultyArtifacts(sound("relu", tmp_path), tmp_path / "not" / "there")
    assert caught.value.code == "CTK401"


def test_the_file_itself_says_that_it_is_wrong(tmp_path: Path) -> None:
    one = FaultyArtifacts(sound("relu", tmp_path), tmp_path).make(fault_named("output-scaled"))
    assert one is not None
    text = onnx.load(one.path, load_external_data=False).doc_string
    assert text == "made wrong on purpose by ctk: output-scaled, out is multiplied by 1.06"


def test_names_are_unique_and_an_unknown_one_is_refused() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
    assert set(CONTROLS) < set(FAULTS)
    with pytest.raises(UsageFault) as caught:
        fault_named("bias-droped")
    assert caught.value.code == "CTK603"
    assert any("bias-dropped" in note for note in caught.value.notes)
