"""`ctk bench` beside scripted backends, for the tests of the verb."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from plugin_samples import lay_distribution, on_path
from scripted_backend import register, small_picture

from benchmarks.bench_document import BenchRun, Plausibility
from toolkit.app import main

# Backends beside `scripted`: one whose process ends in its third inference, one that is slower at f32, and one that
# executes bf16.
_OTHERS = """
from scripted_runtime import Scripted, Session


class Dying(Scripted):
    @classmethod
    def load(cls, artifact, *, threads=None, precision="f32", device=None):
        return Session(threads, precision, {"at": 3, "how": "exit"})


class Choosy(Scripted):
    @classmethod
    def load(cls, artifact, *, threads=None, precision="f32", device=None):
        return Session(threads, precision, {"ms": 9 if precision == "f32" else 6})


class Rounding(Scripted):
    @classmethod
    def load(cls, artifact, *, threads=None, precision="f32", device=None):
        return Session(threads, precision, {"executes": "bf16"})
"""


class NoProbes:
    """Stands for the guard: probing a processor takes 15 s."""

    def __init__(self, on_step: object = None) -> None:
        pass

    def prepare(self, threads: object) -> None:
        pass

    def __call__(self, run: BenchRun) -> Plausibility:
        return Plausibility(floor_ms=None, verdict="unknown", arithmetic="guard: a test does not probe")


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs ``ctk bench WORDS`` in a folder with a picture, p.png, and an artifact, net.onnx."""
    register(tmp_path, monkeypatch)
    others = {"dying": "Dying", "choosy": "Choosy", "rounding": "Rounding"}
    lay_distribution(
        tmp_path,
        {
            "ctk.backends": {name: f"other_runtimes:{kind}" for name, kind in others.items()},
            "ctk.commands": {"bench": "reports.commands.bench:command"},
        },
        name="others",
        modules={"other_runtimes": _OTHERS},
    )
    on_path(tmp_path, monkeypatch, "scripted_runtime", "other_runtimes")
    monkeypatch.setattr("benchmarks.api.Guard", NoProbes)
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    small_picture(tmp_path / "p.png")
    return lambda *words: main(["bench", *map(str, words)])
