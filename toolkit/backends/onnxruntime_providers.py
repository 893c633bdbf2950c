"""Execution providers of ONNX Runtime: which are demanded, and whether they are the ones in use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.errors import EnvironmentFailed, UsageFault

CPU = "CPUExecutionProvider"
RECORD_ASSIGNMENT = "session.record_ep_graph_assignment_info"  # onnxruntime 1.24 and later
_SUFFIX = "ExecutionProvider"


def demanded_providers(
    device: str | None, providers: Sequence[str] | None, available: Sequence[str]
) -> tuple[str, ...]:
    """The execution providers that a session is made with.

    Args:
        device: A provider without the word ExecutionProvider, in any case (``cuda``); or None.
        providers: Providers in the runtime's own words; or None. The CPU where neither is given.
        available: Those of this build of ONNX Runtime.

    Raises:
        EnvironmentFailed: CTK404 for one that is not available.
        UsageFault: CTK601 when both are given, or no provider at all.
    """
    if device is not None and providers is not None:
        raise UsageFault("CTK601", "a device and providers mean the same: give one of them")
    if providers is not None and not providers:
        raise UsageFault("CTK601", "the list of providers is empty")
    known = {name.lower(): name for name in available}
    wanted = [device + _SUFFIX] if device is not None else list(providers or [CPU])
    for name in wanted:
        if name.lower() not in known:
            raise EnvironmentFailed(
                "CTK404",
                f"onnxruntime has no {name} here",
                notes=["available: " + ", ".join(available), "another build of onnxruntime may have it"],
            )
    return tuple(known[name.lower()] for name in wanted)


def refuse_fallback(demanded: Sequence[str], used: Sequence[str]) -> None:
    """Checks that the runtime took the providers it was told, in that order.

    Args:
        demanded: What the session was made with.
        used: What it reads back; ONNX Runtime adds the CPU at the end.

    Raises:
        EnvironmentFailed: CTK404 naming both lists.
    """
    if list(used[: len(demanded)]) != list(demanded) or set(used) - set(demanded) - {CPU}:
        raise EnvironmentFailed(
            "CTK404",
            f"onnxruntime fell back: {', '.join(demanded)} was demanded, but {', '.join(used)} is in use",
            notes=["a figure from another device than the one asked for would be worthless"],
        )


def nodes_by_provider(runtime: Any) -> Mapping[str, int]:
    """How many nodes each execution provider executes, in the order of the session's providers.

    Args:
        runtime: An ``onnxruntime.InferenceSession``, made with `RECORD_ASSIGNMENT` where it has more
            providers than the CPU's.

    Returns:
        Providers that execute at least one; none where the runtime does not tell, or has the CPU's alone.
    """
    order = runtime.get_providers()
    told = getattr(runtime, "get_provider_graph_assignment_info", None)
    if told is None or order == [CPU]:
        return {}
    found = Counter[str]()
    for part in told():
        found[part.ep_name] += len(part.get_nodes())
    return {name: found[name] for name in (*order, *sorted(set(found) - set(order))) if found[name]}


def refuse_idle(demanded: Sequence[str], runtime: Any) -> None:
    """Checks that the first of several providers executes a part of the graph: it is what figures bear.

    Raises:
        EnvironmentFailed: CTK404 when it got no node, or the runtime cannot tell.
    """
    if len(demanded) < 2:
        return  # a single one executes all: see `session.disable_cpu_ep_fallback`
    if not hasattr(runtime, "get_provider_graph_assignment_info"):
        what = "this onnxruntime cannot tell which of several execution providers executes a node"
        notes = ["demand a single one", "install a newer one: pip install 'onnxruntime>=1.24'"]
        raise EnvironmentFailed("CTK404", what, notes=notes)
    nodes = nodes_by_provider(runtime)
    if nodes and demanded[0] not in nodes:
        used = ", ".join(f"{name} ({count} nodes)" for name, count in nodes.items())
        raise EnvironmentFailed(
            "CTK404",
            f"onnxruntime fell back: {demanded[0]} executes no node of this graph; in use: {used}",
            notes=["leave it out to run the graph on the others"],
        )
