"""What an artifact says about itself: its provenance, and the types in which it holds its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from benchmarks.parity_check.weight_elements import elements_of_ir, elements_of_onnx
from converters.inspection.provenance import embedded_provenance
from toolkit.artifact import ArtifactDocument, read_sidecar
from toolkit.content import HEAD_BYTES, sniff
from toolkit.errors import BadInput
from toolkit.files import opened
from toolkit.hashing import sha256_file
from toolkit.ir_files import read_facts


@dataclass(frozen=True, slots=True)
class ArtifactFacts:
    """What the main file itself says.

    Attributes:
        provenance: The facts that ctk put into it; None where there are none.
        elements: Elements of its weight constants by precision, a word of DESIGN §1; empty where it has none,
            or where nobody reads its format for them.
    """

    provenance: ArtifactDocument | None = None
    elements: Mapping[str, int] = field(default_factory=dict)


def artifact_facts(artifact: Path) -> ArtifactFacts:
    """Reads an ONNX file or an IR; of any other file, and of a damaged one, it knows nothing.

    Whoever loads a damaged file says what is wrong with it.
    """
    try:
        stat = artifact.stat()
    except OSError:
        return ArtifactFacts()
    return _read(artifact, stat.st_size, stat.st_mtime_ns)


def provenance_of(artifact: Path) -> ArtifactDocument | None:
    """Provenance of an artifact: of the sidecar that speaks of this very file, else of the file itself.

    A sidecar that speaks of another file, or of none, is better than nothing where the file says nothing.
    """
    if not artifact.name:
        return None
    sidecar = read_sidecar(artifact)
    if sidecar is not None and is_of(sidecar, artifact):
        return sidecar
    return artifact_facts(artifact).provenance or sidecar


def is_of(sidecar: ArtifactDocument, artifact: Path) -> bool:
    """Whether a sidecar was written for this very file: it states its SHA-256."""
    try:
        digest = sha256_file(artifact, "artifact") if sidecar.outputs else None
        return any(file.sha256 == digest for file in sidecar.outputs)
    except BadInput:
        return False


def subtracts_mean(artifact: Path) -> bool:
    """Whether an artifact subtracts the 50 from L itself, by its provenance."""
    document = provenance_of(artifact)
    return document is not None and document.options.get("mean") == "inside"


# A run asks several times, and a large file takes a tenth of a second.
@lru_cache(maxsize=64)
def _read(artifact: Path, _size: int, _changed_ns: int) -> ArtifactFacts:
    try:
        with opened(artifact, "artifact") as file:
            kind = sniff(file.read(HEAD_BYTES))
        if kind == "onnx":
            return _of_onnx(artifact)
        if kind == "ir":
            return _of_ir(artifact)
    except BadInput:
        pass
    return ArtifactFacts()


def _of_onnx(artifact: Path) -> ArtifactFacts:
    from toolkit.backends.onnx_outline import parsed

    model = parsed(artifact)
    document, _ = embedded_provenance({entry.key: entry.value for entry in model.metadata_props})
    return ArtifactFacts(document, elements_of_onnx(model.graph))


def _of_ir(artifact: Path) -> ArtifactFacts:
    facts = read_facts(artifact).facts  # which refuses a document type before anything else reads the xml
    document, _ = embedded_provenance({f"ctk.{key}": value for key, value in facts.items()})
    return ArtifactFacts(document, elements_of_ir(artifact))
