"""Receptive fields against sets of inputs followed through each layer's definition."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from converters.caffe.layers.registry import Reach
from converters.inspection.receptive_field import AxisField, merged, of_input, sizes_px, strides, through

Kind = tuple[int, int, int, bool]  # kernel, stride, dilation, whether transposed
MIDDLE = 600


def seen_by(layers: list[Kind], output: int) -> set[int]:
    """Inputs that one output depends on: y[o] reads x[s o + d t]; transposed, x[i] writes y[s i + d t]."""
    positions = {output}
    for kernel, stride, dilation, transposed in reversed(layers):
        taps = [dilation * t for t in range(kernel)]
        if transposed:
            positions = {(p - t) // stride for p in positions for t in taps if (p - t) % stride == 0}
        else:
            positions = {stride * p + t for p in positions for t in taps}
    return positions


def largest_span(layers: list[Kind]) -> int:
    spans = [max(seen) - min(seen) + 1 for o in range(MIDDLE, MIDDLE + 64) if (seen := seen_by(layers, o))]
    return max(spans)


def field_behind(layers: list[Kind]) -> AxisField:
    field = AxisField()
    for kernel, stride, dilation, transposed in layers:
        field = field.through(Reach(dilation * (kernel - 1) + 1, stride, transposed))
    return field


convolutions = st.lists(
    st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.just(False)), max_size=4
)
# A transposed kernel shorter than its stride leaves outputs that see nothing.
transposed = st.integers(1, 3).flatmap(
    lambda s: st.tuples(st.integers(s, 5), st.just(s), st.just(1), st.just(True))
)
unstrided = st.lists(st.tuples(st.integers(1, 4), st.just(1), st.integers(1, 2), st.just(False)), max_size=3)


@given(convolutions)
@settings(max_examples=60, deadline=None)
def test_convolutions_see_exactly_this(layers: list[Kind]):
    assert field_behind(layers).size == largest_span(layers)


@given(convolutions, transposed, unstrided)
@settings(max_examples=60, deadline=None)
def test_a_deconvolution_sees_exactly_this(before: list[Kind], up: Kind, after: list[Kind]):
    layers = [*before, up, *after]
    assert field_behind(layers).size == largest_span(layers)


@given(unstrided, transposed, convolutions, transposed, unstrided)
@settings(max_examples=60, deadline=None)
def test_after_several_upsamplings_it_is_a_bound(
    a: list[Kind], up: Kind, b: list[Kind], again: Kind, c: list[Kind]
):
    layers = [*a, up, *b, again, *c]
    assert field_behind(layers).size >= largest_span(layers)


def test_the_step_is_the_product_of_strides():
    field = field_behind([(3, 2, 1, False), (3, 3, 1, False), (4, 2, 1, True), (4, 4, 1, True)])
    assert field.step == Fraction(2 * 3, 2 * 4)
    assert strides((None, None, field)) == [0.75]


def test_axes_are_apart_and_only_the_last_ones_move():
    field = through(of_input(4), [Reach(3, 2, False), Reach(5, 1, False)])
    assert sizes_px(field) == [3, 5]
    assert strides(field) == [2, 1]


@pytest.mark.parametrize(
    ("reaches", "expected"),
    [
        ([Reach(3, 1, False), Reach(7, 1, False)], [7]),
        ([Reach(3, 1, False), Reach(7, 2, False)], [None]),
    ],
)
def test_of_branches_the_largest_counts_where_their_steps_agree(
    reaches: list[Reach], expected: list[int | None]
):
    assert sizes_px(merged([through(of_input(3), [reach]) for reach in reaches], 3)) == expected


def test_branches_of_other_rank_are_unknown():
    assert sizes_px(merged([of_input(4), of_input(2)], 4)) == [None, None]
