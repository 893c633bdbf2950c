"""Presets by name."""

from __future__ import annotations

from collections.abc import Callable

from toolkit.errors import UsageFault
from toolkit.nearest import did_you_mean
from toolkit.presets.exact import Exact
from toolkit.presets.preset import Preset

# Each takes `net_size` (height, width) and `mean_inside`.
PRESETS: dict[str, Callable[[tuple[int, int], bool], Preset]] = {"exact": Exact}


def preset_named(name: str, *, net_size: tuple[int, int] = (224, 224), mean_inside: bool = False) -> Preset:
    """The preset of that name, for a network.

    Args:
        name: A word of DESIGN §5, such as ``exact``.
        net_size: Height and width of the network's input.
        mean_inside: Whether the network subtracts 50 from L itself.

    Raises:
        UsageFault: CTK603 for an unknown name; the nearest one is suggested.
    """
    if name not in PRESETS:
        raise UsageFault("CTK603", f"unknown preset {name!r}", notes=did_you_mean(name, PRESETS))
    return PRESETS[name](net_size, mean_inside)
