"""The two sides between which parts are swapped, and which of their parts differ.

The parts, and where one ends and the next begins:

``decode``  the file's bytes to a picture; handed over between presets as 8-bit samples (`Preset.to_rgb`)
``pre``     the picture to what the network reads; the 50 is added or taken off where the mean is elsewhere
``model``   that to the probabilities of the bins, or to ab where the head is not swapped apart from it
``head``    the probabilities to ab: the coefficients, inside the graph or outside
``post``    ab to the final picture, with the full-size L that goes into it, which it takes from the picture
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from benchmarks.blame.network import Network
from benchmarks.parity_document import Part
from toolkit.errors import UsageFault
from toolkit.presets.fit import refuse_unfit
from toolkit.presets.preset import Preset

PARTS: tuple[Part, ...] = get_args(Part)


@dataclass(frozen=True, slots=True)
class Side:
    """One way from a picture file to a coloured picture."""

    preset: Preset
    network: Network

    def refuse_misfit(self) -> None:
        """Checks that preset and network belong together.

        Raises:
            UsageFault: CTK601 when the mean is elsewhere, or the preset needs probabilities that the network
                does not end with.
        """
        refuse_unfit(self.preset, mean=self.network.mean)
        if self.preset.head == "bins":  # a preset for ab may have it from probabilities, decoded outside
            refuse_unfit(self.preset, head=self.network.head)

    def what(self, part: Part) -> str:
        """What does this part, in a word or two."""
        if part == "model":
            return self.network.name
        if part == "head":
            return "coefficients in the graph" if self.network.head == "ab" else "coefficients outside"
        return self.preset.name


def differing_parts(reference: Side, candidate: Side) -> tuple[Part, ...]:
    """The parts that can make a difference, in their order.

    The head is one of them where both networks give their probabilities and each has a head of its own, which can
    be asked for ab alone; the one outside the graph is the same for all.

    Raises:
        UsageFault: CTK601 when the networks read inputs of different sizes, so that nothing can be swapped.
    """
    one, other = reference.preset, candidate.preset
    if one.net_size != other.net_size:
        raise UsageFault(
            "CTK601",
            f"parts cannot be swapped: the inputs are {_size(one)} and {_size(other)}",
            notes=["compare networks whose inputs have one size"],
        )
    differ = {
        "decode": not same_decode(one, other),
        "pre": one != other,
        "model": reference.network is not candidate.network,
        "head": head_swaps(reference.network, candidate.network),
        "post": one != other,
    }
    return tuple(part for part in PARTS if differ[part])


def same_decode(one: Preset, other: Preset) -> bool:
    """Whether both presets decode by the very same function, so that their pictures are of one kind."""
    return one == other or type(one).decode is type(other).decode


def head_swaps(one: Network, other: Network) -> bool:
    """Whether the heads differ and can be swapped apart from the model."""
    if any(side.run_to("bins") is None or side.decoding() is None for side in (one, other)):
        return False
    return one.decoding() is not other.decoding()


def _size(preset: Preset) -> str:
    return f"{preset.net_size[0]}×{preset.net_size[1]}"
