"""The outputs that all backends are held against, and the inputs that belong to them."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.parity_check.arrays_file import Arrays
from benchmarks.parity_check.input_set import InputSet
from benchmarks.parity_document import ParityReference


@dataclass(frozen=True, slots=True)
class References:
    """Outputs for each usable input.

    Attributes:
        described: What they are, for the document.
        inputs: The inputs that they belong to.
        outputs: By name, for each of them.
        optional: Outputs that need not be there.
    """

    described: ParityReference
    inputs: InputSet
    outputs: list[Arrays]
    optional: frozenset[str] = frozenset()
