"""The rule as text."""

from __future__ import annotations

import pytest

from benchmarks.parity_check.rule import Tolerance
from benchmarks.parity_check.rule_option import parse_rule
from toolkit.errors import UsageFault


@pytest.mark.parametrize(
    ("text", "rtol", "atol"),
    [
        ("rtol=1e-3,atol=1e-5", 1e-3, 1e-5),
        (" atol = 0.5 , rtol=0 ", 0, 0.5),
        ("rtol=1e9", 1e9, 0),
        ("atol=2", 0, 2),
    ],
)
def test_bounds_in_any_order(text: str, rtol: float, atol: float):
    assert parse_rule(text) == Tolerance(rtol=rtol, atol=atol)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1e-3",
        "rtol=",
        "rtol=x",
        "rtol=nan",
        "atol=inf",
        "rtol=-1",
        "rtol=1,rtol=2",
        "tol=1",
        "rtol=1;atol=1",
    ],
)
def test_anything_else_is_refused(text: str):
    with pytest.raises(UsageFault) as caught:
        parse_rule(text)
    assert caught.value.code == "CTK601"
