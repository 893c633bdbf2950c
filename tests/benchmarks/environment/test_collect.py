"""The whole record of this very host."""

from __future__ import annotations

import getpass
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil

from benchmarks.environment import collect
from benchmarks.environment.reading import Roots


def test_every_null_has_a_reason_and_every_reason_a_null(tmp_path: Path):
    for roots in (Roots(), Roots(tmp_path, tmp_path, tmp_path)):
        found = collect({}, {}, roots=roots)
        nulls = {
            f"{group}.{key}" for group, facts in found.items() for key, fact in facts.items() if fact is None
        }
        assert nulls == set(found["unknown"])
        assert all(found["unknown"].values())


def test_the_groups_are_there_on_a_system_that_tells_nothing(tmp_path: Path):
    here, nothing = collect({}, {}), collect({}, {}, roots=Roots(tmp_path, tmp_path, tmp_path))
    shape = {group: set(facts) for group, facts in here.items() if group != "unknown"}
    assert shape == {group: set(facts) for group, facts in nothing.items() if group != "unknown"}
    assert len(nothing["unknown"]) > 20


def test_agrees_with_psutil_and_with_what_was_given():
    given = {"openvino": "2026.4"}
    found = collect(
        given, {"openvino": {"threads": 2}}, subject={"seed": 7}, environ={"OMP_NUM_THREADS": "3"}
    )
    assert found["memory"]["total_bytes"] == psutil.virtual_memory().total
    assert found["processor"]["logical"] == psutil.cpu_count()
    assert found["processor"]["cores"] == psutil.cpu_count(logical=False)
    assert found["affinity"]["usable"] == sorted(psutil.Process().cpu_affinity())
    assert found["software"]["runtimes"] == given
    assert found["threads"]["settings"] == {"openvino": {"threads": 2}}
    assert found["software"]["libraries"]["numpy"] == np.__version__
    assert found["variables"] == {"OMP_NUM_THREADS": "3"}
    assert found["subject"]["seed"] == 7
    assert json.loads(json.dumps(found)) == found


def test_names_no_person_no_host_and_no_place():
    text = json.dumps(collect({}, {}))
    words = {getpass.getuser(), platform.node(), str(Path.home()), str(Path.cwd())} - {
        "",
        "root",
        "/",
        "localhost",
    }
    assert [word for word in words if word in text] == []
    values = json.dumps({key: value for key, value in collect({}, {}).items() if key != "unknown"})
    assert os.sep not in values


def test_loads_no_runtime_and_sets_no_variable():
    program = (
        "import os, sys; before = dict(os.environ)\n"
        "from benchmarks.environment import collect; collect({}, {})\n"
        "names = {'torch', 'cv2', 'openvino', 'onnxruntime', 'onnx', 'scipy'}\n"
        "print(sorted(names & set(sys.modules)), dict(os.environ) == before)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] True"
