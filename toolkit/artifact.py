"""An artifact: a model in one format on disk, with its provenance beside it (DESIGN §5, `ctk.artifact/1`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from toolkit.atomic import write_atomically
from toolkit.documents import Document
from toolkit.errors import BadInput
from toolkit.files import read_bounded
from toolkit.ledger import LedgerDocument
from toolkit.messages import note

Weights = Literal["released", "synthetic", "own"]
SIDECAR_SUFFIX = ".ctk.json"
_MOST_SIDECAR_BYTES = 256 * 2**20


class SourceFile(BaseModel):
    """A file that an artifact was made from; derived sources have no file and no hash."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    name: str
    sha256: str | None
    size_bytes: int | None


class OutputFile(BaseModel):
    """A file of the artifact."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    sha256: str
    size_bytes: int


class GraphTensor(BaseModel):
    """An input or output of the graph; a dynamic dimension is its symbol."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    dims: list[int | str]
    dtype: str


class ArtifactDocument(Document):
    """Provenance of an artifact.

    The same facts, without ``outputs``, ``created`` and ``seconds``, are inside the artifact itself.
    """

    schema_: Literal["ctk.artifact/1"] = Field(default="ctk.artifact/1", alias="schema")
    model: str
    format: str
    head: str | None
    precision: str
    weights: Weights
    sources: list[SourceFile]
    tools: dict[str, str]
    options: dict[str, Any]
    inputs: list[GraphTensor]
    graph_outputs: list[GraphTensor]
    ledger: LedgerDocument
    outputs: list[OutputFile] = Field(default_factory=list)
    created: str | None = None
    seconds: float | None = None

    def embedded(self) -> dict[str, str]:
        """The facts that go into the artifact itself, as key and JSON or plain text, in stable order."""
        import json

        data = self.model_dump(mode="json", by_alias=True, exclude={"outputs", "created", "seconds"})
        return {
            f"ctk.{key}": value
            if isinstance(value, str)
            else json.dumps(value, sort_keys=True, ensure_ascii=False)
            for key, value in data.items()
        }


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact on disk.

    Attributes:
        path: Its main file.
        document: Its provenance.
        written: Whether files were written (not under ``--dry-run``).
    """

    path: Path
    document: ArtifactDocument
    written: bool = True


def sidecar_of(path: Path) -> Path:
    """Where the provenance of an artifact's main file lies."""
    return path.with_name(path.name + SIDECAR_SUFFIX)


def write_sidecar(path: Path, document: ArtifactDocument) -> None:
    """Writes the provenance beside the artifact; raises as `toolkit.atomic.atomic_writer`."""
    write_atomically(sidecar_of(path), document.to_json().encode())


def is_artifact_document(path: Path) -> bool:
    """Whether a file is a provenance that some version of ctk wrote, judged by its ``schema``."""
    import json

    try:
        document = json.loads(read_bounded(path, "sidecar", _MOST_SIDECAR_BYTES))
    except (BadInput, ValueError, RecursionError):
        return False
    schema = document.get("schema") if isinstance(document, dict) else None
    return isinstance(schema, str) and schema.startswith("ctk.artifact/")


def as_utf8(name: str) -> str:
    """A name as text that can be written: bytes of a file name that are not UTF-8 become escapes."""
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # surrogates that stand for no byte
        return name.encode("utf-8", "backslashreplace").decode("utf-8")


def read_sidecar(path: Path) -> ArtifactDocument | None:
    """Provenance beside an artifact, or None; a sidecar that cannot be read is noted, never a refusal."""
    sidecar = sidecar_of(path)
    if not sidecar.exists():
        return None
    try:
        return ArtifactDocument.model_validate_json(read_bounded(sidecar, "sidecar", _MOST_SIDECAR_BYTES))
    except (ValidationError, BadInput):
        note(f"the provenance in {sidecar} cannot be read and is ignored")
        return None
