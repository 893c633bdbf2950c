"""`ctk doctor`: what it finds is what is there, and what ctk lacks decides the exit status."""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from toolkit import plugins
from toolkit.app import main
from toolkit.doctor import libraries as libraries_module
from toolkit.doctor.libraries import libraries, tools
from toolkit.doctor.members import registered_members
from toolkit.doctor.places import cache_place, weights_present
from toolkit.doctor.processor import processor
from toolkit.doctor.report import DoctorDocument
from toolkit.models.card import model_card
from toolkit.models.main_model import MAIN_MODEL
from toolkit.models.store import model_paths

INSTALLED = {
    (distribution.metadata["Name"] or "").lower(): distribution.version for distribution in distributions()
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(capsys: pytest.CaptureFixture[str]) -> tuple[int, DoctorDocument, str]:
    status = main(["doctor", "--json", "-"])
    out, err = capsys.readouterr()
    return status, DoctorDocument.model_validate_json(out), err


def test_a_whole_installation_passes(capsys: pytest.CaptureFixture[str]) -> None:
    status, found, err = run(capsys)
    assert (status, found.verdict, found.problems, err) == (0, "pass", (), "")
    assert found.python == platform.python_version()
    assert found.ctk == INSTALLED["colorization-toolkit"]


def test_needed_libraries_are_those_of_pyproject_with_their_installed_versions() -> None:
    import tomllib

    pyproject = Path(__file__).resolve().parents[2] / "pyproject.toml"
    wanted = tomllib.loads(pyproject.read_text())["project"]["dependencies"]
    needed = [library for library in libraries() if library.needed]
    assert sorted(line.split(">=")[0] for line in wanted) == [library.name for library in needed]
    assert {library.name: library.version for library in needed} == {
        library.name: INSTALLED[library.name] for library in needed
    }
    # Every needed library is told what for.
    assert {library.enables for library in needed}.isdisjoint({"ctk itself"})


def test_a_library_of_the_design_is_listed_whether_or_not_it_is_there() -> None:
    optional = {library.name: library for library in libraries() if not library.needed}
    assert {"torch", "nncf", "ray", "matplotlib"} <= set(optional)
    for library in optional.values():
        assert library.enables
        assert library.get == f"pip install {library.name}"
        assert library.version == INSTALLED.get(library.name)


@pytest.mark.parametrize(
    ("line", "name", "at_least", "ok"),
    [
        ("numpy>=2.0", "numpy", "2.0", True),
        ("numpy>=999", "numpy", "999", False),
        ("numpy", "numpy", None, True),
        ("no-such-library>=1.2,<3; python_version > '3'", "no-such-library", "1.2", False),
    ],
)
def test_a_requirement(line: str, name: str, at_least: str | None, ok: bool) -> None:
    (found,) = (library for library in libraries([line, "ray>=2; extra == 'scale'"]) if library.needed)
    assert (found.name, found.at_least, found.ok) == (name, at_least, ok)


releases = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@given(found=releases, bound=releases)
def test_versions_are_compared_as_packaging_compares_them(found: str, bound: str) -> None:
    assert libraries_module._older(found, bound) == (Version(found) < Version(bound))


def test_what_ctk_lacks_is_ctk404_with_the_command_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        libraries_module, "_own_requirements", lambda: ["numpy>=999", "no-such-library>=1.2", "rich>=1"]
    )
    status, found, err = run(capsys)
    assert (status, found.verdict, len(found.problems)) == (4, "fail", 2)
    lines = err.splitlines()
    assert lines[0] == "error: CTK404 ctk cannot work as installed: 2 things are missing"
    assert (
        lines[1] == "note: no-such-library is not installed (ctk itself): pip install 'no-such-library>=1.2'"
    )
    assert lines[2].endswith(
        f"numpy {INSTALLED['numpy']} is too old (all arithmetic): pip install 'numpy>=999'"
    )


def test_members_are_the_registered_ones_and_none_is_imported() -> None:
    members = {(member.kind, member.name): member for member in registered_members()}
    assert members["backend", "onnxruntime"].module == "toolkit.backends.onnxruntime"
    assert members["route", "caffe->onnx"].own
    assert {name for kind, name in members if kind == "verb"} == set(plugins.members(plugins.COMMANDS))


def registered_elsewhere(folder: Path, target: str) -> dict[str, str]:
    info = folder / "ctk_npu-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ctk-npu\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[ctk.backends]\nnpu = {target}:Npu\n")
    return os.environ | {"PYTHONPATH": str(folder)}


@pytest.mark.parametrize(
    ("source", "target", "problem"),
    [
        ({}, "npu_runtime.backend", "ModuleNotFoundError: No module named 'npu_runtime'"),
        ({}, "npu_runtime", "there is no module npu_runtime"),
        ({"npu_runtime/__init__.py": "1 / 0"}, "npu_runtime.backend", "ZeroDivisionError: division by zero"),
        ({"npu_runtime.py": "import sys; sys.exit(9)"}, "npu_runtime", None),
    ],
)
def test_a_broken_backend_of_another_distribution_is_a_warning(
    tmp_path: Path, source: dict[str, str], target: str, problem: str | None
) -> None:
    environment = registered_elsewhere(tmp_path / "site", target)
    for name, text in source.items():
        (tmp_path / "site" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "site" / name).write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "toolkit", "doctor", "--json", "-"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (npu,) = (member for member in json.loads(done.stdout)["members"] if member["name"] == "npu")
    assert (npu["distribution"], npu["problem"]) == ("ctk-npu", problem)
    assert ("warning: the backend 'npu' of ctk-npu cannot be found" in done.stderr) == (problem is not None)


def test_the_cache_is_looked_at_and_not_made(home: Path) -> None:
    place = cache_place()
    assert (place.home, place.exists, place.writable) == (str(home), False, True)
    status = os.statvfs(home.parent)
    assert place.free_bytes is not None
    assert abs(place.free_bytes - status.f_bavail * status.f_frsize) < 2**30
    assert not home.exists()
    home.mkdir()
    assert cache_place().exists


def test_a_cache_that_cannot_be_written_is_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "file" / "home"))
    status, found, err = run(capsys)
    assert (status, found.cache.writable) == (0, False)
    assert err.startswith(f"warning: the cache folder {tmp_path / 'file' / 'home'} cannot be written")


def test_weights_are_found_by_their_size() -> None:
    card = model_card(MAIN_MODEL)
    path = model_paths(MAIN_MODEL, "released").caffemodel
    path.parent.mkdir(parents=True)
    path.touch()
    os.truncate(path, card.file("caffemodel").bytes - 1)
    assert not weights_present()[0].released
    os.truncate(path, card.file("caffemodel").bytes)
    assert (weights_present()[0].model, weights_present()[0].released) == (MAIN_MODEL, True)
    assert not weights_present()[0].synthetic


INTEL = "processor\t: 0\nmodel name\t: Xeon\nflags\t\t: fpu fma avx2 avx512f avx512_bf16 amx_int8\n\nprocessor\t: 1\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd asimdhp bf16\n"


def test_processor_features(tmp_path: Path) -> None:
    (tmp_path / "intel").write_text(INTEL)
    (tmp_path / "arm").write_text(ARM)
    intel, arm = processor(tmp_path / "intel"), processor(tmp_path / "arm")
    assert intel.name == "Xeon"
    assert intel.features == {
        "f16": (), "bf16": ("avx512_bf16",), "i8": ("amx_int8",), "f32": ("fma", "avx2", "avx512f")
    }  # fmt: skip
    assert arm.features is not None
    assert (arm.features["f16"], arm.features["bf16"]) == (("asimdhp",), ("bf16",))
    assert processor(tmp_path / "none").features is None


def test_atc_is_looked_for_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert tools()[0].path is None
    (tmp_path / "atc").write_text("#!/bin/sh\n")
    (tmp_path / "atc").chmod(0o755)
    assert tools()[0].path == str(tmp_path / "atc")


def test_the_text_has_every_library_and_member_on_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for word in ("numpy", "nncf", "atc", "caffe-reference", "caffe->onnx", "explain"):
        assert sum(word in line.split()[:3] for line in lines) == 1, word
    (nncf,) = (line for line in lines if "nncf" in line.split()[:3])
    if "nncf" not in INSTALLED:
        assert nncf.rstrip().endswith("pip install nncf")


def test_the_schema_names_the_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--print-schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["properties"]["schema"]["const"] == "ctk.doctor/1"


def test_the_tables_are_an_answer_and_stay_under_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CTK_HOME", str(tmp_path))
    assert main(["doctor", "--quiet"]) == 0
    assert "onnxruntime" in capsys.readouterr().out
