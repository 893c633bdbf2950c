"""Everything that a document holds beside the samples, collected the same way for every kind of run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bench_document import BenchModel, BenchPicture, BenchRun, Environment, Gate, Plausibility
from benchmarks.environment import collect, judge
from benchmarks.harness.arm import Arm
from benchmarks.harness.arms_of import provenance_of
from benchmarks.harness.artifact_files import memory_needed_bytes
from benchmarks.harness.assembling import Facts
from benchmarks.harness.picture_source import MOST_BLOCK_BYTES
from benchmarks.harness.pictures import gathered
from benchmarks.harness.samples import Launch, Measurement
from toolkit.atomic import write_atomically
from toolkit.errors import BadInput
from toolkit.hashing import sha256_file
from toolkit.models.main_model import MAIN_MODEL


@dataclass(frozen=True, slots=True)
class LaidPictures:
    """Sample pictures, ready to be measured.

    Attributes:
        files: The usable ones, as files of our own.
        listed: All of them as the document lists them.
    """

    files: Sequence[Path]
    listed: Sequence[BenchPicture]

    def block_bytes(self, count: int) -> int:
        """Memory of a block at least: the largest picture as uint8 RGB, its variation, and all files of the block.

        Args:
            count: Pictures of the block.
        """
        shapes = [one.width * one.height for one in self.listed if one.width and one.height]
        files = [file.stat().st_size for file in self.files if file.is_file()]
        prepared = min(count * max(files, default=0), MOST_BLOCK_BYTES)
        return 2 * 3 * max(shapes, default=0) + prepared


@dataclass(frozen=True, slots=True)
class Subject:
    """What is going to be measured, and the host before.

    Attributes:
        model: As the document names it.
        pictures: What it sees.
        sha256: Of every artifact that can be read, by its path.
        before: The host, as `collect` gives it.
    """

    model: BenchModel
    pictures: LaidPictures
    sha256: Mapping[Path, str]
    before: dict[str, Any]


def laid_pictures(images: Iterable[Path | str], folder: Path) -> LaidPictures:
    """Copies the pictures: the measured ones cannot change or vanish meanwhile.

    Args:
        images: Picture files, or folders of them; the built-in picture when there are none.
        folder: Where to.

    Raises:
        BadInput: CTK518 when no picture can be read.
        EnvironmentFailed: CTK401 or CTK402 when they cannot be written.
    """
    pictures, listed = gathered([Path(image) for image in images])
    files = []
    for number, picture in enumerate(pictures):
        files.append(folder / f"{number:04}{Path(picture.name).suffix}")
        write_atomically(files[-1], picture.data)
    return LaidPictures(files, listed)


def subject_of(
    arms: Sequence[Arm], source: str | Path | None, pictures: LaidPictures, weights: str | None = None
) -> Subject:
    """Reads the artifacts once, and looks at the host.

    Args:
        arms: What will be measured; none where no artifact could be had.
        source: Model card or file, as it was asked for.
        pictures: From `laid_pictures`.
        weights: Kind of weights that was asked for, for a model of which nothing could be made.
    """
    return Subject(model_of(arms, source, weights), pictures, _hashes(arms), collect({}, {}))


def facts_of(
    subject: Subject,
    launches: Mapping[str, Sequence[Launch]],
    *,
    together: Sequence[Arm],
    threads: int,
    allowed_env: Sequence[str] = (),
    plausibility: Callable[[BenchRun], Plausibility | None] | None = None,
    gate: Callable[[Measurement], Gate] | None = None,
) -> Facts:
    """Looks at the host again, and judges it.

    Args:
        subject: What was measured.
        launches: Of every arm that ran, the control too, by the arm's name.
        together: Arms whose processes live at the same time: their memory adds up.
        threads: Of the arm that has most.
        allowed_env: Environment problems that must not forbid a verdict, by name.
        plausibility: Judges a run whose stages are known.
        gate: Decides on a demanded comparison.

    Raises:
        UsageFault: CTK603 for an unknown name in `allowed_env`.
    """
    after = collect(*_read_back(launches))
    findings = judge(
        subject.before,
        after,
        [block for found in launches.values() for launch in found for block in launch.measured],
        threads=threads,
        memory_needed_bytes=memory_needed_bytes(
            together, subject.pictures.block_bytes(_most_pictures(launches, together))
        ),
        allowed=allowed_env,
    )
    return Facts(
        model=subject.model,
        environment=Environment(before=subject.before, after=after, findings=findings),
        pictures=subject.pictures.listed,
        sha256=subject.sha256,
        plausibility=plausibility,
        gate=gate,
        allowed_env=allowed_env,
    )


def _most_pictures(launches: Mapping[str, Sequence[Launch]], together: Sequence[Arm]) -> int:
    blocks = [block for found in launches.values() for launch in found for block in launch.blocks]
    iterations = max((len(block.stamps_ns) for block in blocks), default=1)
    return iterations * max((arm.batch for arm in together), default=1)


def model_of(arms: Sequence[Arm], source: str | Path | None, weights: str | None) -> BenchModel:
    """The model of the first arm whose artifact has a provenance; else named after the first file.

    Args:
        arms: What is measured; none where no artifact could be had.
        source: Model card or file, as it was asked for.
        weights: Kind of weights that was asked for.
    """
    for arm in arms:
        document = provenance_of(arm.artifact)
        if document is not None:
            return BenchModel(name=document.model, weights=document.weights)
    if arms:
        return BenchModel(name=arms[0].artifact.stem, weights="own")
    return BenchModel(name=str(source or MAIN_MODEL), weights=weights or "own")


def largest(arms: Sequence[Arm]) -> list[Arm]:
    """The arm that needs most memory, for runs of one process at a time; empty where there is none."""
    return sorted(arms, key=lambda arm: memory_needed_bytes([arm]) or 0)[-1:]


def _hashes(arms: Iterable[Arm]) -> dict[Path, str]:
    """Of every artifact that can be read; of one that cannot, its own process will say why."""
    hashes = {}
    for path in dict.fromkeys(arm.artifact for arm in arms):
        try:
            hashes[path] = sha256_file(path, "artifact")
        except BadInput:
            continue
    return hashes


def _read_back(launches: Mapping[str, Sequence[Launch]]) -> tuple[dict[str, str], dict[str, Any]]:
    """Versions by backend and threads by arm, as the runtimes say it."""
    versions, threads = {}, {}
    for name, found in launches.items():
        for launch in found[:1]:
            versions[str(launch.info["name"])] = str(launch.info["runtime_version"])
            threads[name] = launch.info["threads"]
    return versions, threads
