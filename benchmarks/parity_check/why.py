"""Whose fault a difference is: parts swapped between the reference's side and a backend's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.blame.blaming import blame_for
from benchmarks.blame.network import Network
from benchmarks.blame.side import Side
from benchmarks.parity_check.arrays_file import Arrays
from benchmarks.parity_check.artifact_facts import subtracts_mean
from benchmarks.parity_check.child_process import ChildProcess, Job, LoadFailure
from benchmarks.parity_check.network_graph import NetworkGraph
from benchmarks.parity_check.pairs import PairOutputs, Settings
from benchmarks.parity_check.references import Oracle, References, evaluated
from toolkit.errors import CtkError
from toolkit.presets.preset import MEAN_L, Preset
from toolkit.presets.registry import preset_named

Floats = NDArray[np.float32]


def blame_pairs(
    pairs: Sequence[PairOutputs],
    graph: NetworkGraph,
    references: References,
    oracle: Oracle,
    settings: Settings,
) -> None:
    """Fills in the blame of pairs that decide or execute another precision than f32; changes them in place.

    The reference's side is the preset `exact` with the reference; a backend's side is the preset of the run with
    that backend. What cannot be blamed is noted.

    Args:
        pairs: All of them.
        graph: The network's inputs and outputs.
        references: What they were held against; stored outputs cannot be swapped.
        oracle: Computes the reference for the other side's inputs.
        settings: What all pairs have in common; notes go there.
    """
    preset, colours, only = references.inputs.preset, graph.colours, graph.only
    if preset is None or colours is None or only is None or references.described.kind == "golden":
        settings.notes.append("nothing was blamed: that takes pictures and a reference that can be run")
        return
    source, target = only

    def reference(light: Floats) -> NDArray[Any]:
        outputs, _ = evaluated(references.described.name, [{source: light}], oracle)
        return outputs[0][target]

    exact = preset_named("exact", net_size=colours[1])
    side = Side(exact, Network(references.described.name, cast(Any, colours[2]), "outside", reference))
    if colours[2] == "ab":
        settings.notes.append(
            "blame: the head is counted within the model: the network gives ab, and no probabilities to swap at"
        )
    for one in pairs:
        if one.outputs and (one.pair.decides or one.pair.precision_executed != "f32"):
            oracle.say(f"blame: {one.pair.backend} at {one.pair.precision_requested}")
            _blame(one, side, preset, (source, target, colours[2]), references, settings)


def _blame(
    one: PairOutputs,
    side: Side,
    preset: Preset,
    names: tuple[str, str, str],
    references: References,
    settings: Settings,
) -> None:
    source, target, head = names
    artifact = Path(str(one.pair.artifact))
    name = f"{one.pair.backend} {one.pair.precision_executed or ''}".rstrip()
    job = Job(one.pair.backend, artifact, settings.threads, one.pair.precision_requested)
    try:
        with ChildProcess(f"{one.pair.backend}, for blame", settings.threads, settings.limit_s) as child:
            run = _running(child, job, source, target, inside=subtracts_mean(artifact))
            # Both sides subtract the 50 outside here: `run` gives it back to an artifact that wants it.
            other = Side(preset, Network(name, cast(Any, head), preset.mean, _as_preset(run, preset)))
            blamed = blame_for(side, other, references.inputs.files)
    except LoadFailure as failure:
        settings.notes.append(f"{name}: nothing was blamed: {failure.error.headline}")
    except CtkError as error:
        settings.notes.append(f"{name}: nothing was blamed: {error.headline}")
    else:
        one.pair = one.pair.model_copy(update={"blame": blamed})


def _running(
    child: ChildProcess, job: Job, source: str, target: str, *, inside: bool
) -> Callable[[Floats], NDArray[Any]]:
    def run(light: Floats) -> NDArray[Any]:
        case: Arrays = {source: light + np.float32(MEAN_L) if inside else light}
        return child.run(job, [case]).outputs[0][target]

    return run


def _as_preset(run: Callable[[Floats], NDArray[Any]], preset: Preset) -> Callable[[Floats], NDArray[Any]]:
    """The network as the preset feeds it: with the 50 still in, where the preset leaves it to the network."""
    if preset.mean == "outside":
        return run
    return lambda light: run(light - np.float32(MEAN_L))
