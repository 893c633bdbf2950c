"""Documents: typed, versioned JSON that every rendering is made from (DESIGN §5)."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from toolkit.atomic import write_atomically


class Document(BaseModel):
    """Base of all documents; subclasses fix ``schema_`` to a name such as ``ctk.artifact/1``.

    Figures are numbers or null; NaN and infinity are written as null.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True, ser_json_inf_nan="null", frozen=True)

    def to_json(self) -> str:
        """The document as JSON text with stable key order and a final line feed."""
        return self.model_dump_json(indent=1, by_alias=True) + "\n"


def deliver(document: Document, json_target: str | None) -> bool:
    """Writes the document where ``--json`` says.

    Args:
        document: What the verb found.
        json_target: A path, ``-`` for standard output, or None for nowhere.

    Returns:
        Whether standard output is taken, so that nothing else may be printed there.

    Raises:
        EnvironmentFailed: CTK401 or CTK402 when the file cannot be written.
    """
    if json_target is None:
        return False
    if json_target == "-":
        sys.stdout.write(document.to_json())
        sys.stdout.flush()  # a full disk must show before a summary says that all went well
        return True
    write_atomically(Path(json_target), document.to_json().encode())
    return False


def print_schema(kind: type[Document]) -> None:
    """Prints the JSON schema of a document on standard output."""
    sys.stdout.write(json.dumps(kind.model_json_schema(by_alias=True), indent=1) + "\n")
