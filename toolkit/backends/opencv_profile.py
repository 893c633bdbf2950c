"""The ticks that cv2.dnn counts for every layer (``getPerfProfile``) as times of layers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from toolkit.backends.profiling import CountedLayer, nothing_counted

_LABEL = re.compile(r'^\t".*?" \[label="(\{.*\})" fillcolor=', re.MULTILINE)
_ONNX = "onnx_node!"  # what cv2 puts before an ONNX node's name


class LayerCounters:
    """Adds up the ticks of runs: cv2 keeps those of the last one only.

    Args:
        cv2: The module.
        net: The ``cv2.dnn.Net``.
    """

    def __init__(self, cv2: Any, net: Any) -> None:
        self._net = net
        self._ms_per_tick = 1e3 / cv2.getTickFrequency()
        self._runs = 0
        self._ticks = np.zeros(0)

    def add_run(self) -> None:
        """Takes the ticks of the run that has just ended."""
        ticks = np.asarray(self._net.getPerfProfile()[1], np.float64).ravel()
        if self._runs == 0:
            self._ticks = np.zeros(len(ticks))
        self._ticks += ticks
        self._runs += 1

    def layers(self, nodes: Mapping[str, str], precision: str | None) -> tuple[CountedLayer, ...]:
        """The layers that took time, each with those that cv2 fused into it.

        A fused layer keeps its name and takes no time.

        Args:
            nodes: The artifact's own names by cv2's, where they differ.
            precision: What the whole network is computed in.

        Raises:
            UsageFault: CTK601 when no run was counted.
        """
        if self._runs == 0:
            raise nothing_counted()
        # Layer 0 is the network's input, and in neither list.
        names = list(self._net.getLayerNames())
        ticks = dict(zip(names, self._ticks, strict=False))
        fused = {one: group for group in fused_groups(self._net.dump(), names) for one in group}

        def own(name: str) -> str:
            return nodes.get(name, name.removeprefix(_ONNX))

        return tuple(
            CountedLayer(
                name=name,
                kind=self._net.getLayer(self._net.getLayerId(name)).type,
                precision=precision,
                mean_ms=float(spent) * self._ms_per_tick / self._runs,
                nodes=tuple(own(one) for one in fused.get(name, [name]) if one == name or ticks[one] == 0),
            )
            for name, spent in ticks.items()
            if spent > 0
        )


def fused_groups(dump: str, names: Sequence[str]) -> list[list[str]]:
    r"""The layers that cv2 executes as one.

    Args:
        dump: Text of ``cv2.dnn.Net.dump``: one node of a drawing for each layer or group of fused ones, whose
            label is ``{FIRST\n... | SECOND\n...}`` with the letters backslash and n.
        names: All layers.
    """
    known = set(names)
    groups = []
    for label in _LABEL.findall(dump):
        group = [part.strip(" {").partition("\\n")[0] for part in label.split(" | ")]
        if len(group) > 1 and known.issuperset(group):
            groups.append(group)
    return groups
