"""The processor as the system describes it: its name, and the features that decide about precision and speed."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
# By the precision that they speed up; names as in /proc/cpuinfo, x86 first, then ARM.
FEATURES = {
    "f16": ("f16c", "avx512_fp16", "amx_fp16", "asimdhp", "fphp"),
    "bf16": ("avx512_bf16", "amx_bf16", "avx_ne_convert", "bf16"),
    "i8": ("avx512_vnni", "avx_vnni", "avx_vnni_int8", "amx_int8", "asimddp", "i8mm"),
    "f32": ("fma", "avx2", "avx512f", "asimd", "sve", "sve2", "sme"),
}
# What several precisions need.
_SHARED = ("amx_tile",)


@dataclass(frozen=True, slots=True)
class CpuFacts:
    """What is known of the processor; what cannot be read is None.

    Attributes:
        name: Model name.
        flags: Those of its features that matter here, sorted.
    """

    name: str | None
    flags: tuple[str, ...] | None

    def by_precision(self) -> dict[str, tuple[str, ...]] | None:
        """The features by the precision that they speed up, in the order of `FEATURES`."""
        if self.flags is None:
            return None
        return {word: tuple(name for name in names if name in self.flags) for word, names in FEATURES.items()}


def cpu_facts(cpuinfo: Path = CPUINFO) -> CpuFacts:
    """This machine's processor; of several the first.

    Args:
        cpuinfo: Where Linux describes it; elsewhere the features are unknown.
    """
    fields = _first_processor(cpuinfo)
    flags = fields.get("flags", fields.get("Features"))
    known = {*_SHARED, *(name for names in FEATURES.values() for name in names)}
    return CpuFacts(
        name=fields.get("model name") or platform.processor() or None,
        flags=None if flags is None else tuple(sorted(known.intersection(flags.split()))),
    )


def _first_processor(cpuinfo: Path) -> dict[str, str]:
    """The ``key : value`` lines of the first processor; empty where the file is not to be had."""
    try:
        block = cpuinfo.read_text(errors="replace").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}
