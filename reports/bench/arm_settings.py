"""The words of ``--against-settings``: how the old arm differs from the new one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from benchmarks.harness.arm import Arm
from benchmarks.variations.sweep import refuse_unknown_precision
from toolkit.backends.threads import thread_count
from toolkit.errors import UsageFault
from toolkit.nearest import did_you_mean

_TEXTS = ("precision", "device")
_NUMBERS = ("threads", "batch")
SETTINGS = (*_TEXTS, *_NUMBERS)


def settings_of(words: str) -> dict[str, Any]:
    """The settings that words such as ``precision=native threads=2`` state.

    Raises:
        UsageFault: CTK603 for an unknown setting (the nearest is suggested), CTK601 for a word or number that is none.
        EnvironmentFailed: CTK407 for more threads than logical processors.
    """
    found: dict[str, Any] = {}
    for word in words.split():
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise UsageFault("CTK601", f"a setting is written NAME=VALUE, not {word!r}")
        if name not in SETTINGS:
            raise UsageFault("CTK603", f"unknown setting {name!r}", notes=did_you_mean(name, SETTINGS))
        if name in found:
            raise UsageFault("CTK601", f"the setting {name} is given twice")
        if name == "precision":
            refuse_unknown_precision(value)
        found[name] = _number(name, value) if name in _NUMBERS else value
    if not found:
        raise UsageFault("CTK601", "--against-settings needs a setting such as precision=native")
    return found


def with_settings(arm: Arm, settings: dict[str, Any]) -> Arm:
    """The arm with some of its settings replaced.

    Raises:
        UsageFault: CTK601 when nothing would differ.
    """
    changed = replace(arm, **settings)
    if changed == arm:
        raise UsageFault("CTK601", f"{arm.name} has these settings already: nothing would be compared")
    return changed


def _number(name: str, value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise UsageFault("CTK601", f"{name} needs a number of at least 1, not {value!r}")
    return thread_count(int(value)) if name == "threads" else int(value)
