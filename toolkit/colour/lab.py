"""sRGB to CIE Lab and back by the CIE formulas themselves, float64 throughout.

These are the formulas of the preset `exact` (DESIGN §5): the 7-digit sRGB matrix, the white point that is
the sum of its rows (so that every grey has a = b = 0 to rounding), CIE's f with the rational constants
216/24389 and 24389/27, and the inverse of the same matrix. OpenCV and scikit-image use other constants, and
OpenCV a table; nothing here imitates them.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolkit.errors import UsageFault

Doubles: TypeAlias = NDArray[np.float64]

# IEC 61966-2-1 primaries and D65, to 7 digits (B. Lindbloom's table); rows X, Y, Z, columns R, G, B.
RGB_TO_XYZ: Doubles = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
XYZ_TO_RGB: Doubles = np.linalg.inv(RGB_TO_XYZ).astype(np.float64)
WHITE: Doubles = RGB_TO_XYZ.sum(axis=1)

# CIE 15:2004 as rationals: epsilon = (6/29)^3, kappa = (29/3)^3; the two branches of f meet at 6/29.
EPSILON = 216 / 24389
KAPPA = 24389 / 27
_F_AT_EPSILON = 6 / 29

# IEC 61966-2-1: where the sRGB curve turns from a line into a power, on either side.
SRGB_SWITCH = 0.04045
LINEAR_SWITCH = 0.0031308


def srgb_to_lab(rgb: Doubles) -> Doubles:
    """Lab of sRGB colours.

    Args:
        rgb: (..., 3) float64, R, G, B as fractions of full scale, [0, 1].

    Returns:
        (..., 3) float64: L in [0, 100], a and b without a fixed range (within ±108 for sRGB colours).

    Raises:
        UsageFault: CTK601 for another shape or for integers, which would be read as fractions.
    """
    f = _f(linear_from_srgb(_triples(rgb)) @ RGB_TO_XYZ.T / WHITE)
    fx, fy, fz = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)], axis=-1)


def lightness(rgb: Doubles) -> Doubles:
    """The L plane of `srgb_to_lab` alone, at a third of its cost: (..., 3) to (...), float64, [0, 100].

    Raises:
        UsageFault: CTK601, as `srgb_to_lab`.
    """
    luminance = linear_from_srgb(_triples(rgb)) @ RGB_TO_XYZ[1] / WHITE[1]
    light: Doubles = 116 * _f(luminance) - 16
    return light


def lab_to_srgb(lab: Doubles) -> Doubles:
    """The sRGB of Lab colours, the exact inverse of `srgb_to_lab`; not clipped.

    Args:
        lab: (..., 3) float64.

    Returns:
        (..., 3) float64, outside [0, 1] where the colour is outside the sRGB gamut.

    Raises:
        UsageFault: CTK601 for another shape or for integers.
    """
    lab = _triples(lab)
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], axis=-1)
    return srgb_from_linear((_f_inverse(f) * WHITE) @ XYZ_TO_RGB.T)


def linear_from_srgb(srgb: Doubles) -> Doubles:
    """Linear light of sRGB samples (IEC 61966-2-1), elementwise; 1 is full scale on both sides."""
    power = ((np.maximum(srgb, SRGB_SWITCH) + 0.055) / 1.055) ** 2.4
    return np.where(srgb <= SRGB_SWITCH, srgb / 12.92, power)


def srgb_from_linear(linear: Doubles) -> Doubles:
    """The sRGB samples of linear light, elementwise; negative light stays on the straight part."""
    power = 1.055 * np.maximum(linear, LINEAR_SWITCH) ** (1 / 2.4) - 0.055
    return np.where(linear <= LINEAR_SWITCH, linear * 12.92, power)


def _f(t: Doubles) -> Doubles:
    return np.where(t > EPSILON, np.cbrt(t), (KAPPA * t + 16) / 116)


def _f_inverse(f: Doubles) -> Doubles:
    return np.where(f > _F_AT_EPSILON, f * f * f, (116 * f - 16) / KAPPA)


def _triples(values: Doubles) -> Doubles:
    values = np.asarray(values)
    if values.ndim == 0 or values.shape[-1] != 3 or values.dtype.kind != "f":
        raise UsageFault(
            "CTK601",
            f"colours must be floating point of shape (..., 3), not {values.dtype} of shape {values.shape}",
            notes=["divide 8-bit samples by 255"],
        )
    return values.astype(np.float64, copy=False)
