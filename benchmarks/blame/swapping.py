"""One picture through every combination of two sides' parts; what combinations share is computed once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from benchmarks.blame.attribution import Combination
from benchmarks.blame.network import Floats, Network, bins_giving
from benchmarks.blame.side import Side, head_swaps, same_decode
from benchmarks.harness.pictures import Sample
from benchmarks.image_quality.delta_e_map import delta_e_map
from benchmarks.image_quality.picture_pairs import Samples
from toolkit.errors import BadInput, Where
from toolkit.hashing import sha256_bytes
from toolkit.presets.preset import MEAN_L, Head, PreparedPicture

_T = TypeVar("_T")


class Swapping:
    """Colours one picture with some parts of the candidate and the others of the reference.

    Results are remembered by the content of what they were made of, so that a part whose two versions give the
    same costs nothing behind it: a network runs once for each different input.

    Args:
        reference: Where a part comes from that is not swapped.
        candidate: Where a swapped part comes from.
        picture: The file.

    Raises:
        BadInput: CTK508 when the two decode it to different sizes, CTK518 when it cannot be decoded.
    """

    def __init__(self, reference: Side, candidate: Side, picture: Sample) -> None:
        self._reference, self._candidate, self._file = reference, candidate, picture
        self._head_swaps = head_swaps(reference.network, candidate.network)
        self._known: dict[Hashable, Any] = {}
        self._refuse_other_sizes()

    def error(self, swapped: Combination) -> float:
        """Mean ΔE2000 of the final picture to the reference side's.

        Raises:
            CtkError: What a preset or a network raises, such as CTK519 for an output that is not finite.
        """
        wanted, found = self._final(frozenset()), self._final(swapped)
        key = ("error", _digest(found))
        return self._once(key, lambda: float(delta_e_map(wanted, found).mean()))

    def _refuse_other_sizes(self) -> None:
        sizes = {
            side.preset.name: self._decoded(side).shape[1::-1] for side in (self._reference, self._candidate)
        }
        if len(set(sizes.values())) > 1:
            said = " and ".join(f"{width}×{height} by {name}" for name, (width, height) in sizes.items())
            raise BadInput(
                "CTK508",
                f"the picture is decoded as {said}, so no pixel can be compared",
                Where(file=self._file.name),
                ["decode is to blame: one of them ignores the EXIF orientation"],
            )

    def _final(self, swapped: Combination) -> Samples:
        """The final picture, uint8, H×W×3, R G B."""
        side = self._side("post" in swapped)
        ready = self._prepared(side, "decode" in swapped)
        output = self._output(swapped)
        key = ("final", id(side), id(ready), _digest(output))
        return self._once(key, lambda: side.preset.to_rgb(side.preset.post(output, ready.kept)))

    def _output(self, swapped: Combination) -> Floats:
        """What the network gives, in the form that the postprocessing needs."""
        light = self._prepared(self._side("pre" in swapped), "decode" in swapped).input
        pre, model = self._side("pre" in swapped), self._side("model" in swapped)
        head = self._side("head" in swapped) if self._head_swaps else model
        post = self._side("post" in swapped)
        light = _with_mean(light, pre.network, model.network)
        if post.preset.head == "bins" and post is head and head.network.head == "bins":
            return self._run(model.network, light, "bins")  # it decodes the probabilities by itself
        ab = self._ab(model.network, head.network, light)
        return bins_giving(ab) if post.preset.head == "bins" else ab

    def _ab(self, model: Network, head: Network, light: Floats) -> Floats:
        if model is head and model.head == "ab":
            return self._run(model, light, "ab")
        decode = head.decoding()
        assert decode is not None  # `head_swaps`, or a network that ends with probabilities
        probabilities = self._run(model, light, "bins")
        key = ("decoded ab", id(head), _digest(probabilities))
        return self._once(key, lambda: decode(probabilities).astype(np.float32, copy=False))

    def _run(self, network: Network, light: Floats, what: Head) -> Floats:
        run = network.run_to(what)
        assert run is not None  # `head_swaps`
        key = ("run", id(network), what, _digest(light))
        return self._once(key, lambda: run(light).astype(np.float32, copy=False))

    def _prepared(self, side: Side, decode: bool) -> PreparedPicture:
        """What a side's preprocessing makes of the picture, decoded by either."""
        picture = self._picture(side, decode)
        return self._once(("prepared", id(side), _digest(picture)), lambda: side.preset.pre(picture))

    def _picture(self, side: Side, decode: bool) -> NDArray[Any]:
        """The decoded picture as one side's preset wants it."""
        source, target = self._side(decode), side.preset
        decoded = self._decoded(source)
        if same_decode(source.preset, target):
            return decoded
        return self._once(
            ("handed", id(source), id(side)), lambda: target.from_rgb(source.preset.to_rgb(decoded))
        )

    def _decoded(self, side: Side) -> NDArray[Any]:
        return self._once(("decoded", id(side)), lambda: side.preset.decode(self._file.data, self._file.name))

    def _side(self, swapped: bool) -> Side:
        return self._candidate if swapped else self._reference

    def _once(self, key: Hashable, make: Callable[[], _T]) -> _T:
        if key not in self._known:
            self._known[key] = make()
        return cast("_T", self._known[key])


def _with_mean(light: Floats, made_for: Network, given_to: Network) -> Floats:
    """L as another network than the one it was made for wants it: with the 50, or without."""
    if made_for.mean == given_to.mean:
        return light
    return light + np.float32(MEAN_L if given_to.mean == "inside" else -MEAN_L)


def _digest(array: NDArray[Any]) -> str:
    content = np.ascontiguousarray(array).view(np.uint8).data
    return f"{array.dtype.str} {array.shape} {sha256_bytes(content)}"
