"""Features of the processor that decide in which precision, and how fast, a runtime computes."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from pydantic import BaseModel, ConfigDict

# Names as in /proc/cpuinfo, x86 first, then ARM.
_MEANINGS = {
    "f16": ("avx512_fp16", "amx_fp16", "asimdhp", "fphp"),
    "bf16": ("avx512_bf16", "amx_bf16", "avx_ne_convert", "bf16"),
    "i8": ("avx512_vnni", "avx_vnni", "avx_vnni_int8", "amx_int8", "asimddp", "i8mm"),
    "f32": ("fma", "avx2", "avx512f", "asimd", "sve", "sve2"),
}


class Processor(BaseModel):
    """The processor; what cannot be read is null.

    Attributes:
        name: Model name.
        logical_cores: Processors that the system sees.
        features: Features that matter, by the precision that they speed up.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None
    logical_cores: int | None
    features: dict[str, tuple[str, ...]] | None


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> Processor:
    """This machine's processor.

    Args:
        cpuinfo: Where Linux describes it; elsewhere the features are unknown.
    """
    fields = _first_block(cpuinfo)
    flags = fields.get("flags", fields.get("Features"))
    present = None if flags is None else set(flags.split())
    return Processor(
        name=fields.get("model name") or platform.processor() or None,
        logical_cores=os.cpu_count(),
        features=None
        if present is None
        else {word: tuple(name for name in names if name in present) for word, names in _MEANINGS.items()},
    )


def _first_block(cpuinfo: Path) -> dict[str, str]:
    try:
        block = cpuinfo.read_text(errors="replace").partition("\n\n")[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in block.splitlines())
    return {key.strip(): value.strip() for key, colon, value in pairs if colon}
