"""Which arms a call of `benchmarks.bench` means, and the artifacts behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from benchmarks.harness.arm import Arm
from benchmarks.harness.worker_process import WorkerProcess
from toolkit.artifact import ArtifactDocument, read_sidecar
from toolkit.backends.listing import backend_class, backends, formats_of, refuse_missing_runtime
from toolkit.backends.opening import loads
from toolkit.errors import CtkError, UsageFault
from toolkit.messages import warn
from toolkit.models.card import model_card
from toolkit.models.main_model import MAIN_MODEL
from toolkit.presets.registry import preset_named

# float64 NumPy: tens of seconds a picture. It runs where it is named.
SLOW = "caffe-reference"
PREPARE_LIMIT_S = 1800.0
# The artifact of an arm for which one is still to be made; this very object, since a user may name the same path.
UNMADE = Path()
Variation: TypeAlias = Callable[[Sequence[Arm]], Sequence[Arm]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a call asks for; see `benchmarks.api.bench`."""

    model: str | Path | None
    backends: Sequence[str]
    artifacts: Mapping[str, Path]
    preset: str
    precision: str
    threads: int
    batch: int = 1
    device: str | None = None
    weights: Literal["released", "synthetic"] | None = None


@dataclass(slots=True)
class FoundArms:
    """The arms, and those whose artifact could not be had.

    Attributes:
        names: Of all arms, in the order in which they were asked for.
        failed: The arm as it would have been, and why it cannot run.
    """

    names: list[str]
    arms: list[Arm]
    failed: list[tuple[Arm, CtkError]]

    def in_order(self, names: Sequence[str]) -> list[str]:
        """All their names as they were asked for, other names (the control's) behind them."""
        asked = {name: position for position, name in enumerate(self.names)}
        return sorted(names, key=lambda name: asked.get(name, len(asked)))


def arms_of(
    wanted: Wanted, kept: ExitStack, say: Callable[[str], None], variation: Variation = list
) -> FoundArms:
    """The arms that are meant, each with its artifact.

    Args:
        wanted: What was asked for.
        kept: Holds the process that makes artifacts on demand: while it lives, they stay in the cache.
        say: Told what is being made.
        variation: Makes the arms to measure out of one for each backend, before any artifact is made: an artifact
            is made for the batch of its arm.

    Raises:
        UsageFault: CTK603 for an unknown backend, model or preset, CTK601 where nothing is left to measure.
    """
    preset = preset_named(wanted.preset)
    asked = variation(asked_arms(wanted))
    maker = _Maker(wanted, preset.head, preset.mean, kept, say)
    found = FoundArms([arm.name for arm in asked], [], [])
    for arm in asked:
        try:
            path = maker.made(arm.backend, arm.batch) if arm.artifact is UNMADE else arm.artifact
        except CtkError as error:
            found.failed.append((arm, error))
            continue
        found.arms.append(replace(arm, artifact=path, mean=mean_of(path)))
    return found


def asked_arms(wanted: Wanted) -> list[Arm]:
    """One arm for each backend that is meant, named after it; its artifact is `UNMADE` where no file was given.

    Raises:
        UsageFault: CTK603 for an unknown backend, CTK601 where nothing is left to measure.
    """
    return [
        Arm(
            name=name,
            backend=name,
            artifact=_file_for(name, wanted) or UNMADE,
            threads=wanted.threads,
            precision=wanted.precision,
            device=wanted.device,
            batch=wanted.batch,
        )
        for name in names_of(wanted)
    ]


def mean_of(artifact: Path) -> str | None:
    """Where an artifact subtracts the 50 from L, by its provenance; None where that does not say."""
    document = provenance_of(artifact)
    stated = None if document is None else document.options.get("mean")
    return stated if stated in {"inside", "outside"} else None


def provenance_of(artifact: Path) -> ArtifactDocument | None:
    """What lies beside an artifact about it; None too for a path without a name, such as ``/``, which is none."""
    return read_sidecar(artifact) if artifact.name else None


def names_of(wanted: Wanted) -> list[str]:
    """The backends that run: those named, else those with a file, else all that are installed.

    Raises:
        UsageFault: As `asked_arms`, and CTK601 for the file of a backend that is not to run.
    """
    named = list(dict.fromkeys([*wanted.backends, *(wanted.artifacts if not wanted.backends else ())]))
    for name in [*named, *wanted.artifacts]:
        backend_class(name)
    strange = [name for name in wanted.artifacts if named and name not in named]
    if strange:
        raise UsageFault(
            "CTK601",
            f"an artifact is given for {strange[0]}, which is not among the backends to measure",
            notes=[f"name it too: --backend {strange[0]}; or leave every --backend out"],
        )
    if named:
        return named
    installed = [one.name for one in backends() if one.installed and one.name != SLOW]
    if isinstance(wanted.model, Path):
        installed = [name for name in installed if loads(name, wanted.model)]
    if not installed:
        raise UsageFault("CTK601", "no installed backend can run this", notes=["`ctk doctor` lists them"])
    return installed


def _file_for(name: str, wanted: Wanted) -> Path | None:
    if name in wanted.artifacts:
        return Path(wanted.artifacts[name])
    return wanted.model if isinstance(wanted.model, Path) else None


class _Maker:
    """Makes artifacts in one child process, which is started when the first one is wanted."""

    def __init__(
        self, wanted: Wanted, head: str, mean: str, kept: ExitStack, say: Callable[[str], None]
    ) -> None:
        self._model = None if isinstance(wanted.model, Path) else wanted.model
        self._head = head
        self._mean = mean
        self._kept = kept
        self._say = say
        self._weights = wanted.weights
        self._process: WorkerProcess | None = None
        self._found: dict[tuple[str, int], Path | CtkError] = {}
        model_card(self._model or MAIN_MODEL)

    def made(self, backend: str, batch: int) -> Path:
        """The artifact for a backend; arms that differ in other settings share it, and its failure too."""
        if (backend, batch) not in self._found:
            try:
                self._found[backend, batch] = self._make(backend, batch)
            except CtkError as error:
                self._found[backend, batch] = error
        found = self._found[backend, batch]
        if isinstance(found, CtkError):
            raise found
        return found

    def _make(self, backend: str, batch: int) -> Path:
        refuse_missing_runtime(backend)
        formats = formats_of(backend, backend_class(backend))
        self._say(f"{self._model or MAIN_MODEL} for {backend}")
        if self._process is None:
            self._process = self._kept.enter_context(WorkerProcess("the conversion"))
        answer = self._process.ask(
            "prepare",
            PREPARE_LIMIT_S,
            model=self._model,
            formats=formats,
            head=self._head,
            mean=self._mean,
            weights=self._weights,
            # One picture is what model cards say.
            batch=batch if batch > 1 else None,
        )
        for text in answer["warnings"]:
            warn(text)
        return Path(answer["path"])
