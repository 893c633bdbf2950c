"""The grey baseline: what ab = 0 would give, which no check may let pass.

A candidate as far from the reference as a grey picture has no colour to lose, whatever tolerance was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.image_quality.colourfulness import colourfulness
from benchmarks.image_quality.delta_e2000 import DeltaE2000
from benchmarks.image_quality.delta_e_map import delta_e_map, summary
from benchmarks.image_quality.picture_pairs import Samples
from benchmarks.parity_document import GreyBaseline
from toolkit.colour.coefficients import coefficients
from toolkit.colour.lab import lab_to_srgb, lightness
from toolkit.presets.checks import CHANNELS
from toolkit.presets.preset import Preset

# A step of 8 bits in the green of every pixel is a mean ΔE2000 of 0.96 over the greys (0.33 over all colours;
# measured). Where grey is no farther from the reference than that, the picture has no colour to lose.
COLOURLESS = 1.0


@dataclass(frozen=True, slots=True)
class GreyError:
    """Error of grey to the reference, for one input.

    Attributes:
        output_max_abs: Largest difference of `grey_output` to the reference's output.
        output_rmse: Root of their mean squared difference.
        delta_e2000: Of the grey picture to the reference's; None without pictures.
        colourfulness_reference: Of the reference's picture; None without pictures.
    """

    output_max_abs: float
    output_rmse: float
    delta_e2000: DeltaE2000 | None = None
    colourfulness_reference: float | None = None


def grey_output(reference: NDArray[Any]) -> NDArray[np.float32]:
    """The output that means grey, float32, of the reference's shape.

    For the head `bins` (1×313×h×w) the whole probability in the bin of a = b = 0, for all others 0.
    """
    grey = np.zeros(reference.shape, np.float32)
    if reference.ndim == 4 and reference.shape[1] == CHANNELS["bins"]:
        grey[:, int(np.flatnonzero((coefficients() == 0).all(axis=1))[0])] = 1
    return grey


def grey_picture(preset: Preset, reference: NDArray[Any], kept: Any) -> Samples:
    """The grey picture as a preset makes it: uint8, H×W×3, R G B.

    Args:
        preset: What made the reference's picture.
        reference: The output that it was made of.
        kept: What `Preset.pre` kept of it.
    """
    return preset.to_rgb(preset.post(grey_output(reference), kept))


def grey_of(rgb: Samples) -> Samples:
    """A picture with a = b = 0 and its own L, by the formulas of the preset `exact`: uint8, H×W×3, R G B.

    For a network whose head is `rgb`, where no preset makes the picture.
    """
    light = lightness(rgb / 255.0)
    fractions = lab_to_srgb(np.stack([light, np.zeros_like(light), np.zeros_like(light)], axis=-1))
    return np.rint(np.clip(fractions, 0, 1) * 255).astype(np.uint8)


def grey_error(
    reference_output: NDArray[Any], reference_rgb: Samples | None = None, grey_rgb: Samples | None = None
) -> GreyError:
    """How far grey is from the reference, for one input.

    Args:
        reference_output: The reference's output, finite.
        reference_rgb: Its picture (uint8, H×W×3, R G B), where there is one.
        grey_rgb: `grey_picture`; `grey_of` the reference by default.

    Raises:
        BadInput: CTK508 when the pictures' sizes differ.
    """
    largest, rmse = _errors(reference_output, grey_output(reference_output))
    if reference_rgb is None:
        return GreyError(largest, rmse)
    grey_rgb = grey_of(reference_rgb) if grey_rgb is None else grey_rgb
    seen = summary(delta_e_map(reference_rgb, grey_rgb))
    return GreyError(largest, rmse, seen, colourfulness(reference_rgb))


def grey_baseline(errors: Sequence[GreyError]) -> GreyBaseline | None:
    """The baseline of a document: of all inputs the ones where grey comes nearest; None for no input.

    Args:
        errors: One for each input that was usable.
    """
    if not errors:
        return None
    seen = [error.delta_e2000 for error in errors if error.delta_e2000 is not None]
    colours = [e.colourfulness_reference for e in errors if e.colourfulness_reference is not None]
    return GreyBaseline(
        delta_e2000=min(seen, key=lambda one: one.mean, default=None),
        output_max_abs=min(error.output_max_abs for error in errors),
        output_rmse=min(error.output_rmse for error in errors),
        colourfulness_reference=min(colours, default=None),
    )


def reaches_grey(
    grey: GreyError,
    *,
    reference_output: NDArray[Any] | None = None,
    candidate_output: NDArray[Any] | None = None,
    delta_e2000: DeltaE2000 | None = None,
) -> bool | None:
    """Whether a candidate's error to the reference reaches grey's, for one input: then it fails.

    The mean ΔE2000 decides where pictures are there and their reference has colours to lose, and the root
    mean square of the output wherever it is not 0 throughout; one that reaches is enough. The largest
    difference does not decide here: one element of a network in i8 may be off by more than the largest
    reference value, in a picture that nobody finds fault with.

    Args:
        grey: `grey_error` for the same input.
        reference_output: The reference's output.
        candidate_output: The candidate's, of the same shape (another shape reaches grey); not finite reaches it.
        delta_e2000: Of the candidate's picture to the reference's.

    Returns:
        None where neither could be told.
    """
    found = []
    if delta_e2000 is not None and grey.delta_e2000 is not None and grey.delta_e2000.mean > COLOURLESS:
        found.append(delta_e2000.mean >= grey.delta_e2000.mean)
    if reference_output is not None and candidate_output is not None:
        if reference_output.shape != candidate_output.shape or not np.isfinite(candidate_output).all():
            return True
        if grey.output_rmse > 0:
            found.append(_errors(reference_output, candidate_output)[1] >= grey.output_rmse)
    return any(found) if found else None


def _errors(reference: NDArray[Any], candidate: NDArray[Any]) -> tuple[float, float]:
    """Largest absolute and root mean squared difference, in float64."""
    difference = np.abs(candidate.astype(np.float64) - reference)
    if not difference.size:
        return 0.0, 0.0
    largest = float(difference.max())
    scaled = difference / largest if largest else difference  # squares of huge values may overflow
    return largest, largest * float(np.sqrt((scaled**2).mean()))
