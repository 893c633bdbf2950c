"""Hashes and sizes of artifacts, against hashlib and the files themselves."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save_model

from benchmarks.harness.arm import Arm, control_of
from benchmarks.harness.artifact_files import artifact_part, memory_needed_bytes

SHA = "ab" * 32


def ir(folder: Path, stated: str | None) -> Path:
    section = f'<rt_info><ctk><bin_sha256 value="{stated}"/></ctk></rt_info>' if stated else ""
    (folder / "net.xml").write_text(f'<?xml version="1.0"?>\n<net name="n" version="11">{section}</net>\n')
    (folder / "net.bin").write_bytes(b"numbers")
    return folder / "net.xml"


def onnx_with_external_weights(folder: Path) -> Path:
    weights = numpy_helper.from_array(np.ones((2, 1, 16, 16), np.float32), "w")
    body = helper.make_graph(
        [helper.make_node("Conv", ["l", "w"], ["ab"])],
        "net",
        [helper.make_tensor_value_info("l", TensorProto.FLOAT, [1, 1, 16, 16])],
        [helper.make_tensor_value_info("ab", TensorProto.FLOAT, [1, 2, 1, 1])],
        [weights],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    save_model(model, folder / "net.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    return folder / "net.onnx"


def test_the_numbers_of_an_ir_have_their_hash_too(tmp_path: Path):
    of_the_bin = hashlib.sha256(b"numbers").hexdigest()
    xml = ir(tmp_path, None)
    found = artifact_part(xml, SHA)
    assert (found.path, found.sha256, found.bin_sha256) == (str(xml), SHA, of_the_bin)
    # What the xml states, the backend checks when it loads.
    assert artifact_part(ir(tmp_path, "cd" * 32), SHA).bin_sha256 == "cd" * 32
    (tmp_path / "net.bin").unlink()
    assert artifact_part(ir(tmp_path, None).with_name("gone.xml"), SHA).bin_sha256 is None


def test_other_artifacts_have_no_bin(tmp_path: Path):
    assert artifact_part(onnx_with_external_weights(tmp_path), SHA).bin_sha256 is None


def test_all_files_of_all_arms_count_each_time(tmp_path: Path):
    xml, network = ir(tmp_path, None), onnx_with_external_weights(tmp_path)
    arms = [Arm("a", "openvino", xml, 1), Arm("b", "onnxruntime", network, 1)]
    of_a = xml.stat().st_size + len(b"numbers")
    of_b = network.stat().st_size + (tmp_path / "w.bin").stat().st_size
    assert (tmp_path / "w.bin").stat().st_size >= 2 * 16 * 16 * 4
    assert memory_needed_bytes([*arms, control_of(arms[0])]) == 2 * of_a + of_b
    assert memory_needed_bytes([Arm("c", "x", tmp_path / "gone.onnx", 1)]) is None


def test_a_damaged_file_counts_by_itself(tmp_path: Path):
    (tmp_path / "bad.onnx").write_bytes(b"\x08\x08\x12\x08location")
    assert memory_needed_bytes([Arm("a", "onnxruntime", tmp_path / "bad.onnx", 1)]) == 12
