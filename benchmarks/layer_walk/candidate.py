"""A backend with an artifact, whose layers are to be held against the reference's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from benchmarks.parity_check.judging import tolerance_of
from benchmarks.parity_check.rule import Tolerance
from toolkit.backends.precision import NATIVE, executed_word, parts_of
from toolkit.errors import UsageFault

Values = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is walked.

    Attributes:
        backend: A registered backend.
        artifact: Main file: an ONNX file, an IR, or a prototxt with the caffemodel of its stem beside it.
        precision: What the backend is asked for.
        stored: Precision of the artifact's weights, where that may be coarser than what is executed.
        tolerance: Bounds of the rule; the default of the coarser of both precisions.
        cases: Its inputs, where they are not the reference's (an artifact that subtracts the mean itself).
        plain: Outputs of the artifact itself for each input, where they are known; none to leave them alone;
            else it is run for them.
    """

    backend: str
    artifact: Path
    precision: str = "f32"
    stored: str | None = None
    tolerance: Tolerance | None = None
    cases: Sequence[Values] | None = None
    plain: Sequence[Values] | None = None

    def judged_as(self, executed: str | None) -> tuple[str, Tolerance]:
        """The precision whose rounding is to be expected, and the bounds of the rule.

        Args:
            executed: What the backend says it executed; where it does not tell, what it was asked for counts.

        Raises:
            UsageFault: CTK604 for i8, which ΔE2000 alone judges; CTK601 where there is no default bound.
        """
        asked = self.precision if self.precision != NATIVE else None
        words = [word for word in (executed or asked, self.stored) if word is not None]
        tolerance = tolerance_of(self.tolerance, executed or asked, self.stored)
        if tolerance is None:
            raise UsageFault("CTK604", "the layers of an i8 artifact are not walked: ΔE2000 alone judges it")
        return executed_word(part for word in words for part in parts_of(word)) or "f32", tolerance
