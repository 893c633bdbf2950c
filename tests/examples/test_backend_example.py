"""The example of docs/backends.md, installed by pip into a folder of its own and used through `toolkit.load`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from scipy.signal import correlate

from toolkit.locks import exclusive

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "ctk-backend-example"
KERNEL = np.random.default_rng(1).normal(size=(3, 2, 3, 3)).astype(np.float32)
X = np.random.default_rng(2).normal(size=(1, 2, 6, 5)).astype(np.float32)
USE = """
import json, sys
import numpy as np
import toolkit
from toolkit.backends.listing import listed_backend
with toolkit.load(sys.argv[1], "onnx-interpreter", threads=1) as session:
    info = session.info()
    y = session.run({"x": np.load(sys.argv[2])})["y"]
listed = listed_backend("onnx-interpreter")
print(json.dumps([info.precision_executed, info.threads, listed.distribution, listed.installed, y.tolist()]))
"""
LACKING = """
import json, sys
from pathlib import Path
from converters.supported import lacking
print(json.dumps([[part.name, part.type] for part in lacking("onnx-interpreter", [Path(sys.argv[1])])]))
"""
WRONG = """
import sys
from pathlib import Path
import toolkit
from toolkit.errors import CtkError
for options in ({"precision": "f16"}, {"device": "GPU"}, {"threads": 0}):
    try: toolkit.load(sys.argv[1], "onnx-interpreter", **options)
    except CtkError as error: print(error.code)
broken = Path(sys.argv[1]).with_name("broken.onnx")
broken.write_bytes(Path(sys.argv[1]).read_bytes()[:40])
try: toolkit.load(broken, "onnx-interpreter")
except CtkError as error: print(error.code)
"""
MISSING = """
import sys
import toolkit
from toolkit.errors import CtkError
try: toolkit.load(sys.argv[1], "onnx-interpreter")
except CtkError as error: print(error.code, error.what)
"""


@pytest.fixture(scope="session")
def site(shared_tmp: Path) -> Path:
    """Where pip has installed the example, without network and beside the shared environment, never in it."""
    folder = shared_tmp / "example-site"
    with exclusive(shared_tmp / "example.lock"):
        if not folder.is_dir():
            source = shutil.copytree(EXAMPLE, shared_tmp / "example", dirs_exist_ok=True)
            words = ["--no-deps", "--no-build-isolation", "--target", str(folder), str(source)]
            done = subprocess.run(
                [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *words],
                env={**os.environ, "PIP_NO_INDEX": "1"}, capture_output=True, text=True, check=False, timeout=120,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
    return folder


def python(code: str, *words: Path, site: Path | None) -> str:
    """What a clean interpreter prints, with the example installed or not."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if site is not None:
        environment["PYTHONPATH"] = str(site)
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        env=environment, cwd=words[0].parent, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def convolution(path: Path, operator: str = "Conv", domain: str = "") -> Path:
    """An ONNX file of one node, ``first``: a convolution of x with KERNEL, unless another operator is named."""
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, X.shape)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    node = helper.make_node(operator, ["x", "w"], ["y"], name="first", domain=domain)
    graph = helper.make_graph([node], "small", [x], [y], [numpy_helper.from_array(KERNEL, "w")])
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("com.example", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


def test_it_is_found_and_computes_a_convolution(site: Path, tmp_path: Path):
    np.save(tmp_path / "x.npy", X)
    printed = python(USE, convolution(tmp_path / "net.onnx"), tmp_path / "x.npy", site=site)
    precision, threads, distribution, installed, y = json.loads(printed)
    assert (precision, threads, distribution, installed) == ("f32", 1, "ctk-backend-example", True)
    expected = np.stack([correlate(X[0].astype(float), k.astype(float), "valid")[0] for k in KERNEL])
    assert np.asarray(y)[0] == pytest.approx(expected, abs=1e-5)


def test_an_initializer_that_the_file_lists_as_an_input_is_none(site: Path, tmp_path: Path):
    path = convolution(tmp_path / "net.onnx")
    model = onnx.load(path)
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, KERNEL.shape))
    onnx.save(model, path)
    np.save(tmp_path / "x.npy", X)
    expected = np.stack([correlate(X[0].astype(float), k.astype(float), "valid")[0] for k in KERNEL])
    y = json.loads(python(USE, path, tmp_path / "x.npy", site=site))[-1]
    assert np.asarray(y)[0] == pytest.approx(expected, abs=1e-5)


def test_it_tells_what_it_lacks(site: Path, tmp_path: Path):
    assert json.loads(python(LACKING, convolution(tmp_path / "net.onnx"), site=site)) == []
    strange = convolution(tmp_path / "strange.onnx", "Warp", "com.example")
    assert json.loads(python(LACKING, strange, site=site)) == [["first", "com.example:Warp"]]


def test_its_errors_have_codes(site: Path, tmp_path: Path):
    printed = python(WRONG, convolution(tmp_path / "net.onnx"), site=site)
    assert printed.split() == ["CTK604", "CTK604", "CTK601", "CTK517"]


def test_without_it_the_backend_is_unknown(tmp_path: Path):
    printed = python(MISSING, convolution(tmp_path / "net.onnx"), site=None)
    assert printed == "CTK603 unknown backend 'onnx-interpreter'\n"


def test_it_is_as_small_as_the_documentation_says():
    lines = (EXAMPLE / "ctk_backend_example.py").read_text().splitlines()
    code = [line for line in lines if line.strip() and not line.strip().startswith('"""')]
    assert len(code) <= 32
    assert {path.name for path in EXAMPLE.iterdir()} - {"__pycache__"} == {
        "pyproject.toml",
        "README.md",
        "ctk_backend_example.py",
    }
