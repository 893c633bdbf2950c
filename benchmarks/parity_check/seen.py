"""What a person would see: the coloured pictures of each backend against the reference's, and against grey."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.image_quality.comparison import save_comparison
from benchmarks.image_quality.delta_e2000 import DeltaE2000
from benchmarks.image_quality.delta_e_map import delta_e_map, summary
from benchmarks.image_quality.grey import GreyError, grey_baseline, grey_error, grey_picture, reaches_grey
from benchmarks.image_quality.quality import Coloured, quality
from benchmarks.parity_check.arrays_file import Arrays
from benchmarks.parity_check.input_set import InputSet
from benchmarks.parity_document import GreyBaseline, PictureQuality
from toolkit.errors import CtkError


class SeenPictures:
    """Judges outputs of a network that colours pictures, for the inputs of a run.

    Args:
        inputs: Pictures, with what their preset kept; or stored arrays, of which only numbers are compared.
        references: The reference's outputs for each.
        output: Name of the network's only output.
        head: What it holds, ``ab`` or ``bins``.
        folder: Its folder blobs/ gets the pictures side by side and the error maps; nowhere when None.
    """

    def __init__(
        self,
        inputs: InputSet,
        references: Sequence[Arrays],
        output: str,
        head: str,
        folder: Path | None = None,
    ) -> None:
        self._folder = folder
        self._inputs = inputs
        self._output = output
        self._head = head
        self._references = [outputs[output] for outputs in references]
        self._known: dict[tuple[int, bytes], PictureQuality | None] = {}

    @property
    def baseline(self) -> GreyBaseline | None:
        """Grey against the reference; None without any input."""
        return grey_baseline(self._grey)

    def quality(self, candidates: Sequence[Arrays]) -> list[PictureQuality]:
        """Figures of every picture that could be made of a candidate's outputs."""
        found = [self._quality(i, outputs.get(self._output)) for i, outputs in enumerate(candidates)]
        return [one for one in found if one is not None]

    def _quality(self, i: int, output: NDArray[Any] | None) -> PictureQuality | None:
        # Most runtimes choose f32 themselves: then the second row has the very pictures of the first.
        key = (i, b"" if output is None else output.tobytes())
        if key not in self._known:
            wanted, picture = self._coloured[i], self._picture(i, output)
            self._known[key] = None
            if wanted is not None and picture is not None:
                self._known[key] = self._compared(i, wanted, picture)
        return self._known[key]

    def _compared(self, i: int, wanted: Coloured, picture: Coloured) -> PictureQuality:
        differences = delta_e_map(wanted.rgb, picture.rgb)
        saved = None
        if self._folder is not None:
            saved = save_comparison(wanted.rgb, picture.rgb, self._grey_rgb(i), self._folder, differences)
        return quality(self._inputs.names[i], wanted, picture, differences=differences, pictures=saved)

    def delta_e2000(self, candidates: Sequence[Arrays]) -> DeltaE2000 | None:
        """The largest mean ΔE2000 of the first pictures, as many as there are candidates."""
        found = []
        for i, outputs in enumerate(candidates):
            wanted, picture = self._coloured[i], self._picture(i, outputs.get(self._output))
            if wanted is not None and picture is not None:
                found.append(summary(delta_e_map(wanted.rgb, picture.rgb)))
        return max(found, key=lambda one: one.mean, default=None)

    def reaches_grey(self, candidates: Sequence[Arrays], figures: Sequence[PictureQuality]) -> bool | None:
        """Whether for any input the error to the reference reaches grey's; None where it cannot be told."""
        seen = {one.input: one.delta_e2000 for one in figures}
        found = [
            reaches_grey(
                grey,
                reference_output=self._references[i],
                candidate_output=candidates[i][self._output],
                delta_e2000=seen.get(self._inputs.names[i]),
            )
            for i, grey in enumerate(self._grey)
            if self._output in candidates[i]
        ]
        known = [one for one in found if one is not None]
        return any(known) if known else None

    @cached_property
    def _coloured(self) -> list[Coloured | None]:
        return [self._picture(i, output) for i, output in enumerate(self._references)]

    @cached_property
    def _grey(self) -> list[GreyError]:
        return [self._grey_of(i) for i in range(len(self._references))]

    def _grey_of(self, i: int) -> GreyError:
        wanted = self._coloured[i]
        if wanted is None:
            return grey_error(self._references[i])
        return grey_error(self._references[i], wanted.rgb, self._grey_rgb(i))

    def _grey_rgb(self, i: int) -> NDArray[np.uint8]:
        assert self._inputs.preset is not None
        return grey_picture(self._inputs.preset, self._references[i], self._inputs.kept[i])

    def _picture(self, i: int, output: NDArray[Any] | None) -> Coloured | None:
        """The picture of an output; None where there is no preset for it, or where the output makes none."""
        preset = self._inputs.preset
        if preset is None or output is None:
            return None
        try:
            rgb = preset.to_rgb(preset.post(output.astype(np.float32), self._inputs.kept[i]))
        except CtkError:  # another shape, or not finite: the rule says so
            return None
        return Coloured(rgb, output if self._head == "ab" else None)
