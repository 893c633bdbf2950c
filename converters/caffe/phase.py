"""Which layers run: phase TEST, level 0, and the stages that the file itself sets (net.cpp, FilterNet)."""

from __future__ import annotations

from collections.abc import Iterable

from converters.caffe.faults import STOP_AT_FIRST, Faults
from converters.caffe.prototxt_locations import Locate
from converters.caffe.schema import TEST, LayerParameter, NetParameter, NetStateRule
from toolkit.errors import BadInput

_LEVEL = 0


def kept_layers(net: NetParameter, locate: Locate, faults: Faults = STOP_AT_FIRST) -> list[int]:
    """The indices of the layers that Caffe keeps at phase TEST.

    A `phase` written in the layer itself is not a rule. The phase and level of a `state` in the file are
    overridden, its stages count.

    Args:
        net: A network in the `layer` form.
        locate: Tells the place of a layer by its index.
        faults: Takes what is wrong; where it does not raise, such a layer is kept as its include rules say.

    Raises:
        BadInput: CTK505 for a layer that has `include` and `exclude` rules at once.
    """
    stages = frozenset(net.state.stage)
    return [index for index, layer in enumerate(net.layer) if _kept(layer, stages, index, locate, faults)]


def rule_matches(rule: NetStateRule, stages: Iterable[str]) -> bool:
    """Whether all that a rule states holds at phase TEST, level 0 and these stages."""
    present = frozenset(stages)
    return (
        (not rule.HasField("phase") or rule.phase == TEST)
        and (not rule.HasField("min_level") or rule.min_level <= _LEVEL)
        and (not rule.HasField("max_level") or rule.max_level >= _LEVEL)
        and present.issuperset(rule.stage)
        and present.isdisjoint(rule.not_stage)
    )


def _kept(layer: LayerParameter, stages: frozenset[str], index: int, locate: Locate, faults: Faults) -> bool:
    if layer.include and layer.exclude:
        what = "a layer has include and exclude rules at once"
        faults.add(BadInput("CTK505", what, locate(index), ["Caffe refuses this too: keep one kind"]))
    if layer.include:
        return any(rule_matches(rule, stages) for rule in layer.include)
    return not any(rule_matches(rule, stages) for rule in layer.exclude)
