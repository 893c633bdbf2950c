"""Lines on standard error, and what collects or silences them."""

import contextvars
import io
import sys

import pytest

from toolkit.errors import EnvironmentFailed, Where
from toolkit.messages import collected_warnings, note, report_error, set_quiet, warn


@pytest.fixture
def alone() -> contextvars.Context:
    """A context of its own, so that quiet does not leak into other tests."""
    return contextvars.copy_context()


def test_lines_have_their_kind_and_go_to_standard_error(
    alone: contextvars.Context, capsys: pytest.CaptureFixture[str]
) -> None:
    alone.run(warn, "hot\nline")
    alone.run(note, "why")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "warning: hot\\nline\nnote: why\n"


def test_an_error_is_one_line_and_its_notes(capsys: pytest.CaptureFixture[str]) -> None:
    report_error(EnvironmentFailed("CTK401", "no\nway", Where(file="a"), ["first", "second\x07"]))
    assert capsys.readouterr().err == "error: CTK401 no\\nway (a)\nnote: first\nnote: second\\x07\n"


def test_quiet_silences_notes_only(alone: contextvars.Context, capsys: pytest.CaptureFixture[str]) -> None:
    alone.run(set_quiet, True)
    alone.run(note, "hidden")
    alone.run(warn, "seen")
    alone.run(report_error, EnvironmentFailed("CTK401", "no", notes=["what to do"]))
    assert capsys.readouterr().err == "warning: seen\nerror: CTK401 no\nnote: what to do\n"


def test_warnings_are_collected_inside_the_block_only(capsys: pytest.CaptureFixture[str]) -> None:
    with collected_warnings() as outer:
        warn("one")
        with collected_warnings() as inner:
            warn("two")
        warn("three")
    warn("four")
    assert (outer, inner) == (["one", "three"], ["two"])
    assert capsys.readouterr().err == "warning: four\n"


def test_an_exception_ends_the_collection(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        with collected_warnings():
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    warn("after")
    assert capsys.readouterr().err == "warning: after\n"


def test_a_standard_error_that_takes_nothing_does_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        tried = 0

        def write(self, text: str) -> int:
            self.tried += 1
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stderr", full := Full())
    warn("nobody reads this")
    assert full.tried == 1
