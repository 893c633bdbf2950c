"""Features of the processor that decide in which precision, and how fast, a runtime computes."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from toolkit.machine import CPUINFO, cpu_facts


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


def processor(cpuinfo: Path = CPUINFO) -> Processor:
    """This machine's processor.

    Args:
        cpuinfo: Where Linux describes it; elsewhere the features are unknown.
    """
    facts = cpu_facts(cpuinfo)
    return Processor(name=facts.name, logical_cores=os.cpu_count(), features=facts.by_precision())
