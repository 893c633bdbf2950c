"""The figures of the CIEDE2000 differences of two pictures, as documents hold them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class DeltaE2000(BaseModel):
    """CIEDE2000 differences of two pictures over all pixels (`delta_e2000` of ctk.parity/1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mean: float
    p95: float
    max: float
