"""Published peaks of devices, from a table with the source of every figure."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict

from benchmarks.roofline.peaks import Bandwidth, Peaks, Rate

TABLE = "peaks.json"
_KILO = 1000.0


class _Figure(BaseModel):
    """A published figure in 1e12 FLOPs a second, or in GB/s."""

    model_config = ConfigDict(extra="forbid")

    value: float
    source: str


class _Device(BaseModel):
    """A device.

    Attributes:
        name: As its maker calls it.
        pattern: What runtimes and toolchains call it: a regular expression for the whole name, in any case.
        tflops: By precision; integer operations count as FLOPs.
        gb_s: Memory bandwidth.
        on_chip_mb: Memory that may hold weights from run to run; null where nobody says: nothing then.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    pattern: str
    tflops: dict[str, _Figure]
    gb_s: _Figure | None
    on_chip_mb: _Figure | None = None


def device_peaks(name: str) -> Peaks | None:
    """The published peaks of a device; None where the table does not have it.

    Args:
        name: As a runtime or a toolchain gives it, such as ``Ascend310`` or ``NVIDIA A100-SXM4-40GB``.
    """
    for device in _table():
        if re.fullmatch(device.pattern, name.strip(), re.IGNORECASE):
            return _peaks(device)
    return None


@cache
def _table() -> tuple[_Device, ...]:
    text = files("benchmarks.roofline").joinpath(TABLE).read_text(encoding="utf-8")
    listed: list[Any] = json.loads(text)["devices"]
    return tuple(map(_Device.model_validate, listed))


def _peaks(device: _Device) -> Peaks:
    kept = device.on_chip_mb
    return Peaks(
        device=device.name,
        rates={word: Rate(f.value * _KILO, f.source) for word, f in device.tflops.items()},
        bandwidth=None
        if device.gb_s is None
        else Bandwidth(device.gb_s.value, device.gb_s.source, round(kept.value * 1e6) if kept else 0),
    )
