"""Figures as text."""

from __future__ import annotations

import pytest

from reports.bench.figures import (
    bar,
    counted,
    megabytes,
    milliseconds,
    milliseconds_interval,
    percent,
    percentile,
    ratio_interval,
    shares_in_percent,
)


@pytest.mark.parametrize(
    ("value", "text"), [(None, "-"), (0.0432, "0.043"), (1.0, "1.00"), (43.21, "43.21"), (1234.56, "1234.6")]
)
def test_a_time_has_the_digits_that_it_needs(value: float | None, text: str):
    assert milliseconds(value) == text


def test_intervals_and_their_absence():
    assert milliseconds_interval((1.5, 2.25)) == "[1.50, 2.25]"
    assert ratio_interval((0.98, 1.0204)) == "[0.980, 1.020]"
    assert milliseconds_interval(None) == ratio_interval(None) == "-"


def test_a_percentile_without_enough_samples_says_how_many_it_takes():
    assert percentile(None, 662) == "n/a (needs 662)"
    assert percentile(8.125, None) == "8.12"


def test_shares_add_up_to_exactly_a_hundred():
    thirds = shares_in_percent(dict.fromkeys("abc", 1 / 3))  # rounded alone: 33.3 three times
    assert sorted(thirds.values()) == [33.3, 33.3, 33.4]
    sevenths = shares_in_percent(dict.fromkeys("abcdefg", 1 / 7))
    assert sum(round(10 * share) for share in sevenths.values()) == 1000
    assert shares_in_percent({"a": 0.003, "b": 0.997}) == {"a": 0.3, "b": 99.7}
    assert shares_in_percent({}) == {}


def test_the_largest_remainders_get_what_is_left():
    assert shares_in_percent({"a": 0.33349, "b": 0.33316, "c": 0.33335}) == {"a": 33.4, "b": 33.3, "c": 33.3}


def test_bars():
    assert bar(0.5, 20) == "█" * 10
    assert bar(0.0, 20) == ""
    assert bar(0.0001, 20, "#") == "#"
    assert bar(1.5, 4, "#") == "####"


def test_words():
    assert percent(0.03) == "3 %"
    assert percent(0.00712) == "0.712 %"
    assert percent(19.0) == "1900 %"
    assert megabytes(512_400_000) == "512 MB"
    assert [counted(1, "launch"), counted(5, "launch"), counted(2, "round")] == [
        "1 launch",
        "5 launches",
        "2 rounds",
    ]
