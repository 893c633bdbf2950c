"""The facts that ctk put into an artifact, and whether the sidecar beside it speaks of the same file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from converters.inspection.document import LedgerTotals, Provenance
from toolkit.artifact import ArtifactDocument, read_sidecar

Sidecar = Literal["matches", "differs", "absent or unreadable"]
PREFIX = "ctk."
# Facts that are plain text in the file; all others are JSON.
_PLAIN = frozenset({"schema", "model", "format", "precision", "weights"})


def embedded_provenance(properties: Mapping[str, str]) -> tuple[ArtifactDocument | None, str | None]:
    """Reads ONNX's ``metadata_props``, or an IR's ``rt_info``.

    Args:
        properties: All of them by name; those that begin with ``ctk.`` count.

    Returns:
        The facts, or None and a remark that says why there are none.
    """
    own = {key.removeprefix(PREFIX): value for key, value in properties.items() if key.startswith(PREFIX)}
    if not own:
        return None, "it holds no provenance: ctk did not write it"
    try:
        return ArtifactDocument.model_validate({key: _fact(key, text) for key, text in own.items()}), None
    except (ValidationError, ValueError, RecursionError):
        return None, "the provenance in it cannot be read and is ignored"


def compare_sidecar(path: Path, sha256: str | None) -> tuple[Sidecar, str | None]:
    """Whether the sidecar names this file's hash, and a remark when it does not."""
    sidecar = read_sidecar(path)
    if sidecar is None or not sidecar.outputs:
        return "absent or unreadable", None
    if any(output.sha256 == sha256 for output in sidecar.outputs):
        return "matches", None
    return "differs", "the sidecar beside it speaks of a file with another sha256: one of the two was changed"


def provenance(document: ArtifactDocument, sidecar: Sidecar) -> Provenance:
    """The part of the facts that is shown."""
    totals = {name: getattr(document.ledger, name) for name in LedgerTotals.model_fields}
    return Provenance(
        model=document.model,
        head=document.head,
        precision=document.precision,
        sources=document.sources,
        tools=document.tools,
        options=document.options,
        ledger=LedgerTotals(**totals),
        sidecar=sidecar,
    )


def _fact(key: str, text: str) -> Any:
    if key == "head":
        return None if text == "null" else text
    return text if key in _PLAIN else json.loads(text)
