"""Makes `tests.fuzz` importable under pytest's importlib mode, as `python -m tests.fuzz` has it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

_ROOT = str(Path(__file__).parents[2])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)


@pytest.fixture(scope="session")
def warm() -> None:
    """Imports, thread pools and arenas are made before memory is measured in this process."""
    from tests.fuzz.inputs import make_input
    from tests.fuzz.judge import judge

    for seed in range(-30, 0):
        judge(make_input(seed), check=True)
