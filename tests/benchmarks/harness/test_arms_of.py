"""Which arms are meant, and which artifacts are made for them; nothing is really made."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.harness import arms_of as module
from benchmarks.harness.arms_of import FoundArms, Variation, Wanted, arms_of, asked_arms
from benchmarks.variations.sweep import swept
from toolkit.errors import EnvironmentFailed, UsageFault


class Conversion:
    """Stands for the process that makes artifacts; formats whose name is in `broken` cannot be made."""

    asked: list[dict[str, Any]]

    def __init__(self, what: str) -> None:
        pass

    def __enter__(self) -> Conversion:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ask(self, command: str, limit_s: float, **asked: Any) -> dict[str, Any]:
        assert command == "prepare"
        self.asked.append(asked)
        if asked["batch"] == 3:
            raise EnvironmentFailed("CTK402", "no space")
        return {"path": f"{asked['formats'][0]}-{asked['batch']}", "warnings": []}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    monkeypatch.setattr(Conversion, "asked", [], raising=False)
    monkeypatch.setattr(module, "WorkerProcess", Conversion)
    return Conversion.asked


def found(wanted: Wanted, variation: Variation = list) -> FoundArms:
    with ExitStack() as kept:
        return arms_of(wanted, kept, lambda _: None, variation)


WANTED = Wanted(None, ("onnxruntime", "openvino"), {}, "exact", "f32", 1)


def test_an_artifact_is_made_for_the_batch_and_the_weights_that_are_asked_for(asked: list[dict[str, Any]]):
    arms = found(replace(WANTED, batch=4, weights="released")).arms
    assert [str(arm.artifact) for arm in arms] == ["onnx-4", "openvino-4"]
    assert [(one["batch"], one["weights"]) for one in asked] == [(4, "released")] * 2
    found(WANTED)
    assert [(one["batch"], one["weights"]) for one in asked[2:]] == [(None, None)] * 2


def test_a_sweep_gets_one_artifact_for_each_batch(asked: list[dict[str, Any]]):
    axes = {"precision": ("f32", "native"), "batch": (1, 4, 3)}
    wanted = replace(WANTED, backends=("onnxruntime",))
    result = found(wanted, lambda arms: swept(arms, axes))
    assert [(arm.batch, str(arm.artifact)) for arm in result.arms] == [(1, "onnx-None"), (4, "onnx-4")] * 2
    assert [(arm.name, error.code) for arm, error in result.failed] == [
        ("onnxruntime precision=f32 batch=3", "CTK402"), ("onnxruntime precision=native batch=3", "CTK402"),
    ]  # fmt: skip
    assert [one["batch"] for one in asked] == [None, 4, 3]
    assert result.names == [
        f"onnxruntime precision={p} batch={b}" for p in ("f32", "native") for b in (1, 4, 3)
    ]


def test_a_file_that_was_given_is_taken_as_it_is(asked: list[dict[str, Any]]):
    given = replace(WANTED, artifacts={"openvino": Path()})  # the folder that one is in
    with pytest.raises(UsageFault, match="CTK603"):
        asked_arms(replace(given, backends=("opnvino",)))
    assert [str(arm.artifact) for arm in found(given).arms] == ["onnx-None", "."]
    assert len(asked) == 1
