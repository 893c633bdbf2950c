"""What files among the words of `ctk parity` mean: the network, or what is checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.parity_check.artifact_facts import provenance_of
from reports.bench.given_artifacts import GivenArtifacts
from reports.parity.request import CAFFE_REFERENCE
from toolkit.content import HEAD_BYTES, sniff
from toolkit.errors import UsageFault
from toolkit.files import opened
from toolkit.models.card import model_cards

# What a converter makes; everything else, also what cannot be told by its content, belongs to the network.
_ARTIFACTS = frozenset({"onnx", "ir", "om"})


@dataclass(frozen=True, slots=True)
class GivenFiles:
    """The files, sorted out.

    Attributes:
        network: A prototxt and at most one caffemodel, or one file of another format.
        artifacts: As ``--artifact`` gives them.
    """

    network: tuple[Path, ...]
    artifacts: GivenArtifacts


def given_files(words: Sequence[Path], artifacts: GivenArtifacts, reference: str | None) -> GivenFiles:
    """Sorts the files among the words.

    An ONNX file or an IR beside Caffe files is what is checked, as ``--artifact`` would name it. Alone it is
    that too where its provenance names the model card that it was made from and Caffe is the reference;
    otherwise it is the network itself.

    Args:
        words: Files in any order.
        artifacts: Those of ``--artifact``.
        reference: As the user states it.

    Raises:
        BadInput: CTK501 when a file cannot be read.
        UsageFault: CTK601 where it stays open which file is what.
    """
    converted = [path for path in words if _is_artifact(path)]
    network = tuple(path for path in words if path not in converted)
    if not converted:
        return GivenFiles(network, artifacts)
    if len(converted) > 1 or artifacts != GivenArtifacts():
        if network or len(converted) > 1:
            raise UsageFault(
                "CTK601",
                f"which backend runs {converted[-1]} stays open beside another artifact",
                notes=["write --artifact BACKEND=FILE for each"],
            )
        return GivenFiles(tuple(converted), artifacts)
    if network or _made_from_a_card(converted[0], reference):
        return GivenFiles(network, GivenArtifacts(common=converted[0]))
    return GivenFiles((converted[0],), artifacts)


def _is_artifact(path: Path) -> bool:
    with opened(path, "file") as file:
        return sniff(file.read(HEAD_BYTES)) in _ARTIFACTS


def _made_from_a_card(path: Path, reference: str | None) -> bool:
    if reference not in {None, CAFFE_REFERENCE}:
        return False
    document = provenance_of(path)
    return document is not None and document.model in model_cards()
