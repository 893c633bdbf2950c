"""What the walk of one candidate found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.layer_walk.walking import first_amplifying, first_divergent
from benchmarks.parity_document import LayerError
from toolkit.errors import CtkError


@dataclass(slots=True)
class Walked:
    """Layers of one candidate, and what else is to be said of them.

    Attributes:
        layers: Each layer's own output, the worst of all inputs, in the order of the prototxt.
        precision_executed: Of the copy that was walked.
        worst_inputs: For each layer the number of the input with the largest error of what it makes.
        output_change: Largest difference between an output of that copy and of the artifact itself, by output.
        optimisation_matters: Whether that difference breaks the rule over the whole blob: then what departs
            does so only in the graph that the runtime optimises freely, and no layer can be named.
        notes: What the reader should know: that the copy is not the graph that is timed, and how far its
            outputs are from that one's.
        error: Why it could not be walked, or not to the end.
    """

    layers: list[LayerError] = field(default_factory=list)
    precision_executed: str | None = None
    worst_inputs: dict[str, int] = field(default_factory=dict)
    output_change: dict[str, float] = field(default_factory=dict)
    optimisation_matters: bool = False
    notes: list[str] = field(default_factory=list)
    error: CtkError | None = None

    @property
    def first_divergent_layer(self) -> str | None:
        """The first layer whose own output breaks the rule."""
        return first_divergent(self.layers)

    @property
    def first_amplifying_layer(self) -> str | None:
        """The first that amplifies the error beyond what rounding explains."""
        return first_amplifying(self.layers)


def largest_change(own: NDArray[Any], walked: NDArray[Any]) -> float:
    """Largest difference of two arrays of one shape; what is not finite in the same way on both sides is none."""
    with np.errstate(all="ignore"):
        apart = np.abs(own.astype(np.float64) - walked.astype(np.float64))
    same = (own == walked) | (np.isnan(own) & np.isnan(walked))
    return float(np.where(same, 0.0, np.nan_to_num(apart, nan=np.inf)).max(initial=0.0))


def notes_on(backend: str, found: Walked) -> list[str]:
    """What the reader of a walk should know, one sentence each."""
    changes: Mapping[str, float] = {name: change for name, change in found.output_change.items() if change}
    told = ", ".join(f"{name} by at most {change:.3g}" for name, change in changes.items()) or "not at all"
    absent = sum(row.status == "absent" for row in found.layers)
    lines = [
        f"{backend}: the layers are those of a graph in which every value is asked for, which the "
        f"runtime may optimise otherwise than the one that is timed; its outputs differ from that one's: "
        f"{told if found.output_change else 'not compared'}"
    ]
    if found.optimisation_matters:
        lines.append(
            f"{backend}: that difference breaks the rule, so the runtime's optimisation is what departs"
        )
    if absent:
        lines.append(f"{backend}: {absent} of {len(found.layers)} values are not in the artifact")
    return lines
