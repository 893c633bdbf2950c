"""Making artifacts on demand in a child process, so that the parent of a measurement imports no runtime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.errors import UsageFault
from toolkit.messages import collected_warnings

# What a route says about a format that it cannot make, or not with these options.
_NOT_THIS_ONE = frozenset({"CTK602", "CTK604"})


def prepare(
    *,
    model: str | None,
    formats: Sequence[str],
    head: Any,
    mean: Any,
    weights: Any = None,
    batch: int | None = None,
) -> dict[str, Any]:
    """The artifact of a model card in the first of some formats that can be made.

    It stays in use, and so in the cache, until this process ends.

    Args:
        model: Model card; the main model when None.
        formats: What the backend loads, the preferred one first.
        head: Where the network must end, a word of DESIGN §1.
        mean: Where the 50 must be subtracted, ``inside`` or ``outside``.
        weights: ``released`` or ``synthetic`` to insist on one; None for what is there.
        batch: Pictures in one inference; as the model card says when None.

    Returns:
        ``path``, and the warnings that were given.

    Raises:
        UsageFault: CTK602 or CTK604 when none can be made.
        CtkError: Whatever a conversion raises.
    """
    from converters.on_demand import artifact_for

    refusal: UsageFault | None = None
    with collected_warnings() as warnings:
        for wanted in formats:
            try:
                path = artifact_for(model, format=wanted, head=head, mean=mean, weights=weights, batch=batch)
            except UsageFault as fault:
                if fault.code not in _NOT_THIS_ONE:
                    raise
                refusal = refusal or fault
                continue
            return {"path": str(path), "warnings": list(warnings)}
    raise refusal or UsageFault("CTK602", "the backend loads no format")
