"""Every fault through the installed command; a sound artifact passes, and each faulty one ends with 1."""

from __future__ import annotations

from pathlib import Path

import pytest
from wrong_networks import case_files

from benchmarks.fault_commands import SOUND, Said, fault_commands, main


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "home"))


def test_every_fault_of_a_pooling_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--files", *map(str, case_files("pool_round_floor")), "--backend", "onnxruntime", "--layers"]
    assert main(words) == 0
    rows = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert rows[0] == [SOUND, "0", "onnxruntime pass", "yes"]
    named = {row[0]: row[1:] for row in rows[1:]}
    assert named.pop("output-removed") == ["1", "onnxruntime fail", "yes"]
    assert set(named) == {
        "pooling-rounding", "ab-swapped", "output-scaled", "output-shifted", "output-grey", "nan-pixel",
    }  # fmt: skip
    assert all(row == ["1", "onnxruntime fail at op", "yes"] for row in named.values())


@pytest.mark.slow
def test_every_fault_of_a_small_colorizer_ends_with_1_in_three_backends() -> None:
    found = list(fault_commands(case_files("real_color_mini"), ["onnxruntime", "openvino", "opencv"]))
    assert len(found) == 22
    assert [said.fault for said in found if not said.right] == []


@pytest.mark.parametrize(
    "said",
    [
        Said(
            "bias-dropped",
            1,
            {"openvino": "fail", "opencv": "pass"},
            {},
            {"openvino": "fail", "opencv": "fail"},
        ),
        Said("bias-dropped", 0, {"openvino": "fail"}, {}, {"openvino": "fail"}),
        Said("bias-dropped", 1, {"openvino": "fail"}, {}, {"openvino": "fail", "opencv": "fail"}),
        Said("bias-dropped", 1, {"openvino": "fail"}, {"openvino": "conv1"}, {"openvino": "fail"}, "conv2"),
        Said("bias-dropped", 1, {"openvino": "fail"}, {"openvino": None}, {"openvino": "fail"}, "conv2"),
        Said(SOUND, 1, {"openvino": "pass"}, {}, {"openvino": "pass"}),
        Said(SOUND, 0, {"openvino": "fail"}, {}, {"openvino": "pass"}),
    ],
)
def test_what_is_not_right(said: Said) -> None:
    assert not said.right
