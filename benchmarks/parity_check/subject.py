"""What is checked: a model card's network, or the user's own, with the files that it is defined by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.parity_check.artifact_facts import provenance_of
from toolkit.errors import UsageFault
from toolkit.hashing import remembered_sha256, sha256_file
from toolkit.models.card import ModelCard, model_card, model_cards, weights_kind
from toolkit.models.main_model import MAIN_MODEL

if TYPE_CHECKING:
    from converters.caffe.build import NetOptions
    from converters.caffe.network import Net

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A network and its sources.

    Attributes:
        name: Model card, or the file's name without suffix.
        weights: ``released``, ``synthetic`` or ``own``.
        prototxt: Definition of a Caffe network; None for one that is given in another format.
        caffemodel: Its weights; None where fillers define every blob.
        artifact: The file of a network that is given in another format.
        card: Its model card, where it has one.
        head: Where it ends, a word of DESIGN §1; None for its own outputs.
        mean: Where artifacts that are made on demand subtract the 50.
    """

    name: str
    weights: str
    prototxt: Path | None = None
    caffemodel: Path | None = None
    artifact: Path | None = None
    card: ModelCard | None = None
    head: str | None = None
    mean: str = "outside"

    def sources(self) -> dict[str, str]:
        """SHA-256 of every source file, by its kind."""
        files = {"prototxt": self.prototxt, "caffemodel": self.caffemodel, "artifact": self.artifact}
        # The stamp that remembers a hash is for files in ctk's own cache.
        hashed = remembered_sha256 if self.card is not None else sha256_file
        return {kind: hashed(path, kind) for kind, path in files.items() if path is not None}

    def whole_net(self) -> Net:
        """The Caffe network with its parameters, down to the head; raises as `net`, and for missing weights."""
        from converters.caffe.build import load_sources, read_net
        from toolkit.messages import collected_warnings

        assert self.prototxt is not None
        with collected_warnings():  # the reference has said them
            return read_net(self.prototxt, load_sources(self.caffemodel), self._options())

    def net(self) -> Net:
        """The Caffe network without the numbers of its parameters, down to the head.

        Raises:
            BadInput: CTK501 to CTK516 when the prototxt is wrong.
        """
        from converters.caffe.build import outline_net
        from converters.caffe.prototxt import read_prototxt

        assert self.prototxt is not None
        return outline_net(read_prototxt(self.prototxt), self._options()).net

    def _options(self) -> NetOptions:
        from converters.caffe.build import NetOptions

        blob = self.card.heads[self.head].blob if self.card is not None and self.head is not None else None
        return NetOptions(head=blob)


def as_artifact(
    model: str | Path | Sequence[Path] | None, artifacts: Mapping[str, Path] | Path | None
) -> tuple[str | Path | Sequence[Path] | None, Mapping[str, Path] | Path | None]:
    """Takes a file whose provenance names a model card for an artifact of that card, whose sources are known.

    Args:
        model: As `subject_of`.
        artifacts: As `asked_backends.asked_backends`; where some are given, the file stays the model.

    Returns:
        Model and artifacts as they are meant.
    """
    files = [model] if isinstance(model, Path) else list(model or ()) if not isinstance(model, str) else []
    if artifacts or len(files) != 1 or not files[0].is_file():
        return model, artifacts
    document = provenance_of(files[0])
    if document is None or document.model not in model_cards():
        return model, artifacts
    return None, files[0]


def subject_of(
    model: str | Path | Sequence[Path] | None,
    artifacts: Sequence[Path],
    *,
    weights: str | None,
    head: str,
    mean: str,
    notes: list[str],
) -> Subject:
    """The network that a call means.

    Args:
        model: Model card; or the file or files of the user's own network. By default the card that the
            artifacts' provenance names, else the main model.
        artifacts: Artifacts that the user named.
        weights: ``released`` or ``synthetic`` to insist on one, for a model card.
        head: Where a model card's network is to end, by the preset; another head that the artifacts'
            provenance states goes first.
        mean: Where its artifacts are to subtract the 50, by the preset.
        notes: What the reader should know is added here.

    Raises:
        UsageFault: CTK603 for an unknown model or kind of weights, CTK601 for files that make no network, and
            for weights where files were given, CTK604 for an artifact of the head rgb.
        BadInput: CTK501 or CTK502 when a file cannot be read or is something else.
        EnvironmentFailed: As `converters.caffe.model_files.model_files`.
    """
    if model is not None and not isinstance(model, str):
        if weights is not None:
            raise UsageFault("CTK601", "weights are chosen among a model card's, but files were given")
        return _own([model] if isinstance(model, Path) else list(model))
    stated = _stated(artifacts, notes)
    return _of_card(
        model or stated.get("model"), weights or stated.get("weights"), stated.get("head") or head, mean
    )


def _of_card(name: str | None, weights: str | None, head: str, mean: str) -> Subject:
    from converters.caffe.model_files import model_files

    card = model_card(name or MAIN_MODEL)
    if head not in card.heads:
        raise UsageFault(
            "CTK604",
            f"parity of the head {head!r} is not offered: the reference has no such output",
            notes=["offered: " + ", ".join(card.heads)],
        )
    found = model_files(card.name, weights)
    return Subject(
        name=card.name,
        weights=found.weights,
        prototxt=found.prototxt,
        caffemodel=found.caffemodel,
        card=card,
        head=head,
        mean=mean,
    )


def _stated(artifacts: Sequence[Path], notes: list[str]) -> Mapping[str, Any]:
    """Card, weights and head that the first artifact with a usable provenance states."""
    for path in artifacts:
        document = provenance_of(path)
        if document is not None and document.model in model_cards():
            weights = document.weights if document.weights in {"released", "synthetic"} else None
            return {"model": document.model, "weights": weights, "head": document.head}
    if artifacts:
        notes.append(
            f"no provenance says what {artifacts[0].name} was made from: {MAIN_MODEL} is taken for its source"
        )
    return {}


def _own(files: Sequence[Path]) -> Subject:
    from converters.caffe_files import from_paths
    from converters.source_format import source_format

    if not files:
        raise UsageFault("CTK601", "no file was given for the network")
    if source_format(files) == "caffe":
        found = from_paths(files, None)
        kind = weights_kind(sha256_file(found.caffemodel, "caffemodel")) if found.caffemodel else "own"
        return Subject(found.name, kind, found.prototxt, found.caffemodel)
    if len(files) != 1:
        raise UsageFault("CTK601", "one file is the whole network in this format; give artifacts apart")
    document = provenance_of(files[0])
    return Subject(
        name=document.model if document else files[0].stem,
        weights=document.weights if document else "own",
        artifact=files[0],
    )
