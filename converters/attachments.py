"""Which blob `--attach LAYER=FILE` and `--attach LAYER:INDEX=FILE` name."""

from __future__ import annotations

from collections.abc import Iterable

from toolkit.errors import UsageFault

_MOST_DIGITS = 9  # no layer has that many blobs; Python converts no text of more than 4300 digits


def attached_blob(target: str) -> tuple[str, int]:
    """Layer and number of a blob; without a number the first one.

    Raises:
        UsageFault: CTK601 when the number has more digits than any can have.
    """
    layer, colon, index = target.rpartition(":")
    if not (colon and layer and index.isascii() and index.isdigit()):
        return target, 0
    if len(index) > _MOST_DIGITS:
        raise UsageFault(
            "CTK601", f"--attach names blob {index[:20]}... of layer {layer!r}: no layer has that many"
        )
    return layer, int(index)


def refuse_twice(targets: Iterable[str]) -> None:
    """Every blob can be attached once.

    Raises:
        UsageFault: CTK601 when two targets are one blob (``fc`` and ``fc:0`` are).
    """
    seen: set[tuple[str, int]] = set()
    for target in targets:
        blob = attached_blob(target)
        if blob in seen:
            raise UsageFault("CTK601", f"--attach names blob {blob[1]} of layer {blob[0]!r} twice")
        seen.add(blob)
