"""Blame: all combinations of two sides' parts, and the share of the error that each part explains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.blame.attribution import Attribution, Combination, attribute, every_combination
from benchmarks.blame.conclusion import conclusion, notable
from benchmarks.blame.side import Side, differing_parts
from benchmarks.blame.swapping import Swapping
from benchmarks.harness.pictures import Sample
from benchmarks.parity_document import Blame, BlameShare, Part
from toolkit.errors import Inconclusive


def blame_for(reference: Side, candidate: Side, pictures: Sequence[Sample]) -> Blame:
    """Divides the difference of two sides' final pictures into the parts that differ.

    With k such parts, 2^k pictures are made of each given one, and held against the reference side's: the
    error is the mean ΔE2000, averaged over the pictures. The shares are Shapley values as fractions of it
    (`benchmarks.blame.attribution`); where the pictures of both sides are equal, all are 0.

    Args:
        reference: Such as the preset `exact` with caffe-reference.
        candidate: Such as the preset `ascend-py` with openvino in bf16.
        pictures: Files that both presets can decode.

    Raises:
        Inconclusive: CTK301 without a picture.
        UsageFault: CTK601 when a side's preset and network do not fit, or the networks' inputs differ in size.
        BadInput: CTK518 for a picture, CTK508 for one that the sides decode to different sizes, CTK508 or
            CTK519 for an output that no picture can be made of.
        EnvironmentFailed: What a backend raises.
    """
    parts = differing_parts(reference, candidate)
    errors = combination_errors(reference, candidate, pictures)
    found = attribute(parts, errors)
    return Blame(
        total_delta_e2000_mean=found.total,
        shares=[
            BlameShare(
                part=part,
                share=_fraction(found, part),
                delta_e2000_mean_alone=found.alone[part],
                delta_e2000_mean_without=found.without[part],
            )
            for part in parts
        ],
        interactions={f"{one}+{other}": share for (one, other), share in notable(found).items()},
        text=conclusion(found, reference, candidate),
    )


def combination_errors(
    reference: Side, candidate: Side, pictures: Sequence[Sample]
) -> Mapping[Combination, float]:
    """Mean ΔE2000 to the reference side for every combination of swapped parts, averaged over pictures.

    Raises as `blame_for`.
    """
    if not pictures:
        raise Inconclusive("CTK301", "there is no picture to find out by which part is to blame")
    for side in (reference, candidate):
        side.refuse_misfit()
    combinations = list(every_combination(differing_parts(reference, candidate)))
    sums = dict.fromkeys(combinations, 0.0)
    for picture in pictures:  # one after another: what is remembered of each is freed before the next
        swapping = Swapping(reference, candidate, picture)
        for combination in combinations:
            sums[combination] += swapping.error(combination) / len(pictures)
    return sums


def _fraction(found: Attribution, part: Part) -> float:
    return found.shares[part] / found.total if found.total else 0.0
