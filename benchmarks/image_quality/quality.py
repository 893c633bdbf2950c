"""Everything that a report says about one coloured picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from benchmarks.image_quality.ab_planes import ab_rmse
from benchmarks.image_quality.colourfulness import colourfulness
from benchmarks.image_quality.delta_e_map import delta_e_map, summary
from benchmarks.image_quality.open_model_zoo import omz_psnr, omz_ssim
from benchmarks.image_quality.peak_signal import psnr
from benchmarks.image_quality.picture_pairs import Doubles, Samples
from benchmarks.image_quality.structural_similarity import ssim
from benchmarks.parity_document import PictureQuality


@dataclass(frozen=True, slots=True)
class Coloured:
    """A coloured picture, and the network's ab planes that it was made of.

    Attributes:
        rgb: uint8, H×W×3, R G B: the samples that are written, `Preset.to_rgb`.
        ab: The network's output, 1×2×h×w; None where its head is another.
    """

    rgb: Samples
    ab: NDArray[Any] | None = None


def quality(
    name: str,
    reference: Coloured,
    candidate: Coloured,
    *,
    differences: Doubles | None = None,
    pictures: Mapping[str, str] | None = None,
) -> PictureQuality:
    """The figures of one picture.

    Args:
        name: Of the input.
        reference: What it should look like.
        candidate: What it looks like.
        differences: `delta_e_map` of both, where it is known already.
        pictures: What `save_comparison` saved of it.

    Raises:
        UsageFault: CTK601 when one is no picture.
        BadInput: CTK508 when the sizes differ, CTK519 when ab planes are not finite.
    """
    wanted, found = reference.rgb, candidate.rgb
    if differences is None:
        differences = delta_e_map(wanted, found)
    return PictureQuality(
        input=name,
        delta_e2000=summary(differences),
        psnr_db=psnr(wanted, found),
        ssim=ssim(wanted, found, "uniform"),
        ssim_gaussian=ssim(wanted, found, "gaussian"),
        omz_psnr_db=omz_psnr(wanted, found),
        omz_ssim=omz_ssim(wanted, found),
        ab_rmse=_ab_rmse(reference, candidate),
        colourfulness=colourfulness(found),
        colourfulness_reference=colourfulness(wanted),
        pictures=dict(pictures or {}),
    )


def _ab_rmse(reference: Coloured, candidate: Coloured) -> float | None:
    if reference.ab is None or candidate.ab is None:
        return None
    height, width, _ = reference.rgb.shape
    return ab_rmse(reference.ab, candidate.ab, height, width)
