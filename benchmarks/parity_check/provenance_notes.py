"""What an artifact's provenance says against the network that it is held to: noted, never a refusal."""

from __future__ import annotations

from pathlib import Path

from benchmarks.parity_check.artifact_facts import is_of, provenance_of
from benchmarks.parity_check.subject import Subject
from toolkit.artifact import read_sidecar

_SOURCES = ("prototxt", "caffemodel")


def provenance_notes(backend: str, artifact: Path, subject: Subject) -> list[str]:
    """Notes for a document.

    Args:
        backend: Who runs it.
        artifact: Main file that the user named.
        subject: The network that it should hold.
    """
    document = provenance_of(artifact)
    if document is None:
        return [f"{backend}: {artifact.name} has no provenance, so what it was made from is unknown"]
    wanted = subject.sources()
    notes = [
        f"{backend}: by its provenance {artifact.name} was made from another {source.kind} "
        f"({source.name}) of {document.model}"
        for source in document.sources
        if source.kind in _SOURCES and source.sha256 not in {None, wanted.get(source.kind, source.sha256)}
    ]
    sidecar = read_sidecar(artifact)
    if sidecar is None:
        notes.append(
            f"{backend}: {artifact.name} has no provenance beside it: what it says of itself is taken, and whether "
            "it was changed since it was written is unknown"
        )
    if sidecar is not None and sidecar.outputs and not is_of(sidecar, artifact):
        notes.append(f"{backend}: {artifact.name} is not the file that its provenance was written for")
    return notes
