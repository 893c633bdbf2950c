"""What all sides are fed with: pictures through a preset, stored arrays, or seeded random ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.pictures import Sample, gathered, samples
from benchmarks.parity_check.arrays_file import Arrays
from benchmarks.parity_document import ParityInput
from toolkit.errors import Inconclusive
from toolkit.hashing import sha256_bytes
from toolkit.presets.preset import MEAN_L, Preset

RANDOM_INPUTS = 3
_SEED = 20161017


@dataclass(frozen=True, slots=True)
class InputSet:
    """Usable inputs, and a line for every one.

    Attributes:
        lines: As a document lists them; the usable ones are in the order of `cases`.
        cases: Graph inputs of each usable input, by name; L without its mean of 50 for a colorizer.
        kept: What `Preset.post` needs of each, where they are pictures; else empty.
        preset: Pre- and postprocessing of the pictures.
        files: The pictures as they lie on disk.
    """

    lines: list[ParityInput]
    cases: list[Arrays]
    kept: Sequence[Any] = ()
    preset: Preset | None = None
    files: Sequence[Sample] = ()

    @property
    def names(self) -> list[str]:
        """Names of the usable inputs."""
        return [line.name for line in self.lines if line.usable]


def picture_inputs(places: Sequence[Path], preset: Preset, source: str) -> InputSet:
    """Pictures through a preset's preprocessing.

    Args:
        places: Picture files, or folders of them; the built-in pictures when there are none.
        preset: For the network's input size.
        source: Name of the network's only input.

    Raises:
        Inconclusive: CTK301 when the places are empty folders.
        BadInput: CTK518 when none of the pictures can be read.
    """
    if places and all(
        place.is_dir() and not any(file.is_file() for file in place.iterdir()) for place in places
    ):
        raise Inconclusive(
            "CTK301", "nothing was compared: there is no picture", notes=["give picture files"]
        )
    if places:
        usable, found = gathered(places)
        lines = [ParityInput.model_validate(line.model_dump()) for line in found]
    else:
        usable, lines = samples(), []
    cases: list[Arrays] = []
    kept = []
    for sample in usable:
        picture = preset.decode(sample.data, sample.name)
        prepared = preset.pre(picture)
        outside = prepared.input - (np.float32(MEAN_L) if preset.mean == "inside" else np.float32(0))
        cases.append({source: outside})
        kept.append(prepared.kept)
        if not places:
            lines.append(_line(sample, picture))
    return InputSet(_told_apart(lines), cases, kept, preset, usable)


def _told_apart(lines: Sequence[ParityInput]) -> list[ParityInput]:
    """The lines, with a number behind a name that another one before has: figures are told by their input's name."""
    taken: set[str] = set()
    apart = []
    for line in lines:
        name, number = line.name, 2
        while name in taken:
            name, number = f"{line.name} ({number})", number + 1
        taken.add(name)
        apart.append(line.model_copy(update={"name": name}))
    return apart


def array_inputs(cases: Mapping[str, Arrays]) -> InputSet:
    """Arrays that were stored, by the name of the input."""
    lines = [ParityInput(name=name, sha256=case_sha256(case)) for name, case in cases.items()]
    return InputSet(lines, list(cases.values()))


def random_inputs(
    shapes: Mapping[str, tuple[tuple[int | None, ...], str]], count: int = RANDOM_INPUTS
) -> InputSet:
    """Normally distributed numbers, the same in every run.

    Args:
        shapes: Shape and NumPy's element type of every graph input; a dimension left open is taken as 1.
        count: How many inputs.
    """
    generator = np.random.default_rng(_SEED)
    cases = {
        f"random-{i}": {
            name: generator.standard_normal([size or 1 for size in shape]).astype(dtype)
            for name, (shape, dtype) in shapes.items()
        }
        for i in range(count)
    }
    return array_inputs(cases)


def case_sha256(case: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 of one input's arrays: names, element types, shapes and values, whatever their order."""
    digest = hashlib.sha256()
    for name in sorted(case):
        array = case[name]
        digest.update(f"{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _line(sample: Sample, picture: NDArray[Any]) -> ParityInput:
    height, width = picture.shape[:2]
    return ParityInput(name=sample.name, sha256=sha256_bytes(sample.data), width=width, height=height)
