"""The command line that scripts of simulations share."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.simulation_script import Options, concluded, options


@pytest.mark.parametrize("docstring", ["A script.\n\nMore.", None])
def test_what_is_not_given_has_its_default(docstring: str | None):
    assert options(docstring, 7, []) == Options(7, 0, None)
    assert options(docstring, 7, ["--runs", "0", "--seed", "3"]) == Options(1, 3, None)


@pytest.mark.parametrize(
    ("broken", "status", "line"), [([], 0, "all bounds hold"), (["too wide"], 1, "broken: too wide")]
)
def test_the_end_says_and_writes_what_is_broken(
    broken: list[str], status: int, line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "out.json"
    assert concluded(Options(5, 2, file), {"table": {"row": {"x": 0.5}}}, broken) == status
    assert capsys.readouterr().out.splitlines() == ["5 runs a row, seed 2", line]
    assert json.loads(file.read_text()) == {
        "runs": 5, "seed": 2, "table": {"row": {"x": 0.5}}, "broken": broken,
    }  # fmt: skip
