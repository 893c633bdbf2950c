"""Every registered backend computes what the original Caffe computed, on a small colorization network.

The loop knows no backend by name: a new one is held to it as soon as it is registered.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import converters
from toolkit import plugins
from toolkit.backends.listing import backends, listed_backend

CASE = Path(__file__).parents[2] / "golden" / "cases" / "real_color_mini"
RTOL, ATOL = 1e-4, 1e-5  # DESIGN §5, f32
# In a process of its own: thread pools of two runtimes in one disturb each other (DESIGN §8.7).
CHILD = """
import json, sys
import numpy as np
import toolkit
from toolkit.messages import collected_warnings
artifact, backend, inputs, outputs = sys.argv[1:]
with collected_warnings(), toolkit.load(artifact, backend, threads=1) as session:
    found = session.run(dict(np.load(inputs)))
    session.synchronise()
    info = session.info()
np.savez(outputs, **found)
said = {n: [list(i.shape), i.dtype] for n, i in {**info.inputs, **info.outputs}.items()}
print(json.dumps([info.name, info.precision_executed, info.precision_requested, info.threads, said]))
"""


def artifact_in(formats: tuple[str, ...], folder: Path) -> Path | None:
    """The case in the first of the formats that can be made here."""
    files = [shutil.copy(CASE / "deploy.prototxt", folder / "net.prototxt")]
    files.append(shutil.copy(CASE / "weights.caffemodel", folder / "net.caffemodel"))
    for wanted in formats:
        if wanted == "caffe":
            return files[0]
        if f"caffe->{wanted}" in plugins.members(plugins.CONVERTERS):
            return converters.convert(files, to=wanted, output=f"{folder}/").path
    return None


def executed(name: str, folder: Path) -> tuple[list[object], dict[str, NDArray[np.float64]]]:
    """What a backend says of itself, and its outputs."""
    found = listed_backend(name)
    if found.install is not None:
        pytest.skip(f"{name}: {found.missing}")
    assert found.installed, found.missing
    artifact = artifact_in(found.formats, folder)
    if artifact is None:
        pytest.skip(f"{name}: no conversion to {', '.join(found.formats)} is registered")
    words = [artifact, name, CASE / "inputs.npz", folder / "outputs.npz"]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, *map(str, words)],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    outputs = {k: np.asarray(v, np.float64) for k, v in np.load(folder / "outputs.npz").items()}
    return json.loads(done.stdout), outputs


@cache
def caffe() -> dict[str, NDArray[np.float64]]:
    """What the original Caffe gave."""
    return {name: np.asarray(v, np.float64) for name, v in np.load(CASE / "outputs.npz").items()}


def test_there_are_backends_to_hold_to_it():
    assert {"caffe-reference", "onnxruntime"} <= {item.name for item in backends()}


@pytest.mark.parametrize("name", [item.name for item in backends()])
def test_backend_computes_what_caffe_computed(name: str, tmp_path: Path):
    (said_name, precision, requested, threads, said), found = executed(name, tmp_path)
    assert said_name == name
    assert precision in {"f32", "f64"}
    assert requested == "f32"
    assert threads == 1
    assert found.keys() == caffe().keys()
    for output, expected in caffe().items():
        assert found[output].shape == expected.shape
        assert said[output][0] == list(expected.shape)
        axes = tuple(axis for axis in range(expected.ndim) if axis != 1)
        largest = np.abs(expected).max(axis=axes, keepdims=True)
        assert (np.abs(found[output] - expected) <= ATOL + RTOL * largest).all()
