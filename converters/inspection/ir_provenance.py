"""The facts that ctk put into the ``rt_info`` of an OpenVINO IR."""

from __future__ import annotations

from collections.abc import Mapping

from converters.inspection.provenance import PREFIX, embedded_provenance
from toolkit.artifact import ArtifactDocument
from toolkit.ir_files import BIN_SHA256

# Where OpenVINO puts the metadata of an ONNX file that it reads.
_OF_THE_SOURCE = "framework."


def ir_provenance(rt_info: Mapping[str, str]) -> tuple[ArtifactDocument | None, list[str]]:
    """Reads the provenance of an IR, or of the ONNX file that somebody else made it of.

    Args:
        rt_info: Texts by dotted path.

    Returns:
        The facts, or None; and remarks about them.
    """
    own = {key: value for key, value in rt_info.items() if _is_fact(key)}
    facts, lacking = embedded_provenance(own)
    if own:
        return facts, [lacking] if lacking else []
    theirs = {
        key.removeprefix(_OF_THE_SOURCE): value
        for key, value in rt_info.items()
        if key.startswith(_OF_THE_SOURCE)
    }
    facts, _ = embedded_provenance(theirs)
    if facts is None:
        return None, [lacking] if lacking else []
    return facts, ["ctk did not write it; the provenance is that of the ONNX file it was made of"]


def _is_fact(key: str) -> bool:
    return key.startswith(PREFIX) and key != f"{PREFIX}{BIN_SHA256}"
