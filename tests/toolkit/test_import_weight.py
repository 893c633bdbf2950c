"""Start-up stays light: what a clean interpreter has loaded after an import, and after `ctk --help`."""

import json
import subprocess
import sys
from collections.abc import Iterable

HEAVY = {
    *("onnx", "onnxruntime", "onnx_ir", "openvino", "torch", "cv2", "nncf", "ray"),
    *("numpy", "scipy", "skimage", "PIL", "pandas", "matplotlib", "jinja2", "requests", "urllib3", "google"),
}
ROOMS = {"toolkit", "converters", "benchmarks", "reports"}


def loaded_after(code: str) -> set[str]:
    """Names of all modules that a clean interpreter has loaded after the code."""
    show = "import json, sys; sys.stderr.write('\\nMODULES ' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{show}"], capture_output=True, text=True, check=True, timeout=60
    )
    return set(json.loads(done.stderr.rpartition("MODULES ")[2]))


def heavy(modules: Iterable[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules} & HEAVY


def test_heavy_packages_would_be_seen() -> None:
    assert heavy(loaded_after("import onnxruntime")) >= {"onnxruntime", "numpy"}


def test_the_entry_point_imports_nothing_heavy_and_no_room_above_it() -> None:
    modules = loaded_after("import toolkit.app")
    assert heavy(modules) == set()
    assert {module.partition(".")[0] for module in modules} & ROOMS == {"toolkit"}


def test_the_four_rooms_import_nothing_heavy() -> None:
    modules = loaded_after("import toolkit, converters, benchmarks, reports")
    assert heavy(modules) == set()


def test_help_loads_the_verbs_and_nothing_heavy() -> None:
    modules = loaded_after("from toolkit.app import main; assert main(['--help']) == 0")
    assert heavy(modules) == set()
    assert "pydantic" not in modules  # half of the user time that help took
    ours = {module for module in modules if module.partition(".")[0] in ROOMS}
    assert {"toolkit.commands.explain", "toolkit.commands.doctor", "converters.commands.convert"} <= ours
    # Of the rooms above toolkit, help loads only the verbs themselves.
    above = {module for module in ours if not module.startswith("toolkit")}
    strangers = {module for module in above if module.count(".") and module.split(".")[1] not in {"commands"}}
    assert strangers == set()


def test_doctor_and_explain_import_no_runtime() -> None:
    doctor = "from toolkit.app import main; main(['doctor', '--json', '-'])"
    explain = "from toolkit.app import main; assert main(['explain', '503']) == 0"
    assert heavy(loaded_after(doctor)) == set()
    assert heavy(loaded_after(explain)) == set()
