"""The package beside the standard library's module of the same name, and what importing it loads."""

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


def test_a_script_in_benchmarks_still_gets_the_standard_librarys_module():
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import statistics; from statistics import median;"
        "import benchmarks.statistics.paired; print(median([3, 1, 2]), statistics.__file__.endswith('statistics.py'))"
    )
    assert run(code) == ["2", "True"]


def test_importing_the_package_loads_no_scipy():
    names = sorted(file.stem for file in (FOLDER / "statistics").glob("*.py") if file.stem != "__init__")
    assert "paired" in names
    imports = "; ".join(f"import benchmarks.statistics.{name}" for name in names)
    assert run(f"import sys; {imports}; print('scipy' in sys.modules, 'numpy' in sys.modules)") == [
        "False",
        "True",
    ]
