"""The account of a conversion as it stands in an artifact's document: what became of every source layer."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class ParameterEntry(BaseModel):
    """What became of one parameter.

    Attributes:
        role: ``weight``, ``bias``, ``mean`` ...
        elements: How many numbers.
        origin: ``stored``, ``shared``, ``filler``, ``random-filler``, ``coefficients`` or ``attached``.
        initializer: The initializer that holds it, or None when it was folded.
        reason: Why it was folded.
    """

    model_config = ConfigDict(extra="forbid")

    role: str
    elements: int
    origin: str
    initializer: str | None = None
    reason: str | None = None


class LayerEntry(BaseModel):
    """What became of one source layer.

    Attributes:
        fate: ``folded`` is a layer that lives on in another one's numbers; no route folds whole layers yet.
        reason: Why it was folded or dropped.
        nodes: What was made for it, by name.
    """

    model_config = ConfigDict(extra="forbid")

    layer: str
    type: str
    fate: Literal["converted", "folded", "dropped"]
    reason: str | None = None
    nodes: list[str] = Field(default_factory=list)
    parameters: list[ParameterEntry] = Field(default_factory=list)


class LedgerDocument(BaseModel):
    """The whole account; the totals are checked to the element."""

    model_config = ConfigDict(extra="forbid")

    layers: list[LayerEntry]
    layers_total: int
    layers_converted: int
    layers_folded: int
    layers_dropped: int
    elements_total: int
    elements_converted: int
    elements_folded: int
