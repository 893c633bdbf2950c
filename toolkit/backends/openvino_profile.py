"""OpenVINO's counters (PERF_COUNT) as times of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from toolkit.backends.openvino_precision import computing_word, fact, is_quantised
from toolkit.backends.openvino_session import OpenVinoSession
from toolkit.backends.profiling import CountedLayer, ProfilingSession, nothing_counted
from toolkit.backends.protocol import BackendInfo

_NOT_EXECUTED = "not_executed"
_NO_NODES = {"Constant", "Parameter", "Result"}


class ProfiledOpenVinoSession(OpenVinoSession):
    """A session of a model compiled with PERF_COUNT; see `ProfilingSession`.

    OpenVINO counts a layer's mean over all runs since the model was compiled, in whole microseconds
    (``execTimeMcs`` of the runtime graph). What ran before the profile is taken out again, so a mean is good to
    about one microsecond.

    Args:
        artifact: Its main file.
        compiled: The ``openvino.CompiledModel``.
        info: What `info` says.
        model: The ``openvino.Model`` that it was made of.
    """

    def __init__(self, artifact: Path, compiled: Any, info: BackendInfo, model: Any) -> None:
        super().__init__(artifact, compiled, info)
        self._quantised = is_quantised(model)
        self._compiled: Any | None = compiled
        self._feeds = feeds_of(model)
        self._runs = 0
        self._runs_before = 0
        self._before: Mapping[str, float] = {}

    def run(
        self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Executes the network once; see `Session.run`."""
        found = super().run(inputs, outputs)
        self._runs += 1
        return found

    def start_profile(self) -> None:
        """Forgets the runs until now."""
        self._open_request()
        self._runs_before = self._runs
        self._before = {node.get_friendly_name(): mean for node, mean in self._executed()}

    def layer_times(self) -> tuple[CountedLayer, ...]:
        """Everything that was executed since; see `ProfilingSession.layer_times`."""
        self._open_request()
        if self._runs == self._runs_before:
            raise nothing_counted()
        executed = self._executed()
        nodes = behind([_listed(node) for node, _ in executed], self._feeds)
        return tuple(self._counted(*one, nodes[place]) for place, one in enumerate(executed))

    def close(self) -> None:
        """Frees the compiled model."""
        super().close()
        self._compiled = None

    def _counted(self, node: Any, mean_us: float, nodes: tuple[str, ...]) -> CountedLayer:
        name, facts = node.get_friendly_name(), node.get_rt_info()
        before = self._before.get(name, 0.0) * self._runs_before
        spent = (mean_us * self._runs - before) / (self._runs - self._runs_before)
        return CountedLayer(
            name=name,
            kind=fact(facts, "layerType"),
            precision=computing_word(facts, quantised=self._quantised),
            mean_ms=max(spent, 0.0) / 1000,
            nodes=nodes,
        )

    def _executed(self) -> list[tuple[Any, float]]:
        """The executed layers in their order, with the microseconds that OpenVINO says."""
        assert self._compiled is not None
        nodes = [
            (int(fact(node.get_rt_info(), "execOrder") or 0), node)
            for node in self._compiled.get_runtime_model().get_ops()
        ]
        timed = [
            (node, fact(node.get_rt_info(), "execTimeMcs")) for _, node in sorted(nodes, key=lambda n: n[0])
        ]
        return [(node, float(time)) for node, time in timed if time and time != _NOT_EXECUTED]


def feeds_of(model: Any) -> dict[str, tuple[str, ...]]:
    """By the name of every node those of the nodes that it reads from, without constants, in order.

    Args:
        model: An ``openvino.Model``.
    """
    nodes = [node for node in model.get_ordered_ops() if node.get_type_name() not in _NO_NODES]
    return {
        node.get_friendly_name(): tuple(
            source.get_source_output().get_node().get_friendly_name() for source in node.inputs()
        )
        for node in nodes
    }


def behind(listed: Sequence[Sequence[str]], feeds: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """The artifact's nodes behind every executed layer.

    OpenVINO lists what it fused, but for what it merged before into a later node (a convolution whose scale
    follows): a node that no layer lists was done by the layer that reads from it.

    Args:
        listed: What OpenVINO lists for each of them.
        feeds: By the name of every node of the artifact, those of the nodes that it reads from.
    """
    claimed = {name for names in listed for name in names}
    found = []
    for names in listed:
        group = [name for name in names if name in feeds]
        for name in group:  # it grows meanwhile
            for before in feeds[name]:
                if before in feeds and before not in claimed:
                    claimed.add(before)
                    group.append(before)
        order = {name: place for place, name in enumerate(feeds)}
        found.append(tuple(sorted(group, key=lambda name: order[name])))
    return found


def _listed(node: Any) -> list[str]:
    return [name for name in fact(node.get_rt_info(), "originalLayersNames").split(",") if name]


if TYPE_CHECKING:  # the type checker holds the class to the protocol
    _HELD: type[ProfilingSession] = ProfiledOpenVinoSession
