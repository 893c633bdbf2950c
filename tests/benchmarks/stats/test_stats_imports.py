"""No package of ours hides a module that scripts beside it import, and what importing the statistics loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import benchmarks

FOLDER = Path(benchmarks.__file__).parent


def run(code: str):
    done = subprocess.run(
        [sys.executable, "-c", code, str(FOLDER)], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.split()


def test_a_script_in_benchmarks_gets_the_modules_of_the_standard_library():
    # `python benchmarks/SCRIPT.py` puts that folder first on the path.
    hidden = {entry.stem for entry in FOLDER.iterdir()} & sys.stdlib_module_names
    assert hidden == set()


def test_importing_the_package_loads_no_scipy():
    names = sorted(file.stem for file in (FOLDER / "stats").glob("*.py") if file.stem != "__init__")
    assert "paired" in names
    imports = "; ".join(f"import benchmarks.stats.{name}" for name in names)
    assert run(f"import sys; {imports}; print('scipy' in sys.modules, 'numpy' in sys.modules)") == [
        "False",
        "True",
    ]
