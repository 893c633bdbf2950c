"""Receptive field and output stride, by the usual recurrence over layers, along every axis apart.

A layer that reads ``extent`` positions at ``stride`` widens the field by (extent - 1) * step and multiplies
the step by the stride. A transposed one with stride s lays its input out s times finer, with nothing in
between; of a window of w fine positions at most ceil(w / s) hold an input. Where several upsamplings chain,
each is rounded up by itself, so the size is an upper bound there. Padding plays no part: the field may
be larger than the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil

from converters.caffe.layers.registry import Reach


@dataclass(frozen=True, slots=True)
class AxisField:
    """What one position of a value sees along one axis.

    Attributes:
        base: Input pixels that one position saw before the last upsampling.
        base_step: Input pixels between neighbours there.
        fine: How many times finer the grid is since.
        window: Positions of that grid that are seen.
        hop: Positions of that grid between neighbours now.
    """

    base: int = 1
    base_step: Fraction = Fraction(1)
    fine: int = 1
    window: int = 1
    hop: int = 1

    @property
    def size(self) -> int:
        """Input pixels that one position can depend on."""
        return self.base + ceil((ceil(Fraction(self.window, self.fine)) - 1) * self.base_step)

    @property
    def step(self) -> Fraction:
        """Input pixels from one position to the next."""
        return self.base_step * self.hop / self.fine

    def through(self, reach: Reach) -> AxisField:
        """The field behind a layer."""
        if not reach.is_upsampling:
            window = self.window + (reach.extent - 1) * self.hop
            return replace(self, window=window, hop=self.hop * reach.stride)
        return AxisField(self.size, self.step, fine=reach.stride, window=reach.extent)


# Per axis of a value; None where it cannot be told.
ValueField = tuple[AxisField | None, ...]


def of_input(rank: int) -> ValueField:
    """The field of a graph input: every position sees itself."""
    return (AxisField(),) * rank


def unknown(rank: int) -> ValueField:
    """The field of a value about which nothing can be told."""
    return (None,) * rank


def through(field: ValueField, reaches: Sequence[Reach]) -> ValueField:
    """The field behind a layer whose reaches are those of the last axes."""
    lead = len(field) - len(reaches)
    last = zip(field[lead:], reaches, strict=True)
    return (*field[:lead], *(axis and axis.through(reach) for axis, reach in last))


def merged(fields: Sequence[ValueField], rank: int) -> ValueField:
    """The field of a value made from several at the same position: the largest of them.

    Branches are taken to be aligned; where they differ in rank or step nothing can be told.
    """
    if not fields or any(len(field) != rank for field in fields):
        return unknown(rank)
    return tuple(_largest(axes) for axes in zip(*fields, strict=True))


def sizes_px(field: ValueField) -> list[int | None]:
    """Sizes along the spatial axes, axis 2 and on."""
    return [axis.size if axis else None for axis in field[2:]]


def strides(field: ValueField) -> list[int | float | None]:
    """Steps along the spatial axes; below 1 where the output is finer than the input."""
    return [_number(axis.step) if axis else None for axis in field[2:]]


def _number(step: Fraction) -> int | float:
    return step.numerator if step.denominator == 1 else float(step)


def _largest(axes: Sequence[AxisField | None]) -> AxisField | None:
    known = [axis for axis in axes if axis is not None]
    if len(known) < len(axes) or len({axis.step for axis in known}) > 1:
        return None
    return max(known, key=lambda axis: axis.size)
