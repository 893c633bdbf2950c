"""Whose fault a difference is: parts swapped between the reference's side and a backend's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np

from benchmarks.blame.blaming import blame_for
from benchmarks.blame.network import Network
from benchmarks.blame.side import Side
from benchmarks.harness.arms_of import SLOW as CAFFE_REFERENCE
from benchmarks.parity_check.blame_networks import Ends, HeadApart, backend_network, reference_network
from benchmarks.parity_check.child_process import ChildProcess, Job, LoadFailure
from benchmarks.parity_check.colour_head import colour_head
from benchmarks.parity_check.network_graph import NetworkGraph
from benchmarks.parity_check.pairs import PairOutputs, Settings
from benchmarks.parity_check.reference_set import References
from benchmarks.parity_check.references import Oracle
from toolkit.errors import BadInput, CtkError, EnvironmentFailed
from toolkit.presets.preset import Head, Preset
from toolkit.presets.registry import preset_named

_WITHIN = "blame: the head is counted within the model"


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

    head = cast("Head", colours[2])
    apart = _head_apart(target, references.described.name, oracle, settings) if head == "ab" else None
    ends = Ends(source, target, head, apart)
    exact = preset_named("exact", net_size=colours[1])
    side = Side(exact, reference_network(references.described.name, oracle, ends))
    for one in pairs:
        if one.outputs and (one.pair.decides or one.pair.precision_executed != "f32"):
            oracle.say(f"blame: {one.pair.backend} at {one.pair.precision_requested}")
            _blame(one, side, preset, ends, references, settings)


def _head_apart(target: str, reference: str, oracle: Oracle, settings: Settings) -> HeadApart | None:
    """Where the head begins; None, with a note, where it cannot be swapped apart from the model."""
    if reference != CAFFE_REFERENCE:
        settings.notes.append(f"{_WITHIN}: only caffe-reference gives the probabilities to swap at")
        return None
    piece = colour_head(oracle.subject.net(), target)
    if piece is None:
        settings.notes.append(f"{_WITHIN}: the network has no probabilities to swap at")
        return None
    return HeadApart(oracle.subject.whole_net(), piece)


def _blame(
    one: PairOutputs, side: Side, preset: Preset, ends: Ends, references: References, settings: Settings
) -> None:
    name = f"{one.pair.backend} {one.pair.precision_executed or ''}".rstrip()
    job = Job(one.pair.backend, Path(str(one.pair.artifact)), settings.threads, one.pair.precision_requested)
    try:
        with (
            ChildProcess(f"{one.pair.backend}, for blame", settings.threads, settings.limit_s) as child,
            TemporaryDirectory(prefix="ctk-blame-") as folder,
        ):
            network = _network(name, child, job, ends, preset, Path(folder), settings)
            blamed = blame_for(side, Side(preset, network), references.inputs.files)
    except LoadFailure as failure:
        settings.notes.append(f"{name}: nothing was blamed: {failure.error.headline}")
    except CtkError as error:
        settings.notes.append(f"{name}: nothing was blamed: {error.headline}")
    else:
        one.pair = one.pair.model_copy(update={"blame": blamed})


def _network(
    name: str, child: ChildProcess, job: Job, ends: Ends, preset: Preset, folder: Path, settings: Settings
) -> Network:
    """The backend's network; with its head in the model where the artifact cannot be taken apart there."""
    try:
        network = backend_network(name, child, job, ends, preset, folder)
        _try_apart(network, preset)
    except LoadFailure as failure:
        why = failure.error
    except (BadInput, EnvironmentFailed) as fault:
        why = fault
    else:
        return network
    settings.notes.append(f"{name}: {_WITHIN}: {why.headline}")
    return backend_network(name, child, job, replace(ends, apart=None), preset, folder)


def _try_apart(network: Network, preset: Preset) -> None:
    """Runs both parts once: a runtime may take a whole artifact and refuse its parts."""
    if network.probabilities is None or network.decode is None:
        return
    light = np.zeros((1, 1, *preset.net_size), np.float32)
    network.decode(network.probabilities(light).astype(np.float32, copy=False))
