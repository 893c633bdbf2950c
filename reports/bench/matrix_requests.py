"""The runs that ``--matrix FILE`` means: one request for each mode, whose figures never share a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.harness.arm import Arm
from benchmarks.variations.matrix import Cell, MatrixFile, MatrixJob, matrix_jobs, read_matrix
from reports.bench.request import BLOCKS, OF_MODES, Request
from toolkit.errors import UsageFault

_SIZES = ("launches", *BLOCKS)


def matrix_requests(file: Path, asked: Request) -> list[Request]:
    """One request for each mode of the file.

    Args:
        file: As `read_matrix` takes it.
        asked: The other options of the call; where the file says something, the file counts.

    Raises:
        UsageFault: CTK601 for options that say what the file says, and as `matrix_jobs`.
        BadInput: As `read_matrix`.
    """
    _refuse_both(asked)
    matrix = read_matrix(file)
    strange = sorted(set(asked.artifacts.by_backend) - set(matrix.backends))
    if strange:
        raise UsageFault("CTK601", f"--artifact names {strange[0]}, which the matrix does not list")
    _refuse_sizes(matrix, asked)
    _refuse_unread(matrix)
    jobs = matrix_jobs(matrix)
    mixed = any(job.mode == "latency" for job in jobs)
    return [_request(matrix, job, asked, mixed=mixed) for job in jobs]


def _request(matrix: MatrixFile, job: MatrixJob, asked: Request, *, mixed: bool) -> Request:
    """One job; rounds and iterations that were given are those of latency, where that is among the modes."""
    backends = tuple(dict.fromkeys(cell.backend for cell in job.cells))
    files = {name: file for name, file in asked.artifacts.by_backend.items() if name in backends}
    return replace(
        asked,
        **_settings(matrix, job.mode),
        model=matrix.model,
        backends=backends,
        artifacts=replace(asked.artifacts, by_backend=files),
        mode=job.mode,
        cells=job.cells,
        given=frozenset() if mixed and job.mode != "latency" else asked.given,
    )


def arms_of_cells(cells: Sequence[Cell], arms: Sequence[Arm]) -> list[Arm]:
    """The arms of a matrix, in the order of its cells.

    Args:
        cells: What the matrix says.
        arms: One for each of its backends.
    """
    by_backend = {arm.backend: arm for arm in arms}
    return [_in_cell(by_backend[cell.backend], cell) for cell in cells]


def _in_cell(arm: Arm, cell: Cell) -> Arm:
    return replace(arm, name=cell.name, precision=cell.precision, threads=cell.threads, batch=cell.batch)


def _settings(matrix: MatrixFile, mode: str) -> dict[str, Any]:
    """What the file says for a mode, without what has no meaning there."""
    settings = matrix.settings.model_dump(exclude_none=True)
    said = {name: value for name, value in settings.items() if mode in OF_MODES.get(name, (mode,))}
    return said | ({"launches_given": True} if "launches" in said else {})


def _refuse_sizes(matrix: MatrixFile, asked: Request) -> None:
    """How much is measured must be said once."""
    said = matrix.settings.model_dump(exclude_none=True)
    for name in _SIZES:
        if name in said and asked.quick:
            raise UsageFault(
                "CTK601", f"--quick has its own size, and the matrix sets {name}: leave one of them out"
            )
        if name in said and (name in asked.given or (name == "launches" and asked.launches_given)):
            raise UsageFault("CTK601", f"{name} is given here and in the matrix: leave one of them out")


def _refuse_unread(matrix: MatrixFile) -> None:
    """Settings that no mode of the file has a meaning for."""
    of_modes = {**OF_MODES, **dict.fromkeys(BLOCKS, ("latency",))}
    for name in matrix.settings.model_dump(exclude_none=True):
        if name in of_modes and not set(of_modes[name]).intersection(matrix.modes):
            raise UsageFault(
                "CTK601", f"the matrix sets {name}, which belongs to the mode {' or '.join(of_modes[name])}"
            )


def refuse_of_modes(given: Mapping[str, object]) -> None:
    """Checks that options of single modes are not beside a matrix, where its settings say them.

    Args:
        given: Values by option; None for one that was not given.

    Raises:
        UsageFault: CTK601 naming the first.
    """
    wrong = [name for name, value in given.items() if value is not None]
    if wrong:
        raise UsageFault(
            "CTK601", f"--matrix and {wrong[0]} exclude each other: the file says it under [settings]"
        )


def _refuse_both(asked: Request) -> None:
    given = {
        "--backend": bool(asked.backends),
        "--model": asked.model is not None,
        "--mode": asked.mode != "latency",
        "--sweep": bool(asked.sweep),
        "--against": asked.gates,
        "--baseline": asked.baseline is not None,
        "--save-baseline": asked.save_baseline is not None,
        "--threads": asked.threads is not None,
        "--precision": "precision" in asked.given,
        "--batch": "batch" in asked.given,
    }
    wrong = [name for name, there in given.items() if there]
    if wrong:
        raise UsageFault(
            "CTK601", f"--matrix and {wrong[0]} exclude each other: the file says it, or a single run does"
        )
