"""The error tree: exit statuses, precedence, and headlines that stay one printable line whatever they name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit import errors
from toolkit.errors import BadInput, CtkError, Where, decisive_exit, printable

# From DESIGN §4, by hand.
STATUSES = {
    "CheckFailed": 1,
    "RegressionFound": 2,
    "Inconclusive": 3,
    "EnvironmentFailed": 4,
    "BadInput": 5,
    "UsageFault": 64,
    "InternalFault": 70,
}
any_text = st.text(st.characters(), max_size=60)  # lone surrogates too: file names may hold them


def test_the_branches_are_those_of_the_design() -> None:
    found = {branch.__name__: branch.exit_status for branch in CtkError.__subclasses__()}
    assert found == STATUSES
    drawn = {
        line.split()[1]: int(line.split()[2]) for line in (errors.__doc__ or "").splitlines() if "── " in line
    }
    assert drawn == STATUSES


@pytest.mark.parametrize(
    ("statuses", "decides"),
    [
        ([], 0),
        ([0, 0], 0),
        ([0, 3], 3),
        ([3, 2], 2),
        ([2, 1, 3], 1),
        ([1, 4], 4),
        ([4, 5, 1], 5),
        ([5, 64], 64),
        ([64, 70, 5], 70),
        ([0, 1, 2, 3, 4, 5, 64, 70], 70),
        ([130, 70], 130),
    ],
)
def test_exit_precedence(statuses: list[int], decides: int) -> None:
    assert decisive_exit(statuses) == decides
    assert decisive_exit(statuses[::-1]) == decides


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (Where(), ""),
        (Where(file="a b.prototxt"), "a b.prototxt"),
        (Where(file="net.prototxt", line=7), "net.prototxt:7"),
        (Where(file="net.prototxt", line=7, column=3), "net.prototxt:7:3"),
        (Where(file="net.prototxt", column=3), "net.prototxt"),
        (Where(line=7), "line 7"),
        (Where(layer="conv1"), "layer 'conv1'"),
        (Where("net.prototxt", 7, 3, "conv1"), "net.prototxt:7:3, layer 'conv1'"),
    ],
)
def test_where(where: Where, text: str) -> None:
    assert str(where) == text


def test_headline_has_code_what_and_where() -> None:
    error = BadInput("CTK503", "unexpected '}'", Where("net.prototxt", 4), ["remove it"])
    assert error.headline == str(error) == "CTK503 unexpected '}' (net.prototxt:4)"
    assert BadInput("CTK503", "unexpected '}'").headline == "CTK503 unexpected '}'"
    assert error.notes == ("remove it",)


@given(what=any_text, file=any_text, layer=any_text)
def test_headline_is_one_printable_line(what: str, file: str, layer: str) -> None:
    headline = BadInput("CTK501", what, Where(file=file, line=1, layer=layer)).headline
    assert headline.startswith("CTK501 ")
    assert headline.isprintable()
    assert len(headline.splitlines()) == 1
    headline.encode("utf-8")  # no lone surrogate is left


@given(text=st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_printable_leaves_plain_text_alone(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("a\r\tb", r"a\r\tb"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\u202eb", r"a\u202eb"),  # a direction override would turn the line around
        ("a\u2028b", r"a\u2028b"),
        ("\udcff", r"\udcff"),
        ("naïve Löwe 猫 1×2", "naïve Löwe 猫 1×2"),
        ("e\u0301", "é"),
    ],
)
def test_printable_escapes_what_a_terminal_would_act_on(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_located_fills_only_what_was_unknown() -> None:
    error = BadInput("CTK507", "pad is negative", Where(line=3, column=9))
    assert error.located(file="net.prototxt", line=99, layer="conv1") is error
    assert str(error.where) == "net.prototxt:3:9, layer 'conv1'"
    error.located(file="other", layer="other")
    assert str(error.where) == "net.prototxt:3:9, layer 'conv1'"
