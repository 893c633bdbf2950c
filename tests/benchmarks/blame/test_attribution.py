"""Shapley values and interactions against textbook games, and against averages over all orders."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, combinations, permutations

import numpy as np
import pytest

from benchmarks.blame.attribution import attribute, every_combination
from benchmarks.blame.side import PARTS
from benchmarks.parity_document import Part

THREE: tuple[Part, ...] = ("decode", "pre", "model")


def game(parts: tuple[Part, ...], value: Callable[[frozenset[Part]], float]):
    return {chosen: float(value(chosen)) for chosen in every_combination(parts)}


def random_game(seed: int):
    random = np.random.default_rng(seed)
    return game(PARTS, lambda chosen: random.random() * 10 if chosen else 0)


def test_every_set_of_parts_occurs_once():
    found = list(every_combination(PARTS))
    assert len(found) == len(set(found)) == 32


def test_effects_that_add_up_are_the_shares():
    effect = {"decode": 1.0, "pre": 2.5, "model": 0.0}
    found = attribute(THREE, game(THREE, lambda chosen: sum(effect[part] for part in chosen)))
    assert found.shares == pytest.approx(effect)
    assert found.alone == effect
    assert found.without == pytest.approx({"decode": 2.5, "pre": 1.0, "model": 3.5})
    assert list(found.interactions.values()) == pytest.approx([0, 0, 0])


def test_the_glove_game():
    # A pair of gloves is worth 1; one player has a left glove, two have a right one: 4/6, 1/6, 1/6.
    found = attribute(THREE, game(THREE, lambda chosen: "decode" in chosen and len(chosen) > 1))
    assert found.shares == pytest.approx({"decode": 4 / 6, "pre": 1 / 6, "model": 1 / 6})


def test_an_effect_of_two_parts_only_together():
    found = attribute(THREE, game(THREE, lambda chosen: {"pre", "model"} <= chosen))
    assert found.shares == pytest.approx({"decode": 0, "pre": 0.5, "model": 0.5})
    assert found.interactions == pytest.approx(
        {("decode", "pre"): 0, ("decode", "model"): 0, ("pre", "model"): 1}
    )


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_averages_over_all_orders(seed: int):
    errors = random_game(seed)
    found = attribute(PARTS, errors)
    sums = dict.fromkeys(PARTS, 0.0)
    orders = list(permutations(PARTS))
    for order in orders:
        for place, part in enumerate(order):
            sums[part] += errors[frozenset(order[: place + 1])] - errors[frozenset(order[:place])]
    assert found.shares == pytest.approx({part: total / len(orders) for part, total in sums.items()})
    assert sum(found.shares.values()) == pytest.approx(found.total)


@pytest.mark.parametrize("seed", range(5))
def test_interactions_are_sums_of_dividends(seed: int):
    # Grabisch, Roubens 1999: the index of a set is the sum of its supersets' Möbius transforms, each divided by
    # how many more members it has, plus one.
    errors = random_game(seed)
    found = attribute(PARTS, errors)

    def dividend(chosen: frozenset[Part]) -> float:
        subsets = chain.from_iterable(combinations(chosen, size) for size in range(len(chosen) + 1))
        return sum((-1) ** (len(chosen) - len(some)) * errors[frozenset(some)] for some in subsets)

    for pair in combinations(PARTS, 2):
        supersets = [chosen for chosen in errors if chosen >= set(pair)]
        expected = sum(dividend(chosen) / (len(chosen) - 1) for chosen in supersets)
        assert found.interactions[pair] == pytest.approx(expected)


def test_no_parts():
    found = attribute((), {frozenset(): 0.0})
    assert (found.total, found.shares, found.interactions) == (0, {}, {})
