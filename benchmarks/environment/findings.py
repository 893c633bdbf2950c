"""Names of what may be found wrong with a host, and what ``--allow-env NAME`` makes of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from benchmarks.bench_document import EnvironmentFinding
from toolkit.errors import UsageFault
from toolkit.nearest import did_you_mean

Severity: TypeAlias = Literal["too_noisy", "problem", "note"]
# By name what forbids a verdict: too noisy is exit status 3, a problem is 4 (benchmark_method.md §7).
FORBIDDING: dict[str, Severity] = {
    "throttled": "too_noisy",
    "steal": "too_noisy",
    "affinity": "problem",
    "memory": "problem",
    "clock": "problem",
}


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What a check found.

    Attributes:
        name: Of `FORBIDDING`, or a name of its own for a mere note.
        message: One sentence without a full stop.
        note: Whether it is only worth a note, whatever the name: what could not be checked, say.
    """

    name: str
    message: str
    note: bool = False


def refuse_unknown_names(allowed: Iterable[str]) -> None:
    """Checks the names given with ``--allow-env``, before anything is measured.

    Raises:
        UsageFault: CTK603 for an unknown one; the nearest is suggested.
    """
    for name in allowed:
        if name not in FORBIDDING:
            raise UsageFault(
                "CTK603", f"unknown environment problem {name!r}", notes=did_you_mean(name, FORBIDDING)
            )


def finding(suspicion: Suspicion, allowed: Collection[str]) -> EnvironmentFinding:
    """The finding of the document; one that the user allowed is a note that says so."""
    severity: Severity = "note" if suspicion.note else FORBIDDING.get(suspicion.name, "note")
    if severity == "note" or suspicion.name not in allowed:
        return EnvironmentFinding(name=suspicion.name, severity=severity, message=suspicion.message)
    message = f"{suspicion.message} (allowed by --allow-env {suspicion.name})"
    return EnvironmentFinding(name=suspicion.name, severity="note", message=message, allowed=True)
