"""The pictures of a comparison: reference, candidate, grey and error map side by side, and the map alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from benchmarks.harness.saved_samples import BLOBS
from benchmarks.image_quality.delta_e_map import delta_e_map, summary
from benchmarks.image_quality.error_map import map_panel
from benchmarks.image_quality.panels import labelled, scaled_picture, side_by_side
from benchmarks.image_quality.picture_pairs import Doubles, Samples
from toolkit.atomic import write_atomically
from toolkit.hashing import sha256_bytes
from toolkit.pictures import encode

PANEL_SIDE = 480
MAP_SIDE = 1536


def comparison_png(reference: Samples, candidate: Samples, grey: Samples, differences: Doubles) -> bytes:
    """Reference, candidate, grey and error map from left to right: a PNG file.

    Args:
        reference: uint8, H×W×3, R G B.
        candidate: Of the same size.
        grey: The reference without its colours, of the same size.
        differences: `delta_e_map` of reference and candidate.

    Raises:
        EnvironmentFailed: CTK404 when OpenCV is missing.
    """
    pictures = (("reference", reference), ("candidate", candidate), ("grey", grey))
    panels = [labelled(scaled_picture(rgb, PANEL_SIDE), label) for label, rgb in pictures]
    return encode(side_by_side([*panels, map_panel(differences, PANEL_SIDE, "error, dE2000")]), ".png")


def error_map_png(differences: Doubles) -> bytes:
    """The error map with its scale, at the picture's own size where that is not too large: a PNG file.

    Args:
        differences: `delta_e_map`.

    Raises:
        EnvironmentFailed: CTK404 when OpenCV is missing.
    """
    found = summary(differences)
    label = f"dE2000: mean {found.mean:.3g}, p95 {found.p95:.3g}, max {found.max:.3g}"
    return encode(side_by_side([map_panel(differences, MAP_SIDE, label)]), ".png")


def save_png(data: bytes, folder: Path) -> str:
    """Saves a PNG file under the hash of its content, once.

    Args:
        data: The whole file.
        folder: Where the JSON document lies; the file goes into its folder blobs/.

    Returns:
        Its name there, ``SHA256.png``.

    Raises:
        EnvironmentFailed: CTK401 or CTK402 when it cannot be written.
    """
    name = f"{sha256_bytes(data)}.png"
    target = folder / BLOBS / name
    if not target.exists():
        write_atomically(target, data)
    return name


def save_comparison(
    reference: Samples,
    candidate: Samples,
    grey: Samples,
    folder: Path,
    differences: Doubles | None = None,
) -> Mapping[str, str]:
    """Saves the pictures of a comparison.

    Args:
        reference: uint8, H×W×3, R G B.
        candidate: Of the same size.
        grey: The reference without its colours, of the same size.
        folder: Where the JSON document lies.
        differences: `delta_e_map` of reference and candidate, where it is known already.

    Returns:
        The names in blobs/ under ``side_by_side`` and ``error_map``, for `PictureQuality.pictures`.

    Raises:
        UsageFault: CTK601 when one is no picture.
        BadInput: CTK508 when the sizes differ.
        EnvironmentFailed: CTK401 or CTK402 when a file cannot be written, CTK404 when OpenCV is missing.
    """
    if differences is None:
        differences = delta_e_map(reference, candidate)
    return {
        "side_by_side": save_png(comparison_png(reference, candidate, grey, differences), folder),
        "error_map": save_png(error_map_png(differences), folder),
    }
