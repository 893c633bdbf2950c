"""`ctk explain`: every code has its page, every page its code, and the examples are lines that ctk prints."""

import ast
import json
import os
import pty
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.app import main
from toolkit.errors import CtkError, UsageFault
from toolkit.explanations import EXIT_STATUS_OF_FAMILY, HEADS, explanation, explanations

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("toolkit", "converters", "benchmarks", "reports")
CODES = sorted(path.stem for path in (ROOT / "toolkit" / "explain").glob("*.md"))
BRANCHES = {branch.__name__: branch.exit_status for branch in CtkError.__subclasses__()}


@cache
def sources() -> dict[Path, str]:
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    assert len(files) > 50
    return {path: path.read_text("utf-8") for path in files}


def calls_with_code() -> Iterator[tuple[str, str, ast.expr | None]]:
    """Callee, code and message of every call such as ``BadInput("CTK501", "…")``."""
    for text in sources().values():
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call):
                continue
            for at, argument in enumerate(node.args):
                if isinstance(argument, ast.Constant) and re.fullmatch(r"CTK\d{3}", str(argument.value)):
                    callee = (
                        node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
                    )
                    yield callee, str(argument.value), node.args[at + 1] if at + 1 < len(node.args) else None


def pattern_of(message: ast.expr | None) -> str:
    """A regular expression for a message; what is only known at run time may be anything."""
    if isinstance(message, ast.Constant):
        return re.escape(str(message.value))
    if isinstance(message, ast.JoinedStr):
        return "".join(pattern_of(v) if isinstance(v, ast.Constant) else ".*" for v in message.values)
    return ".*"


def test_every_code_in_the_source_has_a_page_and_every_page_a_code() -> None:
    used = {code for text in sources().values() for code in re.findall(r"CTK\d{3}", text)}
    assert sorted(used) == CODES


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_the_fixed_heads_and_says_something_under_each(code: str) -> None:
    text = (ROOT / "toolkit" / "explain" / f"{code}.md").read_text("utf-8")
    assert re.match(rf"# {code} [A-Z].*[^.]\n", text)
    assert tuple(re.findall(r"^## (.*)$", text, re.MULTILINE)) == HEADS
    for section in re.split(r"^## .*$", text, flags=re.MULTILINE)[1:]:
        assert len(section.split()) >= 3
    assert max(map(len, text.split("```")[0].splitlines())) <= 110


@pytest.mark.parametrize("code", CODES)
def test_the_example_is_a_line_that_the_source_can_print(code: str) -> None:
    page = explanations()[code].text
    line = page.partition("## Example\n\n```\n")[2].splitlines()[0]
    assert line.startswith(f"error: {code} ")
    patterns = [pattern_of(message) for _, found, message in calls_with_code() if found == code]
    if code == "CTK801":  # has no error class: it is the answer to a signal
        patterns = ["interrupted"]
    what = line.removeprefix(f"error: {code} ")
    assert any(re.fullmatch(pattern + r"( \(.*\))?", what) for pattern in patterns)


def test_the_family_of_a_code_is_the_branch_that_raises_it() -> None:
    wrong = defaultdict(set)
    checked = 0
    for callee, code, _ in calls_with_code():
        if callee in BRANCHES:
            checked += 1
            if EXIT_STATUS_OF_FAMILY[code[3]] != BRANCHES[callee]:
                wrong[code].add(callee)
    assert checked > 50
    assert dict(wrong) == {}


@given(code=st.sampled_from(CODES), form=st.sampled_from(["{}", "CTK{}", "ctk{}", " Ctk{} "]))
def test_spellings_of_a_code(code: str, form: str) -> None:
    assert explanation(form.format(code[3:])).code == code


@pytest.mark.parametrize("word", ["999", "CTK", "", "CTK5033", "５０３", "../CTK503", "CTK503.md"])
def test_an_unknown_code_is_ctk603(word: str) -> None:
    with pytest.raises(UsageFault) as caught:
        explanation(word)
    assert caught.value.code == "CTK603"
    assert caught.value.notes[-1] == "`ctk explain` lists all codes"


def test_the_nearest_code_is_suggested(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "ctk5O3"]) == 64
    assert "note: did you mean 'CTK5" in capsys.readouterr().err


def test_a_page_in_a_pipe_is_its_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "503"]) == 0
    assert capsys.readouterr().out == (ROOT / "toolkit" / "explain" / "CTK503.md").read_text("utf-8")


def test_without_a_code_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    rows = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()[1:]]
    assert [row[0] for row in rows] == CODES
    assert ["CTK503", "5", "The prototxt has a syntax error"] in [[*row[:2], row[2].strip()] for row in rows]


def test_json_holds_the_pages_and_nothing_else_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "ctk404", "--json", "-"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (document["schema"], err) == ("ctk.explain/1", "")
    assert [(code["code"], code["exit_status"]) for code in document["codes"]] == [("CTK404", 4)]
    assert main(["explain", "--json", "-"]) == 0
    assert [code["code"] for code in json.loads(capsys.readouterr().out)["codes"]] == CODES


def test_on_a_terminal_the_markdown_is_rendered() -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [sys.executable, "-m", "toolkit", "explain", "503"], stdout=theirs, env=environment
    ):
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 1 << 16):
                shown += piece
        except OSError:  # Linux ends a terminal that nobody holds with EIO
            pass
    os.close(ours)
    assert b"The prototxt has a syntax error" in shown
    assert b"## What" not in shown
