"""Layers of a Caffe network that ctk has no code for, all of them at once."""

from __future__ import annotations

from pathlib import Path

from converters.caffe.build import NetOptions, outline_net
from converters.caffe.faults import CollectedFaults, UnreadableError
from converters.caffe.prototxt import read_prototxt
from toolkit.backends.protocol import Lacking
from toolkit.errors import BadInput

_NO_CODE = "CTK506"


def lacking_layers(prototxt: Path) -> tuple[Lacking, ...]:
    """Layers whose type is unknown, or known and never converted, in the order of the prototxt.

    Args:
        prototxt: The network's definition; no weights are read.

    Raises:
        BadInput: CTK501 to CTK508 for the first thing that is wrong otherwise.
    """
    faults = CollectedFaults()
    types: dict[str, str] = {}
    try:
        outline = outline_net(read_prototxt(prototxt, faults=faults), NetOptions(), faults)
        types = {layer.name: layer.type for layer in outline.definitions}
    except UnreadableError:
        pass  # the faults say why
    for fault in faults.found:
        if fault.code != _NO_CODE:
            raise fault
    found = sorted(faults.found, key=lambda fault: fault.where.line or 0)
    return tuple(_lacking(fault, types) for fault in found)


def _lacking(fault: BadInput, types: dict[str, str]) -> Lacking:
    name = fault.where.layer or ""
    return Lacking(name, types.get(name, ""), fault.what)
