"""Verbs, backends and conversion routes as entry points, so that another distribution can add its own.

Groups: ``ctk.commands``, ``ctk.backends``, ``ctk.converters`` (DESIGN §2). Listing a group imports none of
its members; a member is imported when it is used.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from toolkit.errors import EnvironmentFailed, UsageFault
from toolkit.nearest import did_you_mean

COMMANDS = "ctk.commands"
BACKENDS = "ctk.backends"
CONVERTERS = "ctk.converters"


@cache
def members(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by name, in alphabetical order, none of them imported.

    When two distributions claim one name, ctk's own wins.
    """
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=group), key=lambda p: p.name):
        own = point.dist is not None and point.dist.name == "colorization-toolkit"
        if point.name not in found or own:
            found[point.name] = point
    return found


def load_member(group: str, name: str, what: str) -> Any:
    """Imports one member of a group.

    Args:
        group: Entry point group.
        name: Its name there.
        what: What the members are, for the message (``backend``).

    Raises:
        UsageFault: CTK603 when no such member is registered; the nearest name is suggested.
        EnvironmentFailed: CTK404 when it is registered but cannot be imported.
    """
    known = members(group)
    if name not in known:
        raise UsageFault("CTK603", f"unknown {what} {name!r}", notes=did_you_mean(name, known))
    try:
        return known[name].load()
    except Exception as error:  # whatever another distribution's module raises while it is imported
        distribution = known[name].dist
        owner = distribution.name if distribution is not None else known[name].value
        missing = getattr(error, "name", None) if isinstance(error, ImportError) else None
        remedy = f"it belongs to {owner}: install that again" + (
            f", with what it needs ({missing})" if missing else ""
        )
        reason = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
        raise EnvironmentFailed(
            "CTK404", f"the {what} {name!r} is registered but cannot be imported: {reason}", notes=[remedy]
        ) from error
