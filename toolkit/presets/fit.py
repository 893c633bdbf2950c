"""Whether a preset and a network belong together: a mistake here gives wrong colours, never an error."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.errors import UsageFault
from toolkit.presets.checks import CHANNELS
from toolkit.presets.preset import Preset


def refuse_unfit(preset: Preset, *, head: str | None = None, mean: str | None = None) -> None:
    """Checks that a network is what a preset was written for.

    Args:
        preset: The preset.
        head: Where the network ends, a word of DESIGN §1; unknown when None.
        mean: Where the 50 is subtracted from L, ``inside`` the network or ``outside``; unknown when None.

    Raises:
        UsageFault: CTK601 naming what does not fit.
    """
    needs = f"convert it with --head {preset.head} --mean {preset.mean}, or choose another preset"
    if head is not None and head != preset.head:
        what = f"the preset {preset.name} needs a network with the head {preset.head!r}, not {head!r}"
        raise UsageFault("CTK601", what, notes=[needs])
    if mean is not None and mean != preset.mean:
        raise UsageFault(
            "CTK601",
            f"the preset {preset.name} needs a network with the mean {preset.mean!r}, not {mean!r}",
            notes=[f"the 50 would be subtracted from L {_TIMES[preset.mean]}", needs],
        )


_TIMES = {"outside": "twice", "inside": "nowhere"}


def head_of(shape: Sequence[int | None]) -> str | None:
    """The head that an output's shape (N×C×h×w) tells: ``ab``, ``bins`` or ``rgb``; None for any other."""
    channels = shape[1] if len(shape) == 4 else None
    return {2: "ab", CHANNELS["bins"]: "bins", 3: "rgb"}.get(channels or 0)
