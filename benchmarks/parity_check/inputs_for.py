"""Which inputs a call means, for a network of that graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.parity_check.input_set import InputSet, picture_inputs, random_inputs
from benchmarks.parity_check.network_graph import NetworkGraph
from toolkit.errors import UsageFault
from toolkit.presets.registry import preset_named


def inputs_for(graph: NetworkGraph, preset_name: str, images: Sequence[Path], notes: list[str]) -> InputSet:
    """Pictures for a network that colours them, seeded random numbers for any other.

    Args:
        graph: The network's inputs and outputs.
        preset_name: Pre- and postprocessing of pictures.
        images: Picture files or folders; the built-in pictures when there are none.
        notes: What the reader should know is added here.

    Raises:
        UsageFault: CTK603 for an unknown preset, CTK601 for pictures that the network does not take.
        BadInput: CTK518 when none of the pictures can be read.
        Inconclusive: CTK301 when there is no input at all.
    """
    colours = graph.colours
    if colours is None:
        if images:
            raise UsageFault("CTK601", "this network takes no pictures: it has not one L plane and one head")
        return random_inputs(graph.inputs)
    source, size, head = colours
    found = picture_inputs(images, preset_named(preset_name, net_size=size), source)
    if found.preset is not None and found.preset.head != head:
        notes.append(
            f"the preset {preset_name} colours nothing from the head {head}: only numbers are compared"
        )
        return replace(found, preset=None, kept=(), files=())
    return found
