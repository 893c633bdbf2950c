"""The sentences that an attribution becomes."""

from __future__ import annotations

import pytest
from blame_sides import SIZE, network

from benchmarks.blame.attribution import Attribution
from benchmarks.blame.conclusion import conclusion, notable
from benchmarks.blame.side import Side
from toolkit.presets.registry import preset_named

EXACT = Side(preset_named("exact", net_size=SIZE), network())
ASCEND = Side(preset_named("ascend-py", net_size=SIZE), network(scale=2))


def found(total: float, pre: float, model: float, together: float = 0.0):
    return Attribution(
        total=total,
        shares={"pre": pre, "model": model},
        alone={"pre": pre, "model": model},
        without={"pre": model, "model": pre},
        interactions={("pre", "model"): together},
    )


def test_one_part_explains_most():
    assert conclusion(found(4, 1, 3), EXACT, ASCEND) == (
        "The final pictures differ by 4 ΔE2000 on average: model 75 %, pre 25 %. "
        "Mostly model (network × 2 instead of network × 1): with the reference's it would be 1."
    )


def test_no_part_explains_more_than_half():
    text = conclusion(found(0.5, 0.25, 0.25), EXACT, ASCEND)
    assert text.startswith("The final pictures differ by 0.5 ΔE2000 on average, which is hardly seen: ")
    assert text.endswith("No part explains more than half of it.")


@pytest.mark.parametrize(
    ("together", "said"),
    [
        (0.44, "pre and model together make 11 % more than one by one."),
        (-0.44, "pre and model together make 11 % less than one by one."),
    ],
)
def test_interactions_over_a_tenth_are_told(together: float, said: str):
    assert conclusion(found(4, 1, 3, together), EXACT, ASCEND).endswith(said)
    assert notable(found(4, 1, 3, together)) == {("pre", "model"): pytest.approx(together / 4)}


def test_interactions_up_to_a_tenth_are_not_told():
    assert notable(found(4, 1, 3, 0.39)) == {}
    assert "together" not in conclusion(found(4, 1, 3, -0.39), EXACT, ASCEND)


def test_differences_that_cancel_out():
    cancelling = Attribution(0, {"pre": 0, "model": 0}, {"pre": 3, "model": 2}, {"pre": 2, "model": 3}, {})
    assert conclusion(cancelling, EXACT, ASCEND) == (
        "The final pictures are equal, but only because differences cancel out: pre, model."
    )
