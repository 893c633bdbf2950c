"""Presets by name."""

from __future__ import annotations

from collections.abc import Callable

from toolkit.errors import UsageFault
from toolkit.nearest import did_you_mean
from toolkit.presets.ascend_cpp import AscendCpp
from toolkit.presets.ascend_py import AscendPy
from toolkit.presets.caffe_release import CaffeRelease
from toolkit.presets.exact import Exact
from toolkit.presets.fit import refuse_unfit
from toolkit.presets.omz_demo import OmzDemo
from toolkit.presets.opencv_py import OpenCvPy
from toolkit.presets.preset import Preset

# Each takes `net_size` (height, width).
PRESETS: dict[str, Callable[[tuple[int, int]], Preset]] = {
    "exact": Exact,
    "ascend-py": AscendPy,
    "ascend-cpp": AscendCpp,
    "opencv-py": OpenCvPy,
    "omz-demo": OmzDemo,
    "caffe-release": CaffeRelease,
}


def preset_named(
    name: str, *, net_size: tuple[int, int] = (224, 224), mean_inside: bool | None = None
) -> Preset:
    """The preset of that name, for a network.

    Args:
        name: A word of DESIGN §5, such as ``exact``.
        net_size: Height and width of the network's input.
        mean_inside: Whether the network subtracts 50 from L itself. By default it is what the preset is for:
            inside for `omz-demo`, outside for all others. Only `exact` serves both.

    Raises:
        UsageFault: CTK603 for an unknown name (the nearest one is suggested), CTK601 when the preset is for
            networks with the mean on the other side.
    """
    if name not in PRESETS:
        raise UsageFault("CTK603", f"unknown preset {name!r}", notes=did_you_mean(name, PRESETS))
    preset = Exact(net_size, bool(mean_inside)) if name == "exact" else PRESETS[name](net_size)
    if mean_inside is not None:
        refuse_unfit(preset, mean="inside" if mean_inside else "outside")
    return preset
