"""Execution providers of ONNX Runtime: which are demanded, and whether they are the ones in use."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.errors import EnvironmentFailed, UsageFault

CPU = "CPUExecutionProvider"
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
