"""A backend that takes as long as it is told, and fails as it is told; for the processes that measure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from plugin_samples import lay_distribution

from benchmarks.harness.arm import Arm

_RUNTIME = """
import os, resource, signal, time
import numpy as np
from toolkit.backends.protocol import BackendInfo, TensorInfo


class Scripted:
    formats = ("onnx",)

    @classmethod
    def load(cls, artifact, *, threads=None, precision="f32", device=None, **script):
        if script.get("refuses"):
            from toolkit.errors import BadInput
            raise BadInput("CTK517", "the file is damaged")
        return Session(threads, precision, script)


class Session:
    def __init__(self, threads, precision, script):
        self.threads, self.precision, self.script, self.calls = threads, precision, script, 0
        self.seen = set()

    def info(self):
        batch = self.script.get("batch", 1)
        return BackendInfo(
            name="scripted", runtime_version="7", device="CPU", providers=(), threads=self.threads,
            precision_executed=self.script.get("executes", "f32"), precision_requested=self.precision,
            inputs={"l": TensorInfo((batch, 1, 8, 8), "float32")},
            outputs={"ab": TensorInfo((batch, 2, 8, 8), "float32")},
            settings={"seen": str(len(self.seen))},
        )

    def run(self, inputs, outputs=None):
        began = time.perf_counter()
        self.calls += 1
        content = inputs["l"].tobytes()
        if self.script.get("refuses_repeats") and content in self.seen:
            raise ValueError("this picture was here before")
        self.seen.add(content)
        if self.calls == self.script.get("noise_at", 0):
            os.write(1, b"runtime: hello\\n" * 20000)
            print("and from Python")
        if self.calls == self.script.get("at", 0):
            self.fail(self.script["how"])
        until = began + self.script.get("ms", 0.0) / 1000
        while time.perf_counter() < until:
            time.sleep(max(0, until - time.perf_counter() - 0.0005))
        return {"ab": np.zeros((len(inputs["l"]), 2, 8, 8), np.float32)}

    def fail(self, how):
        print("last words of the runtime", flush=True)
        if how == "crash":
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            os.kill(os.getpid(), signal.SIGSEGV)
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "exit":
            os._exit(3)
        if how == "hang":
            time.sleep(600)
        if how == "memory":
            resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))
            np.ones(2**30)
        raise ValueError("no such operator")

    def synchronise(self): pass
    def close(self): pass
"""


def register(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the backend ``scripted`` installed for every child process of this test."""
    lay_distribution(
        folder,
        {"ctk.backends": {"scripted": "scripted_runtime:Scripted"}},
        modules={"scripted_runtime": _RUNTIME},
    )
    (folder / "net.onnx").write_bytes(b"\x08\x08\x12\x04test")
    monkeypatch.setenv("PYTHONPATH", str(folder))


def scripted_arm(name: str, folder: Path, *, batch: int = 1, **script: Any) -> Arm:
    """An arm of it; ``ms`` is what an inference takes, ``at`` and ``how`` say when and how it fails."""
    options = script | ({"batch": batch} if batch > 1 else {})
    return Arm(name, "scripted", folder / "net.onnx", threads=1, batch=batch, options=options)


def small_picture(path: Path) -> Path:
    """A picture of 24×16 in the format of the path's suffix."""
    rgb = np.random.default_rng(3).integers(0, 256, (16, 24, 3), np.uint8)
    Image.fromarray(rgb).save(path)
    return path
