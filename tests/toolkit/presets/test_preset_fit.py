"""Presets by name, the arrays that they refuse, and the networks that they are not for."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit.errors import BadInput, UsageFault
from toolkit.presets.fit import head_of, refuse_unfit
from toolkit.presets.registry import PRESETS, preset_named

# DESIGN §5 and science.md §7: the head and the mean of the network behind each program.
NETWORKS = {
    "exact": ("ab", "outside"),
    "caffe-release": ("ab", "outside"),
    "opencv-py": ("ab", "outside"),
    "omz-demo": ("bins", "inside"),
    "ascend-cpp": ("ab", "outside"),
    "ascend-py": ("ab", "outside"),
}
CHANNELS = {"ab": 2, "bins": 313}


def test_all_presets_are_there():
    assert set(PRESETS) == set(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_each_preset_is_for(name: str):
    preset = preset_named(name, net_size=(5, 6))
    assert (preset.name, (preset.head, preset.mean), preset.net_size) == (name, NETWORKS[name], (5, 6))
    head, mean = NETWORKS[name]
    refuse_unfit(preset, head=head, mean=mean)
    refuse_unfit(preset)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_with_another_head_or_mean_is_refused(name: str):
    preset, (head, mean) = preset_named(name), NETWORKS[name]
    other_mean = {"inside": "outside", "outside": "inside"}[mean]
    for wrong in {"ab", "bins", "rgb"} - {head}:
        with pytest.raises(
            UsageFault, match=f"CTK601 the preset {name} needs .*head '{head}', not '{wrong}'"
        ):
            refuse_unfit(preset, head=wrong, mean=mean)
    with pytest.raises(UsageFault, match=f"CTK601 the preset {name} needs .*mean '{mean}'") as caught:
        refuse_unfit(preset, head=head, mean=other_mean)
    # Subtracted by the preset and by the network, or by neither.
    assert caught.value.notes[0].endswith("twice" if mean == "outside" else "nowhere")
    assert f"--head {head} --mean {mean}" in caught.value.notes[1]


def test_only_exact_serves_both_means():
    assert preset_named("exact", mean_inside=True).mean == "inside"
    assert preset_named("omz-demo", mean_inside=True).mean == "inside"
    for name, (_, mean) in NETWORKS.items():
        if name != "exact":
            with pytest.raises(UsageFault, match="CTK601"):
                preset_named(name, mean_inside=mean == "outside")


@pytest.mark.parametrize(
    ("wrong", "meant"), [("ascend_py", "ascend-py"), ("opencv", "opencv-py"), ("OMZ-Demo", "omz-demo")]
)
def test_an_unknown_name_suggests_the_nearest(wrong: str, meant: str):
    with pytest.raises(UsageFault, match="CTK603") as caught:
        preset_named(wrong)
    assert caught.value.notes == (f"did you mean '{meant}'?",)


@pytest.mark.parametrize(
    ("shape", "head"),
    [((1, 2, 56, 56), "ab"), ((None, 313, None, None), "bins"), ((1, 3, 224, 224), "rgb"),
     ((1, 64, 9, 9), None), ((1, None, 56, 56), None), ((2, 2), None)],
)  # fmt: skip
def test_the_head_that_a_shape_tells(shape: tuple[int | None, ...], head: str | None):
    assert head_of(shape) == head


@pytest.mark.parametrize("name", NETWORKS)
def test_wrong_outputs_are_refused(name: str):
    preset = preset_named(name, net_size=(8, 8))
    kept = preset.pre(preset.from_rgb(np.zeros((5, 4, 3), np.uint8))).kept
    channels = CHANNELS[preset.head]
    for shape in ((channels, 2, 3), (2, channels, 2, 3), (1, 315 - channels, 2, 3), (1, channels, 0, 3)):
        with pytest.raises(BadInput, match=f"CTK508 .*1×{channels}×h×w"):
            preset.post(np.zeros(shape, np.float32), kept)
    for value in (np.nan, np.inf, -np.inf):
        output = np.zeros((1, channels, 2, 3), np.float32)
        output[0, 1, 1, 2] = value
        with pytest.raises(BadInput, match=r"CTK519 .*1 values, first at \(0, 1, 1, 2\)"):
            preset.post(output, kept)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_no_picture_is_refused(name: str):
    preset = preset_named(name)
    wrong_type = np.uint8 if name == "caffe-release" else np.float32
    for picture in (
        np.zeros((4, 4, 3), wrong_type),
        np.zeros((4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
    ):
        with pytest.raises(UsageFault, match="CTK601 a picture is"):
            preset.pre(picture)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 2)])
def test_pictures_of_one_pixel_or_one_line(name: str, size: tuple[int, int]):
    preset = preset_named(name, net_size=(16, 24))
    rgb = np.random.default_rng(2).integers(60, 200, (*size, 3), dtype=np.uint8)
    prepared = preset.pre(preset.from_rgb(rgb))
    assert prepared.input.shape == (1, 1, 16, 24)
    assert np.isfinite(prepared.input).all()
    output = np.zeros((1, CHANNELS[preset.head], 4, 6), np.float32)  # no colour: a = b = 0
    coloured = preset.to_rgb(preset.post(output, prepared.kept))
    assert coloured.shape == (*size, 3)
    assert coloured.dtype == np.uint8
    assert np.ptp(coloured.astype(int), axis=2).max() <= 1


@pytest.mark.parametrize("name", NETWORKS)
def test_a_decoded_picture_can_be_handed_to_another_preset(name: str):
    preset = preset_named(name)
    rgb = np.random.default_rng(3).integers(0, 256, (7, 9, 3), dtype=np.uint8)
    picture = preset.from_rgb(rgb)
    assert (preset.to_rgb(picture) == rgb).all()
    same = preset.decode(preset_named("exact").encode(rgb, ".png"), "p")
    assert (same == picture).all()
    assert same.dtype == picture.dtype


def test_probabilities_of_one_bin_are_its_colour():
    """omz-demo decodes what class8_ab would have: with all weight on one bin, its a and b."""
    from toolkit.colour.coefficients import coefficients

    bins, plain = preset_named("omz-demo"), preset_named("ascend-py")
    grey = np.full((6, 6, 3), 140, np.uint8)
    for index in (40, 120, 200, 300):
        output = np.zeros((1, 313, 3, 3), np.float32)
        output[0, index] = 1
        ab = np.broadcast_to(coefficients()[index].reshape(1, 2, 1, 1), (1, 2, 3, 3)).astype(np.float32)
        one = bins.to_rgb(bins.post(output, bins.pre(bins.from_rgb(grey)).kept))
        other = plain.to_rgb(plain.post(ab, plain.pre(plain.from_rgb(grey)).kept))
        assert (one == other).all()
