"""Blame between two sides: a fault in one part is found there, and the whole is the two sides' own difference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from blame_sides import (
    SIZE,
    WrongDecode,
    WrongPost,
    WrongPre,
    ab,
    counted,
    network,
    outside,
    picture,
    probabilities,
)

from benchmarks.blame.blaming import blame_for, combination_errors
from benchmarks.blame.network import Network, ab_of, bins_giving
from benchmarks.blame.side import Side, differing_parts
from benchmarks.image_quality.delta_e_map import delta_e_map
from toolkit.colour.coefficients import coefficients
from toolkit.errors import BadInput, Inconclusive, UsageFault
from toolkit.presets.exact import Exact
from toolkit.presets.registry import preset_named

EXACT = Exact(SIZE)
SWAPPED_POINTS = np.ascontiguousarray(coefficients()[:, ::-1])

ONE_FAULT = {
    "decode": (Side(EXACT, network()), lambda net: Side(WrongDecode(SIZE), net)),
    "pre": (Side(EXACT, network()), lambda net: Side(WrongPre(SIZE), net)),
    "model": (Side(EXACT, network()), lambda _: Side(EXACT, network(scale=0.5))),
    "head": (
        Side(EXACT, network(bins=True)),
        lambda _: Side(EXACT, network(bins=True, points=SWAPPED_POINTS)),
    ),
    "post": (Side(EXACT, network()), lambda net: Side(WrongPost(SIZE), net)),
}


def own_picture(side: Side, data: bytes):
    """What a side makes of a file, step by step as a program would."""
    prepared = side.preset.pre(side.preset.decode(data, "file"))
    return side.preset.to_rgb(side.preset.post(side.network.run(prepared.input), prepared.kept))


@pytest.mark.parametrize("part", ONE_FAULT)
def test_a_fault_in_one_part_is_found_there(part: str):
    reference, make = ONE_FAULT[part]
    found = blame_for(reference, make(reference.network), [picture()])
    shares = {share.part: share.share for share in found.shares}
    assert shares.pop(part) == pytest.approx(1)
    assert list(shares.values()) == pytest.approx([0] * len(shares))
    assert found.total_delta_e2000_mean > 2
    assert found.interactions == {}
    assert f"Mostly {part}" in found.text
    assert "with the reference's it would be 0." in found.text


PAIRS: dict[str, tuple[Callable[[], Side], Callable[[], Side]]] = {
    "exact, ascend-py": (
        lambda: Side(EXACT, network()),
        lambda: Side(preset_named("ascend-py", net_size=SIZE), network(scale=0.8)),
    ),
    "caffe-release, opencv-py": (
        lambda: Side(preset_named("caffe-release", net_size=SIZE), network(bins=True)),
        lambda: Side(preset_named("opencv-py", net_size=SIZE), network(bins=True, points=SWAPPED_POINTS)),
    ),
    "ascend-cpp, exact": (
        lambda: Side(preset_named("ascend-cpp", net_size=SIZE), network()),
        lambda: Side(EXACT, network(scale=0.9)),
    ),
    "exact, omz-demo": (
        lambda: Side(EXACT, network(bins=True)),
        lambda: Side(preset_named("omz-demo", net_size=SIZE), outside(mean="inside")),
    ),
    "omz-demo, exact without probabilities": (
        lambda: Side(preset_named("omz-demo", net_size=SIZE), outside(mean="inside")),
        lambda: Side(EXACT, network()),
    ),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_the_whole_error_is_the_difference_of_the_two_sides_themselves(pair: str):
    reference, candidate = (make() for make in PAIRS[pair])
    files = [picture(seed, turned="caffe" not in pair, suffix="JPEG") for seed in (1, 2)]
    found = blame_for(reference, candidate, files)
    errors = [
        delta_e_map(own_picture(reference, file.data), own_picture(candidate, file.data)).mean()
        for file in files
    ]
    assert found.total_delta_e2000_mean == pytest.approx(np.mean(errors), rel=1e-9)
    assert sum(share.share for share in found.shares) == pytest.approx(1)
    assert found.total_delta_e2000_mean > 0.1


def test_a_part_alone_is_what_a_hand_made_swap_gives():
    reference = Side(EXACT, network())
    candidate = Side(preset_named("ascend-py", net_size=SIZE), network(scale=0.5))
    file = picture(3)
    found = {share.part: share for share in blame_for(reference, candidate, [file]).shares}
    prepared = EXACT.pre(EXACT.decode(file.data, "file"))
    swapped = EXACT.to_rgb(EXACT.post(candidate.network.run(prepared.input), prepared.kept))
    expected = delta_e_map(own_picture(reference, file.data), swapped).mean()
    assert found["model"].delta_e2000_mean_alone == pytest.approx(expected, rel=1e-9)
    assert found["decode"].delta_e2000_mean_alone == 0  # a PNG without orientation: both decode alike


def test_parts_that_both_sides_share_are_not_listed():
    reference, candidate = Side(EXACT, network()), Side(EXACT, network(scale=2))
    assert [share.part for share in blame_for(reference, candidate, [picture()]).shares] == ["model"]
    opencv = Side(preset_named("opencv-py", net_size=SIZE), reference.network)
    ascend = Side(preset_named("ascend-py", net_size=SIZE), reference.network)
    assert differing_parts(opencv, ascend) == ("pre", "post")  # both decode as cv2.imread does


def test_a_head_outside_the_graph_is_no_difference():
    reference, candidate = Side(EXACT, network(bins=True)), Side(EXACT, outside())
    errors = combination_errors(reference, candidate, [picture()])
    assert differing_parts(reference, candidate) == ("model", "head")
    assert max(errors.values()) < 0.01
    assert ab_of(probabilities(np.zeros((1, 1, 16, 16))), coefficients()) == pytest.approx(
        ab(np.zeros((1, 1, 16, 16))), abs=1e-5
    )


def test_without_probabilities_the_head_belongs_to_the_model():
    candidate = Side(EXACT, network(points=SWAPPED_POINTS))
    found = blame_for(Side(EXACT, network()), candidate, [picture()])
    assert [(share.part, share.share) for share in found.shares] == [("model", pytest.approx(1))]


def test_the_mean_moves_with_the_network():
    inside = Network("inside", "ab", "inside", lambda light: ab(light - 50))
    reference, candidate = Side(EXACT, network()), Side(Exact(SIZE, mean_inside=True), inside)
    errors = combination_errors(reference, candidate, [picture()])
    assert len(errors) == 8
    assert max(errors.values()) < 0.02


def test_bins_that_give_an_ab():
    wanted = np.random.default_rng(0).normal(0, 50, (1, 2, 3, 4)).astype(np.float32)
    np.testing.assert_allclose(ab_of(bins_giving(wanted), coefficients()), wanted, rtol=1e-6)


def test_a_network_runs_once_for_each_input():
    one, calls = counted(network())
    other, others = counted(network(scale=0.5))
    found = combination_errors(
        Side(EXACT, one), Side(preset_named("ascend-py", net_size=SIZE), other), [picture()]
    )
    assert len(found) == 16
    assert set(calls.values()) == set(others.values()) == {1}
    assert len(calls) == len(others) == 2  # of either preset; both decode alike


def test_the_same_side_twice():
    side = Side(EXACT, network())
    found = blame_for(side, side, [picture()])
    assert (found.total_delta_e2000_mean, found.shares) == (0, [])
    assert found.text == "The two sides do not differ in any part."


def test_equal_pictures_of_different_parts():
    found = blame_for(Side(EXACT, network()), Side(EXACT, network()), [picture()])
    assert [(share.part, share.share) for share in found.shares] == [("model", 0)]
    assert "The final pictures are equal" in found.text


def test_no_picture_is_inconclusive():
    with pytest.raises(Inconclusive, match="CTK301"):
        blame_for(Side(EXACT, network()), Side(EXACT, network()), [])


def test_networks_of_other_input_sizes_cannot_be_swapped():
    with pytest.raises(UsageFault, match=r"CTK601 .*16×16 and 8×8"):
        blame_for(Side(EXACT, network()), Side(Exact((8, 8)), network()), [picture()])


@pytest.mark.parametrize(
    "side",
    [
        Side(Exact(SIZE, mean_inside=True), network()),
        Side(preset_named("omz-demo", net_size=SIZE), network()),
    ],
)
def test_a_side_whose_preset_does_not_fit_its_network(side: Side):
    with pytest.raises(UsageFault, match="CTK601"):
        blame_for(Side(EXACT, network()), side, [picture()])


def test_a_picture_that_only_one_side_turns():
    reference, candidate = (
        Side(EXACT, network()),
        Side(preset_named("caffe-release", net_size=SIZE), network()),
    )
    with pytest.raises(
        BadInput, match=r"CTK508 .*30×40 by exact and 40×30 by caffe-release.*picture-0"
    ) as caught:
        blame_for(reference, candidate, [picture(turned=True)])
    assert "EXIF" in caught.value.notes[0]


def test_an_output_that_is_not_finite():
    broken = Network("broken", "ab", "outside", lambda light: np.full((1, 2, 4, 4), np.nan, np.float32))
    with pytest.raises(BadInput, match="CTK519"):
        blame_for(Side(EXACT, network()), Side(EXACT, broken), [picture()])
