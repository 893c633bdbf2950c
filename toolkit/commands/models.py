"""`ctk models`: the model cards, and which weights are at hand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.commands.options import JsonTarget, PrintSchema, Quiet
from toolkit.commands.table import print_table
from toolkit.messages import set_quiet

if TYPE_CHECKING:
    from toolkit.models.listing import ListedModel, ModelsDocument

# Heavy modules are imported inside the function: `ctk --help` loads this file for its first line of help.


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
    from toolkit.documents import deliver, print_schema
    from toolkit.models.card import model_card, model_cards
    from toolkit.models.listing import ModelsDocument, listed_model

    if schema:
        print_schema(ModelsDocument)
        return
    set_quiet(quiet)
    cards = [model_card(name)] if name is not None else list(model_cards().values())
    document = ModelsDocument(models=tuple(listed_model(card) for card in cards))
    if deliver(document, json_target):
        return
    if name is not None:
        sys.stdout.write(_whole(document.models[0]))
    else:
        _print_all(document)


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
