"""Model cards: what a model is, where its files come from, and how to know that they are the right ones."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from toolkit.artifact import Weights
from toolkit.errors import UsageFault
from toolkit.models.main_model import MAIN_MODEL
from toolkit.nearest import did_you_mean

FileKind = Literal["prototxt", "caffemodel", "coefficients"]

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Shape = Annotated[tuple[int, ...], Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputCard(_Part):
    """The network's input.

    Attributes:
        name: Blob name.
        shape: N, C, H, W of the deployed network.
        what: What its numbers mean.
        mean: What is subtracted from L (0 to 100) before it enters the network.
    """

    name: str
    shape: Shape
    what: str
    mean: float


class HeadCard(_Part):
    """One place where the network may end: the blob, its N, C, H, W, and what it holds."""

    blob: str
    shape: Shape
    what: str


class FileCard(_Part):
    """One released file.

    Attributes:
        kind: What it is.
        file_name: Its name where it was released.
        bytes: Its exact size.
        sha256: Of its content.
        addresses: Where it may be had: the authors' address, then mirrors, none of them trusted.
    """

    kind: FileKind
    file_name: str
    bytes: Annotated[int, Field(gt=0)]
    sha256: Sha256
    addresses: tuple[str, ...]


class SyntheticCard(_Part):
    """Size and hash of the caffemodel that `toolkit.models.synthetic` describes."""

    bytes: Annotated[int, Field(gt=0)]
    sha256: Sha256


class ModelCard(_Part):
    """A named network with its sources, heads and licence.

    Attributes:
        coefficients_layer: The layer whose weights are the coefficients and are in no caffemodel.
        addresses_note: What may be expected of the addresses.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    title: str
    summary: str
    licence: str
    copyright: str
    citation: str
    home: str
    input: InputCard
    heads: dict[str, HeadCard]
    coefficients_layer: str
    addresses_note: str
    files: tuple[FileCard, ...]
    synthetic: SyntheticCard

    def file(self, kind: FileKind) -> FileCard:
        """The released file of a kind; every card has each kind once."""
        return next(file for file in self.files if file.kind == kind)


@cache
def model_cards() -> dict[str, ModelCard]:
    """All model cards by name, the main model first."""
    texts = [
        path.read_text("utf-8")
        for path in files("toolkit.models").joinpath("cards").iterdir()
        if path.name.endswith(".json")
    ]
    cards = [ModelCard.model_validate_json(text) for text in texts]
    return {card.name: card for card in sorted(cards, key=lambda card: (card.name != MAIN_MODEL, card.name))}


def model_card(name: str) -> ModelCard:
    """The card of one model.

    Raises:
        UsageFault: CTK603 for an unknown name; the nearest one is suggested.
    """
    cards = model_cards()
    if name not in cards:
        raise UsageFault("CTK603", f"unknown model {name!r}", notes=did_you_mean(name, cards))
    return cards[name]


def weights_kind(sha256: str) -> Weights:
    """Whose weights a caffemodel holds, told by its SHA-256 and the model cards."""
    cards = model_cards().values()
    if any(sha256 == card.file("caffemodel").sha256 for card in cards):
        return "released"
    return "synthetic" if any(sha256 == card.synthetic.sha256 for card in cards) else "own"
