"""The precision in which an artifact holds its weights, whatever a runtime computes in."""

from __future__ import annotations

from pathlib import Path

from benchmarks.parity_check.artifact_facts import artifact_facts, is_of
from toolkit.artifact import read_sidecar


def stored_precision(artifact: Path) -> str | None:
    """The precision of an artifact's weights, which may loosen the rule and so takes good evidence.

    An ONNX file and an IR are asked themselves: OpenVINO's own tools compress weights to f16 without a word. The
    precision that holds more than half of all elements of their constants counts, else f32, whose rule is the
    strictest. For other formats the provenance beside the file tells, where it states the file's SHA-256.

    Returns:
        A word of DESIGN §1, or None where nothing tells.
    """
    elements = artifact_facts(artifact).elements
    total = sum(elements.values())
    if total:
        return next((word for word, count in elements.items() if 2 * count > total), "f32")
    document = read_sidecar(artifact)
    return document.precision if document is not None and is_of(document, artifact) else None
