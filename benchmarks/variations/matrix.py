"""``--matrix FILE``: backend × precision × mode from one TOML file.

An example::

    model = "colorization-v2-norebal"
    backends = ["onnxruntime", "openvino"]
    precisions = ["f32", "native"]
    modes = ["latency", "throughput"]
    threads = [2]
    exclude = [{ backend = "onnxruntime", precision = "native" }]

    [settings]
    launches = 5
    window_s = 5.0

Figures of different modes never stand in one table (benchmark_method.md §10): each mode becomes a job of its own,
in which all its arms are interleaved.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from benchmarks.bench_document import Mode
from benchmarks.variations.sweep import MOST_ARMS
from toolkit.backends.listing import backend_class
from toolkit.backends.threads import thread_count
from toolkit.errors import BadInput, UsageFault, Where
from toolkit.files import read_bounded
from toolkit.nearest import did_you_mean

_MOST_BYTES = 2**20
_MOST_VALUES = 1000
_MOST_COMBINATIONS = 1000
_AT_LINE = re.compile(r"\s*\(at line (\d+), column (\d+)\)$")
Precision: TypeAlias = Literal["f32", "f16", "bf16", "i8", "native"]
Count: TypeAlias = Annotated[int, Field(ge=1, le=100_000, strict=True)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=3600)]
# Backend, precision, threads, batch.
_Combination: TypeAlias = tuple[str, str, int, int]


def _each_once(values: list[Any]) -> list[Any]:
    if len(set(values)) < len(values):
        raise ValueError("a value is given twice")
    return values


_Once = AfterValidator(_each_once)


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MatrixSettings(_Table):
    """What all jobs have in common; what is missing is the verb's default."""

    launches: Count | None = None
    rounds: Count | None = None
    iterations: Count | None = None
    margin: Annotated[float, Field(gt=0, lt=1)] | None = None
    seed: Annotated[int, Field(ge=0)] | None = None
    preset: str | None = None
    rate: Annotated[float, Field(gt=0, le=1e6)] | None = None
    window_s: Seconds | None = None
    in_flight: Count | None = None
    queue: Count | None = None


class Excluded(_Table):
    """A combination that is left out; what it does not name may be anything."""

    backend: str | None = None
    precision: Precision | None = None
    mode: Mode | None = None
    threads: Count | None = None
    batch: Count | None = None


class MatrixFile(_Table):
    """What the file says.

    Attributes:
        model: Model card; the main model when it is missing.
        threads: Counts of threads; the physical cores when it is missing.
    """

    model: str | None = None
    backends: Annotated[list[str], Field(min_length=1), _Once]
    precisions: Annotated[list[Precision], Field(min_length=1), _Once] = ["f32"]
    modes: Annotated[list[Mode], Field(min_length=1), _Once] = ["latency"]
    threads: Annotated[list[Count], Field(min_length=1, max_length=_MOST_VALUES), _Once] | None = None
    batches: Annotated[list[Count], Field(min_length=1, max_length=_MOST_VALUES), _Once] = [1]
    exclude: Annotated[list[Excluded], Field(max_length=_MOST_VALUES)] = []
    settings: MatrixSettings = MatrixSettings()


@dataclass(frozen=True, slots=True)
class Cell:
    """One arm to be; `name` is unique in its job."""

    backend: str
    precision: str
    threads: int
    batch: int
    name: str


@dataclass(frozen=True, slots=True)
class MatrixJob:
    """One run of the harness: all cells of a mode."""

    mode: Mode
    cells: tuple[Cell, ...]


def read_matrix(path: Path) -> MatrixFile:
    """Reads and checks a file.

    Raises:
        BadInput: CTK501 when it cannot be read, CTK502 with the line when it is no matrix.
        UsageFault: CTK603 for an unknown backend.
    """
    data = read_bounded(path, "matrix", _MOST_BYTES)
    try:
        text = data.decode("utf-8-sig")
        found = MatrixFile.model_validate(tomllib.loads(text))
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _unfit("it is not UTF-8 text", path, line) from error
    except tomllib.TOMLDecodeError as error:
        place = _AT_LINE.search(str(error))
        raise _unfit(
            f"it is not TOML: {_AT_LINE.sub('', str(error))}", path, int(place[1]) if place else None
        ) from error
    except RecursionError as error:
        raise _unfit("it is nested too deeply", path, None) from error
    except ValidationError as error:
        raise _invalid(error, text, path) from error
    for name in found.backends:
        backend_class(name)
    return found


def matrix_jobs(matrix: MatrixFile) -> list[MatrixJob]:
    """The runs that a file means, a mode each, in the order of its lists; the last list varies fastest.

    Raises:
        UsageFault: CTK601 when everything is excluded, an exclusion names what is not listed, there are too many
            combinations, stream has no rate.
        EnvironmentFailed: CTK407 for more threads than logical processors.
    """
    counts: Sequence[int | None] = matrix.threads or [None]
    threads = [thread_count(count) for count in counts]
    axes: dict[str, Sequence[Any]] = {
        "backend": matrix.backends,
        "precision": matrix.precisions,
        "threads": threads,
        "batch": matrix.batches,
    }
    excluded = [entry.model_dump(exclude_none=True) for entry in matrix.exclude]
    _refuse_idle(excluded, {**axes, "mode": matrix.modes})
    _refuse_size(axes)
    combinations = list(itertools.product(*axes.values()))
    jobs = []
    for mode in matrix.modes:
        kept = [one for one in combinations if not _is_excluded(mode, one, excluded)]
        if len(kept) > MOST_ARMS:
            raise UsageFault(
                "CTK601", f"the matrix means {len(kept)} arms of {mode}, and {MOST_ARMS} is the most"
            )
        if kept:
            jobs.append(MatrixJob(mode, tuple(_cell(one, matrix, threads) for one in kept)))
    if not jobs:
        raise UsageFault("CTK601", "the matrix excludes everything that it lists")
    if matrix.settings.rate is None and any(job.mode == "stream" for job in jobs):
        raise UsageFault("CTK601", "the mode stream needs a rate", notes=["set rate under [settings]"])
    return jobs


def _refuse_idle(excluded: Sequence[Mapping[str, Any]], listed: Mapping[str, Sequence[Any]]) -> None:
    """An exclusion that excludes nothing is a slip of the pen: what it was meant for would be measured."""
    for entry in excluded:
        if not entry:
            raise UsageFault("CTK601", "an entry of exclude names nothing")
        for name, value in entry.items():
            if value not in listed[name]:
                raise UsageFault(
                    "CTK601",
                    f"exclude names the {name} {value}, which the matrix does not list",
                    notes=did_you_mean(value, listed[name]) if isinstance(value, str) else [],
                )


def _refuse_size(axes: Mapping[str, Sequence[Any]]) -> None:
    """Before anything is multiplied out."""
    count = prod(map(len, axes.values()))
    if count > _MOST_COMBINATIONS:
        raise UsageFault(
            "CTK601", f"the matrix lists {count} combinations, and {_MOST_COMBINATIONS} is the most"
        )


def _cell(one: _Combination, matrix: MatrixFile, threads: Sequence[int]) -> Cell:
    backend, precision, count, batch = one
    words = [backend]
    words += [precision] if len(matrix.precisions) > 1 else []
    words += [f"threads={count}"] if len(threads) > 1 else []
    words += [f"batch={batch}"] if len(matrix.batches) > 1 else []
    return Cell(backend, precision, count, batch, " ".join(words))


def _is_excluded(mode: Mode, one: _Combination, excluded: Sequence[Mapping[str, Any]]) -> bool:
    have = dict(zip(("backend", "precision", "threads", "batch"), one, strict=True)) | {"mode": mode}
    return any(all(have[key] == value for key, value in entry.items()) for entry in excluded)


def _invalid(error: ValidationError, text: str, path: Path) -> BadInput:
    first = error.errors(include_url=False)[0]
    keys = [str(part) for part in first["loc"] if isinstance(part, str)]
    last = keys[-1] if keys else ""
    notes: Sequence[str] = ()
    what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    if first["type"] == "extra_forbidden":
        tables: dict[str, type[_Table]] = {"settings": MatrixSettings, "exclude": Excluded}
        known = tables.get(keys[0], MatrixFile) if len(keys) > 1 else MatrixFile
        what = f"it has no key {'.'.join(keys)!r}"
        notes = did_you_mean(last, list(known.model_fields))
    if first["type"] == "missing":
        what = f"the key {'.'.join(keys)!r} is missing"
    return _unfit(what, path, _line_of(last, text), notes)


def _line_of(key: str, text: str) -> int | None:
    """The line where a key stands, where only one line has it."""
    pattern = re.compile(rf"(^|[\s{{,.\[\"']){re.escape(key)}[\"']?\s*[=\]]")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if key and pattern.search(line)]
    return lines[0] if len(lines) == 1 else None


def _unfit(why: str, path: Path, line: int | None, notes: Sequence[str] = ()) -> BadInput:
    return BadInput(
        "CTK502", f"this is no matrix of benchmarks: {why}", Where(file=str(path), line=line), notes
    )
