"""What a call of `ctk parity` asks for, checked as far as that goes without running anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from reports.bench.given_artifacts import GivenArtifacts
from toolkit.errors import UsageFault

CAFFE_REFERENCE = "caffe-reference"
DEFAULT_PRESET = "exact"


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `ctk parity`, parsed.

    Attributes:
        model: Model card; by the artifacts' provenance, else the main model when None.
        files: The user's own network.
        reference: What all are held against; `caffe-reference` when None.
        rule: Bounds as text; the defaults of each precision when None.
        preset: Of pre- and postprocessing; `exact` when None.
        reproducer: Folder for the smallest subgraph that shows a difference; implies `layers`.
        rescore: Folder of a saved run that is judged once more, without any backend.
    """

    model: str | None = None
    files: tuple[Path, ...] = ()
    reference: str | None = None
    backends: tuple[str, ...] = ()
    artifacts: GivenArtifacts = field(default_factory=GivenArtifacts)
    images: tuple[Path, ...] = ()
    rule: str | None = None
    preset: str | None = None
    weights: str | None = None
    threads: int | None = None
    layers: bool = False
    blame: bool = False
    reproducer: Path | None = None
    save: Path | None = None
    load: Path | None = None
    rescore: Path | None = None
    native: bool = True

    def __post_init__(self) -> None:
        if self.rescore is not None:
            _refuse_beside("--rescore", _given(self), "it judges what was saved")
        if self.load is not None:
            _refuse_beside(
                "--load", {"--images": bool(self.images), "--reference": self.reference is not None},
                "the saved run has both",
            )  # fmt: skip
        if self.files and self.model is not None:
            raise UsageFault("CTK601", "--model and files exclude each other: the files are the network")
        if self.files and self.weights is not None:
            raise UsageFault("CTK601", "--weights chooses among a model card's, and files were given")


def _given(asked: Request) -> dict[str, bool]:
    """Everything but the rule that was asked for, by the words for it."""
    return {
        "--load": asked.load is not None,
        "--save": asked.save is not None,
        "--images": bool(asked.images),
        "--reference": asked.reference is not None,
        "--backend": bool(asked.backends),
        "--artifact": asked.artifacts != GivenArtifacts(),
        "--model": asked.model is not None,
        "--weights": asked.weights is not None,
        "--preset": asked.preset is not None,
        "--threads": asked.threads is not None,
        "--layers": asked.layers,
        "--blame": asked.blame,
        "--reproducer": asked.reproducer is not None,
        "--no-native": not asked.native,
        "a file of a network": bool(asked.files),
    }


def _refuse_beside(option: str, others: dict[str, bool], why: str) -> None:
    wrong = [name for name, there in others.items() if there]
    if wrong:
        raise UsageFault("CTK601", f"{option} and {wrong[0]} exclude each other: {why}")
