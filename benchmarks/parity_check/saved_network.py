"""Which network a saved run was about, and whether another call means the same one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.parity_check.saved_run import SavedNetwork, read_saved
from benchmarks.parity_check.subject import Subject
from benchmarks.parity_document import ParityDocument
from toolkit.errors import UsageFault
from toolkit.hashing import sha256_object


@dataclass(frozen=True, slots=True)
class SavedSubject:
    """What a saved run fixes for another one.

    Attributes:
        folder: Where it lies.
        card: Model card; None for the user's own network.
        weights: ``released`` or ``synthetic`` of a card.
        head: Where the network ends, of a card.
        preset: Of pre- and postprocessing; None where no pictures were coloured.
        sources_sha256: Of the network's sources together; None where nothing tells.
    """

    folder: Path
    card: str | None
    weights: str | None
    head: str | None
    preset: str | None
    sources_sha256: str | None

    def refuse_missing_files(self) -> None:
        """Checks that the network can be found again without files.

        Raises:
            UsageFault: CTK601 for a network of the user's own.
        """
        if self.card is None:
            raise UsageFault(
                "CTK601",
                f"the saved run in {self.folder} is about a network that is no model card: its files are needed",
                notes=["give them as in that run: ctk parity net.prototxt net.caffemodel --load DIR"],
            )

    def refuse_another(self, subject: Subject) -> None:
        """Checks that a network is the one whose outputs were saved.

        Raises:
            UsageFault: CTK601 where it is another, or ends elsewhere.
            BadInput: CTK501 when one of its files cannot be read.
        """
        found = sha256_object(subject.sources())
        same_head = self.card is None or subject.head == self.head
        if same_head and self.sources_sha256 in {None, found}:
            return
        raise UsageFault(
            "CTK601",
            f"the saved run in {self.folder} is about another network than {subject.name}",
            notes=["its outputs say nothing about this one: compare without --load"],
        )


def saved_network(subject: Subject) -> SavedNetwork:
    """What a folder tells about the network of its run."""
    return SavedNetwork(
        card=None if subject.card is None else subject.card.name,
        head=subject.head,
        sources_sha256=sha256_object(subject.sources()),
    )


def saved_subject(folder: Path) -> SavedSubject:
    """From a folder that an earlier run saved; raises as `read_saved`."""
    document, saved = read_saved(folder)
    network = saved.network
    return SavedSubject(
        folder=folder,
        card=network.card,
        weights=_weights(document) if network.card is not None else None,
        head=network.head,
        preset=document.preset,
        sources_sha256=network.sources_sha256,
    )


def _weights(document: ParityDocument) -> str | None:
    return document.model.weights if document.model.weights in {"released", "synthetic"} else None
