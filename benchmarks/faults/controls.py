"""The controls of a report: faults made on purpose in a real artifact, which must fail by the same code and rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.faults.artifacts import FaultyArtifact, FaultyArtifacts
from benchmarks.faults.fault import Fault
from benchmarks.faults.registry import CONTROLS
from benchmarks.image_quality.delta_e2000 import DeltaE2000
from benchmarks.parity_check.rule import DEFAULTS, OutputParity, Tolerance
from benchmarks.parity_document import ParityControl
from toolkit.errors import CtkError

Outputs: TypeAlias = Mapping[str, NDArray[Any]]
# How far, in bounds of the rule, a fault must move an output to count as made: a bias of a channel that no
# picture reaches changes nothing, and that no check sees it says nothing about the check.
EFFECT = 10.0


@dataclass(frozen=True, slots=True)
class Control:
    """A control that ran.

    Attributes:
        row: For the document.
        place: Where the fault was made, in words.
        outputs: What the faulty artifact gave, by name, for each input.
    """

    row: ParityControl
    place: str
    outputs: Sequence[Outputs]


@dataclass(frozen=True, slots=True)
class Controls:
    """All controls of a report.

    Attributes:
        ran: Those that ran, and those that should have but met an error, which have no outputs.
        left_out: Why others did not, a line each, for the document's notes; those that the graph does not
            admit are not mentioned.
    """

    ran: list[Control]
    left_out: list[str]


def run_controls(
    artifact: Path,
    run: Callable[[Path], Sequence[Outputs]],
    judge: Callable[[Sequence[Outputs]], Sequence[OutputParity]],
    *,
    backend: str,
    clean: Sequence[Outputs],
    tolerance: Tolerance = DEFAULTS["f32"],
    picture_quality: Callable[[Sequence[Outputs]], DeltaE2000 | None] | None = None,
    name_layer: Callable[[Path], str | None] | None = None,
    faults: Sequence[Fault] = CONTROLS,
    folder: Path | None = None,
) -> Controls:
    """Makes every control that the graph admits, runs it and judges it as any other artifact.

    Args:
        artifact: The sound ONNX artifact.
        run: Runs an artifact in the backend and gives its outputs for each input.
        judge: Judges such outputs against the reference by the rule of the document. A control with one output
            that fails is seen.
        backend: Who runs it.
        clean: What the sound artifact gave in the same backend for the same inputs. A fault whose outputs are
            within ten bounds of these shows nothing and is left out.
        tolerance: The bounds for that: the defaults of the executed precision, never those of the user, or a
            rule that lets everything pass would not be found out.
        picture_quality: ΔE2000 of the worst picture that such outputs give.
        name_layer: Names the first divergent layer of an artifact.
        faults: Which to make.
        folder: Where artifacts are made and left; by default one that is removed.

    Raises:
        BadInput: CTK501, CTK502 or CTK517 for the artifact.
        EnvironmentFailed: CTK401 or CTK402 when the folder cannot be written.
    """
    if folder is None:
        with TemporaryDirectory(prefix="ctk-faults-") as temporary:
            return run_controls(
                artifact, run, judge, backend=backend, clean=clean, tolerance=tolerance,
                picture_quality=picture_quality, name_layer=name_layer, faults=faults, folder=Path(temporary),
            )  # fmt: skip
    found, left_out = [], []
    source = FaultyArtifacts(artifact, folder)
    for fault in faults:
        made = source.make(fault)
        if made is None:
            continue
        try:
            outputs = run(made.path)
        except CtkError as error:
            left_out.append(f"the control {fault.name!r} could not be run by {backend}: {error.what}")
            found.append(Control(_not_run(made, backend, error), made.place.what, []))
            continue
        if not shows(clean, outputs, tolerance):
            left_out.append(f"the control {fault.name!r} changes no output here: {made.place.what}")
            continue
        row = _row(made, backend, outputs, judge, picture_quality, name_layer)
        found.append(Control(row, made.place.what, outputs))
    return Controls(found, left_out)


def shows(clean: Sequence[Outputs], faulty: Sequence[Outputs], tolerance: Tolerance) -> bool:
    """Whether a fault changes any output by more than ten bounds of the rule, or beyond comparing.

    Args:
        clean: Outputs by name, for each input, without the fault.
        faulty: With it.
        tolerance: Bounds of the rule; the largest value is the whole output's.
    """
    return any(
        list(one) != list(other) or any(_differs(one[name], other[name], tolerance) for name in one)
        for one, other in zip(clean, faulty, strict=True)
    )


def _differs(clean: NDArray[Any], faulty: NDArray[Any], tolerance: Tolerance) -> bool:
    if clean.shape != faulty.shape or clean.dtype != faulty.dtype:
        return True
    if clean.size == 0:
        return False
    one, other = clean.astype(np.float64), faulty.astype(np.float64)
    if not np.isfinite(other).all():
        return True
    bound = tolerance.atol + tolerance.rtol * float(np.abs(one).max())
    return float(np.abs(other - one).max()) > EFFECT * bound


def _identity(made: FaultyArtifact, backend: str) -> dict[str, Any]:
    """Which fault a row is about."""
    return {
        "fault": made.fault.name,
        "description": made.fault.description,
        "what": made.place.what,
        "layer": made.place.layer,
        "backend": backend,
    }


def _not_run(made: FaultyArtifact, backend: str, error: CtkError) -> ParityControl:
    return ParityControl(
        **_identity(made, backend),
        outputs=[],
        delta_e2000=None,
        layer_named=None,
        seen=False,
        failure=error.headline,
    )


def _row(
    made: FaultyArtifact,
    backend: str,
    outputs: Sequence[Outputs],
    judge: Callable[[Sequence[Outputs]], Sequence[OutputParity]],
    picture_quality: Callable[[Sequence[Outputs]], DeltaE2000 | None] | None,
    name_layer: Callable[[Path], str | None] | None,
) -> ParityControl:
    judged = list(judge(outputs))
    return ParityControl(
        **_identity(made, backend),
        outputs=judged,
        delta_e2000=picture_quality(outputs) if picture_quality is not None else None,
        layer_named=name_layer(made.path) if name_layer is not None else None,
        seen=any(output.status == "fail" for output in judged),
    )
