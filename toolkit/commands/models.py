"""`ctk models`: the model cards, and which weights are at hand."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer
from pydantic import BaseModel, ConfigDict, Field

from toolkit.commands.options import JsonTarget, PrintSchema, Quiet
from toolkit.commands.table import print_table
from toolkit.documents import Document, deliver, print_schema
from toolkit.messages import set_quiet
from toolkit.models.card import ModelCard, model_card, model_cards
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


def command(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Show one model whole.")] = None,
    quiet: Quiet = False,
    json_target: JsonTarget = None,
    schema: PrintSchema = False,
) -> None:
    """List the models ctk knows, with their licence, heads and sizes, and which weights are in the cache.

    For example:

      ctk models

      ctk models colorization-v2-norebal

      ctk models --json - | jq '.models[].name'
    """
    if schema:
        print_schema(ModelsDocument)
        return
    set_quiet(quiet)
    cards = [model_card(name)] if name is not None else list(model_cards().values())
    document = ModelsDocument(models=tuple(_listed(card) for card in cards))
    if deliver(document, json_target):
        return
    if name is not None:
        sys.stdout.write(_whole(document.models[0]))
    else:
        _print_all(document)


def _listed(card: ModelCard) -> ListedModel:
    cached = [
        {"weights": weights, "folder": str(model_paths(card.name, weights).folder)}
        for weights in weights_in_cache(card)
    ]
    return ListedModel.model_validate({**card.model_dump(), "in_cache": cached})


def _print_all(document: ModelsDocument) -> None:
    rows = [
        [
            model.name,
            model.licence,
            _shape(model.input.shape),
            ", ".join(f"{head} {_shape(card.shape)}" for head, card in model.heads.items()),
            f"{model.file('caffemodel').bytes / 1e6:.1f} MB",
            ", ".join(cached.weights for cached in model.in_cache)
            or "none (synthetic ones are made on demand)",
        ]
        for model in document.models
    ]
    print_table(["model", "licence", "input", "heads", "weights", "in the cache"], rows)


def _whole(model: ListedModel) -> str:
    lines = [
        f"{model.name}: {model.title}",
        f"  {model.summary}",
        f"  licence      {model.licence}; {model.copyright}",
        f"  citation     {model.citation}",
        f"  home         {model.home}",
        f"  input        {model.input.name} {_shape(model.input.shape)}: {model.input.what}",
    ]
    lines += [
        f"  head {name:7} {head.blob} {_shape(head.shape)}: {head.what}" for name, head in model.heads.items()
    ]
    lines += [f"  coefficients are the weights of {model.coefficients_layer}, which no caffemodel stores"]
    for file in model.files:
        lines += [f"  {file.kind:12} {file.file_name}, {file.bytes} bytes, sha256 {file.sha256}"]
        lines += [f"               {address}" for address in file.addresses]
    lines += [
        f"  synthetic    {model.synthetic.bytes} bytes, sha256 {model.synthetic.sha256}; made on demand",
        f"  note         {model.addresses_note}",
    ]
    lines += [f"  in the cache {cached.weights}: {cached.folder}" for cached in model.in_cache]
    return "\n".join(lines) + "\n"


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
