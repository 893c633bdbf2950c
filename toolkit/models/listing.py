"""What `ctk models` tells, as `ctk.models/1`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from toolkit.documents import Document
from toolkit.models.card import ModelCard
from toolkit.models.store import model_paths, weights_in_cache


class CachedWeights(BaseModel):
    """Weights of a model that are in the cache, and their folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: Literal["released", "synthetic"]
    folder: str


class ListedModel(ModelCard):
    """A model card, and the weights of that model in the cache."""

    in_cache: tuple[CachedWeights, ...]


class ModelsDocument(Document):
    """``ctk.models/1``: the model cards."""

    schema_: Literal["ctk.models/1"] = Field(default="ctk.models/1", alias="schema")
    models: tuple[ListedModel, ...]


def listed_model(card: ModelCard) -> ListedModel:
    """A card with what the cache holds of that model."""
    cached = [
        {"weights": weights, "folder": str(model_paths(card.name, weights).folder)}
        for weights in weights_in_cache(card)
    ]
    return ListedModel.model_validate({**card.model_dump(), "in_cache": cached})
