"""What a demo run found, as `ctk.demo/1`: artifacts, and the documents of the two verbs that it runs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from benchmarks.bench_document import BenchDocument
from benchmarks.parity_document import ParityDocument
from toolkit.documents import Document


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DemoArtifact(_Part):
    """An artifact that was made, checked and measured."""

    format: str
    path: str
    sha256: str
    size_bytes: int
    convert_s: float
    layers: int
    parameters: int


class ColouredPicture(_Part):
    """A built-in picture, coloured by the artifact.

    Attributes:
        path: The PNG file.
    """

    picture: str
    path: str


class DemoDocument(Document):
    """The whole run.

    Attributes:
        parity: As `ctk parity` gives it; its verdict is the demo's.
        bench: As `ctk bench --quick` gives it: figures, no verdict. None after an interrupt before it.
    """

    schema_: Literal["ctk.demo/1"] = Field(default="ctk.demo/1", alias="schema")
    model: str
    weights: str
    artifacts: list[DemoArtifact]
    coloured: list[ColouredPicture]
    parity: ParityDocument
    bench: BenchDocument | None
