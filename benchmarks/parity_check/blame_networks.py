"""The networks of the two sides between which `why` swaps parts: the reference's, and a backend's in its process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.blame.network import Network, Run
from benchmarks.harness.arms_of import SLOW as CAFFE_REFERENCE
from benchmarks.layer_walk.piece import Piece, expected_of
from benchmarks.parity_check.artifact_facts import subtracts_mean
from benchmarks.parity_check.child_process import ChildProcess, Job
from benchmarks.parity_check.colour_head import jobs_apart
from benchmarks.parity_check.references import Oracle, evaluated
from converters.caffe.network import Net
from toolkit.presets.preset import MEAN_L, Head, Preset

Floats = NDArray[np.float32]


class HeadApart(NamedTuple):
    """Where the network's head begins, so that it can be swapped apart from the model."""

    net: Net
    piece: Piece

    @property
    def probabilities(self) -> str:
        """What the network calls them."""
        return self.piece.starts[0]


@dataclass(frozen=True, slots=True)
class Ends:
    """Both ends of a network that colours pictures.

    Attributes:
        source: Its input.
        target: Its output.
        head: What that is.
        apart: Where its head begins; None where it is counted within the model.
    """

    source: str
    target: str
    head: Head
    apart: HeadApart | None


def reference_network(name: str, oracle: Oracle, ends: Ends) -> Network:
    """The reference as a network that reads L without the 50; only `caffe-reference` gives its probabilities.

    Args:
        name: A backend.
        oracle: Computes it.
        ends: Input and output.
    """

    def running(wanted: str, asked: list[str] | None = None) -> Run:
        def run(light: Floats) -> NDArray[Any]:
            outputs, _ = evaluated(name, [{ends.source: light}], oracle, asked)
            return outputs[0][wanted]

        return run

    apart = ends.apart if name == CAFFE_REFERENCE else None
    if apart is None:
        return Network(name, ends.head, "outside", running(ends.target))

    def decode(bins: Floats) -> NDArray[Any]:
        return expected_of(apart.net, apart.piece, {apart.probabilities: bins})[ends.target]

    probabilities = running(apart.probabilities, [apart.probabilities])
    return Network(name, ends.head, "outside", running(ends.target), probabilities, decode)


def backend_network(
    name: str, child: ChildProcess, job: Job, ends: Ends, preset: Preset, folder: Path
) -> Network:
    """An artifact as a network that reads L as a preset feeds it.

    Args:
        name: For the conclusion.
        child: The backend's process.
        job: How it runs the artifact.
        ends: Input and output.
        preset: The side's; where it leaves the 50 in, the network takes it off.
        folder: Empty; where copies go.

    Raises:
        BadInput: CTK516 where the artifact has no probabilities of that name, and as `jobs_apart`.
        EnvironmentFailed: CTK401 or CTK402 when a copy cannot be written.
    """
    # What the preset took off is given back to an artifact that wants it, and the other way round.
    offset = np.float32(MEAN_L * subtracts_mean(job.artifact) - MEAN_L * (preset.mean == "inside"))

    def running(asked: Job, source: str, target: str, added: np.float32) -> Run:
        return lambda given: child.run(asked, [{source: given + added}]).outputs[0][target]

    run = running(job, ends.source, ends.target, offset)
    if ends.apart is None:
        return Network(name, ends.head, preset.mean, run)
    first, second = jobs_apart(job, ends.apart.net, ends.apart.piece, folder)
    bins = ends.apart.probabilities
    return Network(
        name,
        ends.head,
        preset.mean,
        run,
        running(first, ends.source, bins, offset),
        running(second, bins, ends.target, np.float32(0)),
    )
