"""Which backends are there is told without importing any runtime."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from onnx import helper
from onnx_graphs import graph, saved
from plugin_samples import lay_distribution, on_path

from toolkit.backends import listing
from toolkit.backends.listing import backends, listed_backend
from toolkit.backends.runtime_import import REQUIREMENTS
from toolkit.errors import EnvironmentFailed, UsageFault

ROOT = Path(__file__).resolve().parents[3]


def test_every_registered_backend_is_listed_with_its_formats():
    found = {item.name: item for item in backends()}
    assert list(found) == sorted(found)
    assert found["onnxruntime"].formats[0] == "onnx"
    assert found["caffe-reference"].formats == ("caffe",)
    assert found["onnxruntime"].installed
    assert found["onnxruntime"].distribution == "colorization-toolkit"
    assert all((item.missing is None) == item.installed for item in found.values())


def test_every_backend_of_ctk_has_a_runtime_here_and_its_requirement_is_that_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    stated = {*project["dependencies"], *chain(*project["optional-dependencies"].values())}
    registered = set(project["entry-points"]["ctk.backends"])
    assert registered <= set(listing._MODULES)
    assert set(REQUIREMENTS) >= set(listing._MODULES.values())
    assert set(REQUIREMENTS.values()) <= stated


def test_listing_imports_no_runtime():
    code = (
        "from toolkit.backends.listing import backends\nbackends()\nimport json, sys\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(json.loads(done.stdout))
    assert "toolkit.backends.onnxruntime" in loaded  # the backend itself is
    assert not loaded & {"onnxruntime", "openvino", "cv2", "torch", "onnx", "scipy", "skimage"}


def test_an_unknown_name_is_refused():
    with pytest.raises(UsageFault, match="CTK603"):
        listed_backend("caffe-referense")


def test_a_runtime_that_is_not_installed_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(listing._MODULES, "onnxruntime", "surely_not_here")
    monkeypatch.setitem(REQUIREMENTS, "surely_not_here", "surely-not-here>=1")
    found = listed_backend("onnxruntime")
    assert (found.installed, found.install) == (False, "surely-not-here>=1")
    with pytest.raises(EnvironmentFailed) as caught:
        listing.refuse_missing_runtime("onnxruntime")
    assert caught.value.code == "CTK404"
    assert caught.value.notes == ("install it: pip install 'surely-not-here>=1'",)


@pytest.mark.parametrize("name", ["onnxruntime", "opencv", "openvino", "torch"])
def test_a_backend_asks_for_the_same_package_as_the_list(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = saved(graph([helper.make_node("Neg", ["x"], ["y"])]), tmp_path)
    monkeypatch.setitem(sys.modules, listing._MODULES[name], None)
    listed = listed_backend(name)
    with pytest.raises(EnvironmentFailed, match=f"CTK404 the backend {name} needs ") as caught:
        listing.backend_class(name).load(path)
    assert caught.value.notes == (f"install it: pip install '{listed.install}'",)


def test_a_module_blocked_by_the_import_system_counts_as_missing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert not listed_backend("onnxruntime").installed


def test_a_backend_that_cannot_be_imported_is_listed_as_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lay_distribution(tmp_path, {"ctk.backends": {"npu": "npu_backend:Npu"}}, modules={})
    on_path(tmp_path, monkeypatch)
    (found,) = [item for item in backends() if item.name == "npu"]
    assert (found.installed, found.formats, found.distribution) == (False, (), "stranger")
    assert "npu_backend" in (found.missing or "")
