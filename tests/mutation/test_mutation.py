"""The mutation driver itself: its mutants differ as they say, and it tells a caught one from a survivor."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tools.mutation.__main__ import _report  # noqa: E402
from tools.mutation.many import Judgement  # noqa: E402
from tools.mutation.mutants import mutants  # noqa: E402

SOURCE = '''
"""Docstring with 1 + 2."""
from x import y

LIMIT: int = 3


@decorated("name", 4)
def f(a, b=5):
    """Adds 6."""
    check(a, most=7)
    if a < b:
        return (a + 8, b)
    raise Fault("code 9", a + 10)
'''


def changed() -> list[tuple[int, str, str]]:
    original = ast.unparse(ast.parse(SOURCE)).splitlines()
    found = []
    for mutant in mutants(SOURCE):
        lines = ast.unparse(mutant.tree).splitlines()
        assert len(lines) == len(original)
        (line,) = {new.strip() for old, new in zip(original, lines, strict=True) if old != new}
        found.append((mutant.line, mutant.change, line))
    return found


def test_each_mutant_changes_one_line_as_it_says():
    assert sorted(changed()) == sorted(
        [
            (5, "3 -> 4", "LIMIT: int = 4"),
            (11, "without check(a, most=7)", "pass"),
            (11, "without most=", "check(a)"),
            (11, "7 -> 8", "check(a, most=8)"),
            (12, "Lt -> LtE", "if a <= b:"),
            (12, "if True", "if True:"),
            (12, "if False", "if False:"),
            (13, "Add -> Sub", "return (a - 8, b)"),
            (13, "8 -> 9", "return (a + 9, b)"),
            (13, "items 0 and 1 exchanged", "return (b, a + 8)"),
        ]
    )


@pytest.mark.slow
def test_every_mutant_of_the_handlers_compiles():
    for path in sorted((ROOT / "converters" / "caffe" / "layers").glob("s*.py")):
        for mutant in mutants(path.read_text("utf-8")):
            compile(mutant.tree, str(path), "exec")


@pytest.mark.parametrize(
    ("judged", "status"),
    [
        ([(10, 10, []), (9, 10, [(3, "Add -> Sub", "a + b")])], 0),
        ([(10, 10, []), (7, 10, [])], 1),
        ([(10, 10, []), "the tests of b.py fail without any mutation"], 1),
        ([(10, 10, []), "it died", (10, 10, [])], 1),
        ([], 1),
    ],
)
def test_a_file_that_could_not_be_judged_is_no_pass(
    capsys: pytest.CaptureFixture[str], judged: list[Judgement | str], status: int
):
    assert _report((Path(f"{i}.py"), found) for i, found in enumerate(judged)) == status
    said = capsys.readouterr().out
    assert ("1 files could not be judged" in said) == any(isinstance(found, str) for found in judged)


@pytest.mark.slow
def test_what_is_listed_as_no_change_is_in_the_sources():
    folder = ROOT / "converters" / "caffe" / "layers"
    for entry in json.loads((ROOT / "tools" / "mutation" / "equivalent.json").read_text("utf-8")):
        found = mutants((folder / entry["file"]).read_text("utf-8"))
        assert any((m.source, m.change) == (entry["source"], entry["change"]) for m in found), entry


@pytest.mark.slow
def test_most_mutants_of_a_file_are_caught():
    command = [sys.executable, "-m", "tools.mutation", "softmax.py", "--most", "20", "--processes", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
