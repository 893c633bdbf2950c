"""The precision in which an artifact holds its weights, whatever a runtime computes in."""

from __future__ import annotations

from pathlib import Path
from xml.parsers import expat

from toolkit.artifact import read_sidecar
from toolkit.content import HEAD_BYTES, sniff
from toolkit.errors import BadInput
from toolkit.files import opened

_CHUNK_BYTES = 2**20


def stored_precision(artifact: Path) -> str | None:
    """The narrowest floating-point type of an artifact's weights.

    An IR is asked itself: OpenVINO's own tools compress weights to f16 without a word. For other formats the
    provenance beside the file tells.

    Returns:
        A word of DESIGN §1, or None where nothing tells.
    """
    try:
        with opened(artifact, "artifact") as file:
            kind = sniff(file.read(HEAD_BYTES))
    except BadInput:
        return None  # whoever loads it says what is wrong
    if kind == "ir":
        return _of_constants(artifact)
    document = read_sidecar(artifact)
    return document.precision if document is not None else None


def _of_constants(xml: Path) -> str | None:
    found: set[str] = set()
    constant = [False]

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "layer":
            constant[0] = attributes.get("type") == "Const"
        elif name == "data" and constant[0]:
            found.add(attributes.get("element_type", ""))

    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _refuse
    with opened(xml, "OpenVINO IR") as file:
        try:
            while chunk := file.read(_CHUNK_BYTES):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except (expat.ExpatError, ValueError):
            return None
    return next((word for word in ("f16", "bf16", "f32") if word in found), None)


def _refuse(*_declared: object) -> None:
    # Entities could make a small file expand without bound; `toolkit.ir_files` refuses it in so many words.
    raise ValueError("a document type")
