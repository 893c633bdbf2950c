"""SSIM in its two usual conventions, which differ in the third digit: always say which.

``uniform`` is the default of scikit-image: 7×7 windows of equal weight, covariance over n - 1.
``gaussian`` is that of Wang, Bovik, Sheikh, Simoncelli 2004: Gaussian weights of σ 1.5 (11×11), covariance over n.
Both: K1 = 0.01, K2 = 0.03, full scale 255, the mean over channels, and windows that lie wholly inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

from numpy.typing import NDArray

from benchmarks.image_quality.peak_signal import FULL_SCALE
from toolkit.errors import BadInput

Window: TypeAlias = Literal["uniform", "gaussian"]

SIDE: Mapping[Window, int] = {"uniform": 7, "gaussian": 11}
_OPTIONS: Mapping[Window, Mapping[str, Any]] = {
    "uniform": {"win_size": 7},
    "gaussian": {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False},
}
_BLOCK_PIXELS = 1 << 18


def ssim(reference: NDArray[Any], candidate: NDArray[Any], window: Window) -> float | None:
    """Mean structural similarity of two pictures.

    Args:
        reference: H×W×3, or one plane H×W, counting to 255.
        candidate: Of the same shape.
        window: The convention.

    Returns:
        At most 1, which is reached by equal pictures alone; None where the picture is smaller than a window.

    Raises:
        BadInput: CTK508 when the shapes differ.
    """
    from skimage.metrics import structural_similarity

    if reference.shape != candidate.shape:
        raise BadInput("CTK508", f"pictures of {reference.shape} and {candidate.shape} cannot be compared")
    if min(reference.shape[:2]) < SIDE[window]:
        return None
    axis = -1 if reference.ndim == 3 else None
    total = 0.0
    for rows, centres in _overlapping_rows(reference.shape, SIDE[window]):
        one, other = reference[rows], candidate[rows]
        found = structural_similarity(  # type: ignore[no-untyped-call]  # not annotated there
            one, other, data_range=FULL_SCALE, channel_axis=axis, **_OPTIONS[window]
        )
        total += float(found) * centres
    return float(total / (reference.shape[0] - SIDE[window] + 1))


def _overlapping_rows(shape: tuple[int, ...], side: int) -> Iterator[tuple[slice, int]]:
    """Blocks of rows, and of how many rows of windows each holds the whole.

    The mean over windows is the mean over blocks, weighted, so no picture is too large for memory.
    """
    centres = shape[0] - side + 1
    step = max(side, _BLOCK_PIXELS // shape[1])
    for start in range(0, centres, step):
        count = min(step, centres - start)
        yield slice(start, start + count + side - 1), count
