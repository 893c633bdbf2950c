"""The published claims of `claims.json`, each held against what its device can do whenever it is read."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict

from benchmarks.bench_document import Claim, Plausibility
from benchmarks.roofline.cost import GraphCost
from benchmarks.roofline.device_peaks import device_peaks
from benchmarks.roofline.plausibility import judge

TABLE = "claims.json"
SPLIT = "atlas200dk-published"
"""The claim that every bench shows beside its own split (`benchmark_method.md` §9)."""
_F32_BITS = 32


class _Network(BaseModel):
    """What one run of a network costs: FLOPs, numbers in its weights, bytes of inputs and outputs."""

    model_config = ConfigDict(extra="forbid")

    flops: int
    weights: int
    ends_bytes: int
    about: str

    def cost(self) -> GraphCost:
        return GraphCost(self.flops, weights={_F32_BITS: self.weights}, ends_bytes=self.ends_bytes)


class _Entry(BaseModel):
    """One claim as the table has it.

    Attributes:
        models: Model cards that it speaks of.
        network: Whose cost counts; null where no time is claimed.
        peaks_of: Device of the table of peaks; null where it is not there.
        precisions: Those in which it may have run.
        state: What was found out about it; the arithmetic may add ``implausible``.
    """

    model_config = ConfigDict(extra="forbid")

    name: str
    models: list[str]
    network: str | None
    source: str
    device: str
    peaks_of: str | None
    precisions: list[str]
    what: str
    total_ms: float | None
    infer_ms: float | None
    state: Literal["reproduced", "not reproduced", "not measured here"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    networks: dict[str, _Network]
    claims: list[_Entry]


def claims(model: str) -> list[Claim]:
    """All published claims about a model, each with its state; none for a model that nobody published about.

    Args:
        model: Name of a model card.
    """
    return [_claim(entry) for entry in _table().claims if model in entry.models]


def published_split() -> Claim:
    """The 144 ms and 0.43 ms that were published for the Atlas 200 DK."""
    return next(_claim(entry) for entry in _table().claims if entry.name == SPLIT)


@cache
def _table() -> _Table:
    text = files("benchmarks.claims").joinpath(TABLE).read_text(encoding="utf-8")
    return _Table.model_validate(json.loads(text))


def _claim(entry: _Entry) -> Claim:
    judged = _judged(entry)
    floors = [one.floor_ms for one in judged if one.floor_ms is not None]
    impossible = bool(judged) and all(one.verdict == "implausible" for one in judged)
    return Claim(
        name=entry.name,
        source=entry.source,
        device=entry.device,
        what=entry.what,
        total_ms=entry.total_ms,
        infer_ms=entry.infer_ms,
        floor_ms=min(floors, default=None),
        state="implausible" if impossible else entry.state,
        arithmetic=". ".join(one.arithmetic for one in judged if one.arithmetic) or None,
    )


def _judged(entry: _Entry) -> list[Plausibility]:
    """One judgement for each precision in which it may have run; only if all fail it is impossible."""
    if entry.infer_ms is None or entry.network is None or entry.peaks_of is None:
        return []
    peaks = device_peaks(entry.peaks_of)
    if peaks is None:
        return []
    cost = _table().networks[entry.network].cost()
    return [
        judge(cost, peaks.peak(precision), peaks.bandwidth, entry.infer_ms, precision)
        for precision in entry.precisions
    ]
