"""The network of one side: what blame asks of a loaded artifact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from toolkit.backends.protocol import Session
from toolkit.colour.coefficients import coefficients as released
from toolkit.errors import BadInput, UsageFault
from toolkit.presets.fit import head_of
from toolkit.presets.preset import Head, Mean

Floats: TypeAlias = NDArray[np.float32]
Run: TypeAlias = Callable[[Floats], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Network:
    """A network ready to run.

    Attributes:
        name: What executes it, for the conclusion, such as ``openvino bf16``.
        head: Where it ends: ``ab``, or ``bins``, whose probabilities become ab outside of it.
        mean: Where the 50 is subtracted from L.
        run: From L (float32, 1×1×h×w) to its output.
        probabilities: From L to the probabilities of the bins (1×313×h×w), for the head `ab`; for `bins`,
            `run` gives them. None where it does not; then the head cannot be swapped apart from the model.
        coefficients: (313, 2), what its head makes ab with. None where that is not known; for the head `bins`
            it then means the released ones.
    """

    name: str
    head: Head
    mean: Mean
    run: Run
    probabilities: Run | None = None
    coefficients: NDArray[Any] | None = None

    def run_to(self, head: Head) -> Run | None:
        """What computes ab or the probabilities; None where it does not give them."""
        return self.run if head == self.head else self.probabilities if head == "bins" else None

    def known_coefficients(self) -> NDArray[Any] | None:
        """(313, 2), or None where nobody knows what the graph holds."""
        if self.coefficients is None and self.head == "bins":
            return released()
        return self.coefficients


def session_network(
    session: Session,
    *,
    mean: Mean = "outside",
    output: str | None = None,
    probabilities: str | None = None,
    coefficients: NDArray[Any] | None = None,
) -> Network:
    """A loaded artifact as a network.

    Args:
        session: With one input.
        mean: Where the 50 is subtracted from L, by its provenance.
        output: Its output of the head `ab` or `bins`; the first one by default.
        probabilities: What it calls the probabilities (``class8_313_rh``), an output or, where the backend
            keeps them, a blob inside; None where it does not give them.
        coefficients: (313, 2) of its head; the released ones by default.

    Raises:
        BadInput: CTK516 when it has not one input, or no output of that name.
        UsageFault: CTK601 when the output is neither ab nor probabilities.
    """
    info = session.info()
    if len(info.inputs) != 1:
        raise BadInput(
            "CTK516", f"blame needs a network with one input, but it has {', '.join(info.inputs) or 'none'}"
        )
    target = output or next(iter(info.outputs))
    if target not in info.outputs:
        raise BadInput("CTK516", f"the network has no output {target!r}")
    head = _colour_head(info.outputs[target].shape, target)
    source = next(iter(info.inputs))

    def running(name: str) -> Run:
        def run(light: Floats) -> NDArray[Any]:
            found = session.run({source: light}, [name])[name]
            session.synchronise()
            return found

        return run

    name = f"{info.name} {info.precision_executed or ''}".rstrip()
    inside = running(probabilities) if probabilities else None
    points = released() if coefficients is None else coefficients
    return Network(name, head, mean, running(target), inside, points)


def ab_of(probabilities: NDArray[Any], coefficients: NDArray[Any]) -> Floats:
    """What `class8_ab` makes of probabilities: 1×313×h×w and (313, 2) to 1×2×h×w; summed in float64."""
    found: Floats = np.einsum("nbhw,bc->nchw", probabilities.astype(np.float64), coefficients).astype(
        np.float32
    )
    return found


def bins_giving(ab: NDArray[Any]) -> Floats:
    """An array of 1×313×h×w that the released coefficients turn into this ab, for a preset that wants bins.

    It holds no probabilities: the bins of (10, 0) and (0, 10) carry a tenth of a and b, all others 0.
    """
    bins = np.zeros((ab.shape[0], len(released()), *ab.shape[2:]), np.float32)
    for channel, point in enumerate(((10, 0), (0, 10))):
        place = int(np.flatnonzero((released() == point).all(axis=1))[0])
        bins[:, place] = ab[:, channel] / 10
    return bins


def _colour_head(shape: tuple[int | None, ...], name: str) -> Head:
    head = head_of(shape)
    if head not in {"ab", "bins"}:
        raise UsageFault(
            "CTK601",
            f"blame swaps parts of colouring, but the output {name!r} of shape {shape} is neither ab nor bins",
        )
    return cast("Head", head)
