"""The runs that ``--matrix FILE`` means: one request for each mode, whose figures never share a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.harness.arm import Arm
from benchmarks.variations.matrix import Cell, MatrixFile, matrix_jobs, read_matrix
from reports.bench.request import Request
from toolkit.errors import UsageFault

_OF_MODES = ("window_s", "in_flight", "queue")


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
    return [
        replace(
            asked,
            **_settings(matrix, job.mode),
            model=matrix.model,
            backends=tuple(dict.fromkeys(cell.backend for cell in job.cells)),
            mode=job.mode,
            cells=job.cells,
        )
        for job in matrix_jobs(matrix)
    ]


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
    """What the file says for a mode: rate and window have no meaning in latency."""
    said = matrix.settings.model_dump(exclude_none=True)
    if mode == "latency":
        said = {name: value for name, value in said.items() if name not in _OF_MODES}
    if mode != "stream":
        said.pop("rate", None)
    return said | ({"launches_given": True} if "launches" in said else {})


def _refuse_both(asked: Request) -> None:
    given = {
        "--backend": bool(asked.backends),
        "--model": asked.model is not None,
        "--mode": asked.mode != "latency",
        "--sweep": bool(asked.sweep),
        "--against": asked.gates,
        "--baseline": asked.baseline is not None or asked.save_baseline is not None,
        "--threads": asked.threads is not None,
    }
    wrong = [name for name, there in given.items() if there]
    if wrong:
        raise UsageFault(
            "CTK601", f"--matrix and {wrong[0]} exclude each other: the file says it, or a single run does"
        )
