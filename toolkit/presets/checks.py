"""What every preset asks of the arrays that it is handed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.colour.coefficients import COUNT
from toolkit.errors import BadInput, UsageFault
from toolkit.presets.preset import Head

CHANNELS: dict[Head, int] = {"ab": 2, "bins": COUNT}
_OF: dict[Head, str] = {"ab": "a and b", "bins": "probabilities of the bins"}


def refuse_no_picture(picture: NDArray[Any], dtype: type[np.generic] = np.uint8) -> None:
    """Checks that an array is a picture of H×W×3 with at least one pixel.

    Raises:
        UsageFault: CTK601 when it is not, or when its elements are others.
    """
    if picture.dtype != dtype or picture.ndim != 3 or picture.shape[2] != 3 or picture.size == 0:
        wanted, shape = np.dtype(dtype).name, picture.shape
        raise UsageFault("CTK601", f"a picture is {wanted} of H×W×3, not {picture.dtype} of shape {shape}")


def checked_output(output: NDArray[Any], head: Head) -> NDArray[np.float32]:
    """The planes of a network's output, without the batch.

    Args:
        output: Of 1×C×h×w, C = 2 for the head `ab` and 313 for `bins`.
        head: Which of the two is wanted.

    Returns:
        float32, C×h×w.

    Raises:
        BadInput: CTK508 when the shape is another, CTK519 when a value is NaN or infinite.
    """
    channels = CHANNELS[head]
    if output.ndim != 4 or output.shape[:2] != (1, channels) or output.size == 0:
        raise BadInput(
            "CTK508",
            f"the network's output must be 1×{channels}×h×w ({_OF[head]}), but its shape is {output.shape}",
            notes=[f"this preset needs the head `{head}`"],
        )
    finite = np.isfinite(output)
    if not finite.all():
        first = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise BadInput(
            "CTK519",
            f"the network's output is not finite: {np.count_nonzero(~finite)} values, first at {first}",
            notes=["the weights are damaged, or the precision is too narrow for this network"],
        )
    planes: NDArray[np.float32] = output[0].astype(np.float32, copy=False)
    return planes


def network_input(plane: NDArray[Any]) -> NDArray[np.float32]:
    """A plane of h×w as the network reads it: float32, 1×1×h×w, contiguous."""
    return np.ascontiguousarray(plane, np.float32)[np.newaxis, np.newaxis]
