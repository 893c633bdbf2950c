"""A control together with what it was judged by."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.parity_check.arrays_file import Arrays
from benchmarks.parity_document import ParityControl


@dataclass(slots=True)
class ControlOutputs:
    """A control, with the outputs that it was judged by, for the first inputs.

    Attributes:
        control: For the document.
        outputs: By name, for each of these inputs.
        executed: The precision that the pair executed for which it vouches.
        stored: That of the weights of its artifact.
    """

    control: ParityControl
    outputs: list[Arrays] = field(default_factory=list)
    executed: str | None = None
    stored: str | None = None
