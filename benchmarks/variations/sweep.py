"""``--sweep "threads=1,2 batch=1,4"``: every arm in all combinations of some settings, interleaved like backends."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from benchmarks.harness.arm import Arm
from toolkit.backends.threads import thread_count
from toolkit.errors import UsageFault
from toolkit.nearest import did_you_mean

PRECISIONS = ("f32", "f16", "bf16", "i8", "native")
MOST_ARMS = 64
_COUNTS = ("batch", "threads")
_EXAMPLE = 'such as --sweep "threads=1,2 batch=1,4"'


def parse_sweep(texts: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """The settings of a sweep, each with its values, in the order in which they were given.

    Args:
        texts: ``NAME=VALUE,VALUE``, several of them also in one text, with spaces between. ``threads``,
            ``batch`` and ``precision`` are settings of ctk, ``device`` too; any other name is an option of the
            backends, its values JSON where they are that, else text.

    Raises:
        UsageFault: CTK601 for anything else, for a setting or a value given twice, and for a count below 1.
        EnvironmentFailed: CTK407 for more threads than logical processors.
    """
    axes: dict[str, tuple[Any, ...]] = {}
    for word in itertools.chain.from_iterable(text.split() for text in texts):
        name, equals, listed = word.partition("=")
        values = [value for value in listed.split(",") if value]
        if not equals or not name.isidentifier() or not values or listed.count(",") >= len(values):
            raise UsageFault("CTK601", f"a sweep cannot be over {word!r}", notes=[_EXAMPLE])
        if name in axes:
            raise UsageFault("CTK601", f"the sweep names {name} twice", notes=["give all its values at once"])
        axes[name] = tuple(_value(name, value) for value in values)
        if len(set(map(repr, axes[name]))) < len(values):
            raise UsageFault("CTK601", f"the sweep gives a value of {name} twice: {listed}")
    if not axes:
        raise UsageFault("CTK601", "the sweep names no setting", notes=[_EXAMPLE])
    return axes


def refuse_unknown_precision(word: str) -> None:
    """Checks a precision that is asked for, before anything costly is done for it.

    Raises:
        UsageFault: CTK601 for no word of DESIGN §1; the nearest is suggested.
    """
    if word not in PRECISIONS:
        raise UsageFault("CTK601", f"no precision is called {word!r}", notes=did_you_mean(word, PRECISIONS))


def swept(arms: Sequence[Arm], axes: Mapping[str, Sequence[Any]]) -> list[Arm]:
    """Every arm in every combination, named ``ARM threads=1 batch=4``; the last setting varies fastest.

    Args:
        arms: What would be measured without the sweep.
        axes: As `parse_sweep` gives them.

    Raises:
        UsageFault: CTK601 for more than `MOST_ARMS` of them.
    """
    count = len(arms)
    for values in axes.values():
        count *= len(values)
    if count > MOST_ARMS:
        raise UsageFault("CTK601", f"the sweep means {count} arms, and {MOST_ARMS} is the most")
    combinations = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    return [_with(arm, settings) for arm in arms for settings in combinations]


def _with(arm: Arm, settings: Mapping[str, Any]) -> Arm:
    own = {name: value for name, value in settings.items() if name in {*_COUNTS, "precision", "device"}}
    further = {name: value for name, value in settings.items() if name not in own}
    words = " ".join(f"{name}={_word(value)}" for name, value in settings.items())
    return replace(arm, name=f"{arm.name} {words}", options={**arm.options, **further}, **own)


def _value(name: str, text: str) -> Any:
    if name in _COUNTS:
        return _count(name, text)
    if name == "precision":
        refuse_unknown_precision(text)
    if name in {"precision", "device"}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _count(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 6 or int(text) < 1:
        raise UsageFault("CTK601", f"{name} in a sweep must be a whole number of at least 1, not {text!r}")
    return thread_count(int(text)) if name == "threads" else int(text)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
