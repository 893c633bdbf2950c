"""Baselines on disk: documents of `ctk bench` as they are, checked before anything is made of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from pydantic import ValidationError

from benchmarks.baseline.doubts import doubts
from benchmarks.baseline.launch_medians import control_interval
from benchmarks.bench_document import BenchDocument, BenchRun, Gate
from toolkit.atomic import write_atomically
from toolkit.errors import BadInput, EnvironmentFailed, Inconclusive, Where, printable
from toolkit.files import read_bounded

SCHEMA = "ctk.bench/1"
# A document of 40 launches and 20 runs with layers takes 2 MB.
MOST_BYTES = 64 << 20
_LEAST_LAUNCHES = 2


def save_baseline(document: BenchDocument, path: Path) -> None:
    """Writes a document as a baseline; an earlier baseline is replaced.

    Args:
        document: Of a run that later ones can be held against.
        path: Where to; its folder is made.

    Raises:
        Inconclusive: CTK302 when no later run could be held against it; nothing is written.
        EnvironmentFailed: CTK406 when something else lies there, CTK401 or CTK402 when it cannot be written.
    """
    reason = why_no_baseline(document)
    if reason is not None:
        raise Inconclusive(
            "CTK302",
            f"the run cannot serve as a baseline: {reason}",
            notes=["nothing was saved; a baseline that is there already is unchanged"],
        )
    if _is_something_else(path):
        raise EnvironmentFailed(
            "CTK406",
            "the target exists and is no baseline that ctk wrote",
            Where(file=str(path)),
            ["choose another file, or remove it"],
        )
    write_atomically(path, document.to_json().encode())


def why_no_baseline(document: BenchDocument) -> str | None:
    """Why no later run could be held against this one, in one sentence; None where one could."""
    usable = [run for run in document.runs if run.status == "ok" and run.origin == "measured"]
    if document.verdict == "incomplete":
        return "it was interrupted"
    if (of_gate := _why_by_gate(document.gate)) is not None:
        return of_gate
    if document.origin != "measured":
        return f"its figures are {document.origin}, not measured"
    if document.verdict == "fail":
        return "its verdict is fail" + (f": {document.reasons[0]}" if document.reasons else "")
    if not usable:
        return "nothing was measured"
    if any(_launches(run) < _LEAST_LAUNCHES for run in usable):
        return "a single launch says nothing about the next one"
    if control_interval(document.control) is None:
        return "it has no control to say what the host could resolve"
    return next(iter(doubts(document.environment.findings, usable)), None)


def _why_by_gate(gate: Gate | None) -> str | None:
    """What is not known to be as fast as its measure must not become the next one: baselines would creep upwards."""
    if gate is None:
        return None
    if gate.verdict == "regression":
        return "it is slower than what it was held against"
    if gate.state == "compared" and gate.verdict == "inconclusive":
        return "whether it is slower than what it was held against stayed open"
    return None


def load_baseline(path: Path) -> BenchDocument | None:
    """Reads a baseline.

    Args:
        path: As the user gave it.

    Returns:
        None where there is no file yet: a state with a name of its own, `no_baseline_yet`.

    Raises:
        BadInput: CTK501 when it cannot be read, CTK502 when it is damaged, or no document of this schema.
    """
    with suppress(ValueError, OSError):
        if not path.parent.is_dir() or (not path.exists() and not path.is_symlink()):
            return None
    try:
        return _parsed(read_bounded(path, "baseline", MOST_BYTES))
    except BadInput as error:
        error.located(file=str(path))
        raise


def _parsed(data: bytes) -> BenchDocument:
    try:
        given = json.loads(data, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise _damaged(f"it is no JSON text: {error.msg}", line=error.lineno) from error
    except (ValueError, RecursionError) as error:  # no UTF-8, numbers of 5000 digits, folds without end
        raise _damaged(f"it is no JSON text: {error}") from error
    schema = given.get("schema") if isinstance(given, dict) else None
    if schema != SCHEMA:
        shown = (
            f"a document of the schema {schema!r:.60}" if isinstance(schema, str) else "no document of ctk"
        )
        raise BadInput(
            "CTK502",
            f"the baseline is {shown}, not of {SCHEMA}",
            notes=["save one with: ctk bench --save-baseline FILE"],
        )
    try:
        # As JSON again, where tuples may be lists.
        document = BenchDocument.model_validate_json(data)
    except ValidationError as error:
        raise _damaged(_first_fault(error)) from error
    for fault in _impossible(document):
        raise _damaged(fault)
    return document


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number of JSON")


def _damaged(why: str, line: int | None = None) -> BadInput:
    return BadInput("CTK502", f"the baseline is damaged: {printable(why)[:200]}", Where(line=line))


def _first_fault(error: ValidationError) -> str:
    first: Any = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _impossible(document: BenchDocument) -> Iterator[str]:
    """What no measurement gives and the statistics could not take."""
    for run in document.runs:
        for launch in run.launches:
            if any(not _positive(median) for median in launch.rounds_ms if median is not None):
                yield f"{run.arm}: the median of a round is no positive number"
    interval = document.control.ci95 if document.control is not None else None
    if interval is not None and not (all(map(_positive, interval)) and interval[0] <= interval[1]):
        yield "control: its interval is none"


def _positive(value: float) -> bool:
    return isfinite(value) and value > 0


def _launches(run: BenchRun) -> int:
    return sum(any(median is not None for median in launch.rounds_ms) for launch in run.launches)


def _is_something_else(path: Path) -> bool:
    """Whether a file is there that is no document of `ctk bench`, of whatever version."""
    with suppress(OSError, ValueError):
        if not path.is_file():
            return False
        with path.open("rb") as file:
            begins = file.read(200).split()
        return b" ".join(begins[:3])[:23] != b'{ "schema": "ctk.bench/'
    return False
