"""What a call of `ctk bench` asks for, checked as far as that goes without measuring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from benchmarks.bench_document import Mode
from benchmarks.variations.matrix import Cell
from reports.bench.given_artifacts import GivenArtifacts
from toolkit.errors import UsageFault

# Settings of the blocks that latency alone has.
BLOCKS = ("rounds", "iterations")
# Settings that have a meaning in these modes alone.
OF_MODES: Mapping[str, Sequence[Mode]] = {
    "rate": ("stream",),
    "window_s": ("throughput", "stream"),
    "in_flight": ("throughput",),
    "queue": ("stream",),
}


@dataclass(frozen=True, slots=True)
class Request:
    """The options of `ctk bench`, parsed.

    Attributes:
        model: Model card; the main model when None.
        weights: The kind of weights to insist on in artifacts made on demand.
        against: File of the old artifact.
        against_settings: Settings of the old arm that differ from the new one's.
        max_regression: The slowdown that ``--baseline`` allows; the margin when None.
        launches_given: Whether the number of launches is the user's, not a default.
        sweep: Values by setting, as `parse_sweep` gives them.
        cells: Arms of a matrix.
        window_s: Seconds that a launch of throughput or stream measures; so in_flight and queue, the mode's own
            defaults when None.
        until: Half-width of an interval at which measuring ends.
        given: Which of precision, batch, rounds and iterations are the user's, not defaults.
    """

    model: str | None = None
    backends: tuple[str, ...] = ()
    artifacts: GivenArtifacts = field(default_factory=GivenArtifacts)
    preset: str = "exact"
    images: tuple[Path, ...] = ()
    precision: str = "f32"
    threads: int | None = None
    batch: int = 1
    device: str | None = None
    weights: Literal["released", "synthetic"] | None = None
    launches: int = 5
    rounds: int = 4
    iterations: int = 10
    margin: float = 0.03
    seed: int = 0
    quick: bool = False
    allow_env: tuple[str, ...] = ()
    against: Path | None = None
    against_settings: dict[str, Any] = field(default_factory=dict)
    baseline: Path | None = None
    max_regression: float | None = None
    allow_different_machine: bool = False
    save_baseline: Path | None = None
    mode: Mode = "latency"
    rate: float | None = None
    launches_given: bool = False
    sweep: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    until: float | None = None
    profile_layers: bool = False
    cells: tuple[Cell, ...] = ()
    window_s: float | None = None
    in_flight: int | None = None
    queue: int | None = None
    given: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        _refuse_contradictions(self)

    @property
    def source(self) -> str | Path | None:
        """The model as `benchmarks.bench` takes it: a file, the name of a card, or None."""
        return self.artifacts.common or self.model

    @property
    def allowed_regression(self) -> float:
        """The slowdown that ``--baseline`` allows, as a fraction."""
        return self.margin if self.max_regression is None else self.max_regression

    @property
    def plain(self) -> bool:
        """Whether `benchmarks.bench` alone measures it."""
        special = (
            self.sweep,
            self.cells,
            self.until is not None,
            self.profile_layers,
            self.mode != "latency",
        )
        return not any(special)

    @property
    def gates(self) -> bool:
        """Whether an old and a new arm are interleaved."""
        return self.against is not None or bool(self.against_settings)


def _refuse_contradictions(asked: Request) -> None:
    if asked.model is not None and asked.artifacts.common is not None:
        raise UsageFault("CTK601", "--model and --artifact FILE exclude each other: the file is the model")
    if asked.weights is not None and asked.artifacts.common is not None:
        raise UsageFault(
            "CTK601", "--weights and --artifact FILE exclude each other: the file has its weights"
        )
    gates = {
        "--against": asked.against is not None,
        "--against-settings": bool(asked.against_settings),
        "--baseline": asked.baseline is not None,
    }
    given = [name for name, there in gates.items() if there]
    if len(given) > 1:
        raise UsageFault("CTK601", f"{' and '.join(given)} exclude each other: a run has one gate")
    if asked.quick and (given or asked.save_baseline is not None):
        what = given[0] if given else "--save-baseline"
        raise UsageFault("CTK601", f"--quick gives figures, never a verdict: it excludes {what}")
    _refuse_in_modes(asked, given)
    sizes = [name for name in BLOCKS if name in asked.given]
    if asked.quick and sizes:
        raise UsageFault(
            "CTK601", f"--quick and --{sizes[0]} exclude each other: a quick run has its own size"
        )
    if asked.baseline is None and (asked.max_regression is not None or asked.allow_different_machine):
        what = "--max-regression" if asked.max_regression is not None else "--allow-different-machine"
        raise UsageFault("CTK601", f"{what} belongs to --baseline FILE")
    if asked.gates and len({*asked.backends, *asked.artifacts.by_backend}) != 1:
        raise UsageFault(
            "CTK601",
            f"{given[0]} compares old and new in one backend",
            notes=["name it: --backend NAME, once"],
        )


def _refuse_in_modes(asked: Request, gates: Sequence[str]) -> None:
    """What belongs to latency alone; ratios of other modes have no control beside them."""
    if asked.mode != "latency":
        latency_only = {
            **dict.fromkeys(gates, True),
            "--save-baseline": asked.save_baseline is not None,
            "--quick": asked.quick,
            "--until": asked.until is not None,
            "--profile-layers": asked.profile_layers,
            **{f"--{name}": name in asked.given for name in BLOCKS},
        }
        wrong = [name for name, there in latency_only.items() if there]
        if wrong:
            raise UsageFault("CTK601", f"{wrong[0]} belongs to --mode latency, not to {asked.mode}")
    for name, modes in OF_MODES.items():
        if getattr(asked, name) is not None and asked.mode not in modes:
            option = name.removesuffix("_s").replace("_", "-")
            raise UsageFault("CTK601", f"--{option} belongs to --mode {' or '.join(modes)}")
    if asked.mode == "stream" and asked.rate is None:
        raise UsageFault("CTK601", "--mode stream needs --rate R, the pictures that arrive a second")
    if asked.quick and asked.until is not None:
        raise UsageFault("CTK601", "--quick and --until exclude each other: a quick run has no interval")
    if asked.sweep and gates:
        raise UsageFault("CTK601", f"--sweep and {gates[0]} exclude each other: a gate compares two arms")
    if asked.sweep and asked.save_baseline is not None:
        raise UsageFault(
            "CTK601", "--sweep and --save-baseline exclude each other: no gate could be held against it"
        )
