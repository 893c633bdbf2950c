"""Shows a saved reproducer: ``python -m benchmarks.layer_walk.show FOLDER --backend …``.

Exit status 0 when the backend gives what is expected, 1 when it does not, else that of its error (DESIGN §4).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from benchmarks.parity_check.arrays_file import read_arrays
from benchmarks.parity_check.compare import compare_outputs, require_parity
from benchmarks.parity_check.rule import Scope, Tolerance
from toolkit.backends.opening import open_backend
from toolkit.errors import CtkError, printable

INPUTS, EXPECTED = "inputs.npz", "expected.npz"


def show(
    folder: Path,
    backend: str,
    artifact: str,
    precision: str,
    tolerance: Tolerance,
    *,
    scope: Scope = "blob",
    threads: int | None = None,
) -> str:
    """Runs the artifact in a folder on the inputs there, and judges the outputs by the rule.

    Args:
        folder: With ``inputs.npz`` and ``expected.npz``.
        backend: A registered backend.
        artifact: Name of the artifact's main file in the folder.
        precision: What the backend is asked for.
        tolerance: Bounds of the rule.
        scope: See `benchmarks.parity_check.rule.judge`.
        threads: Threads that compute.

    Returns:
        One sentence for each output.

    Raises:
        CheckFailed: CTK101 when an output differs.
        CtkError: What loading and running raise; CTK501 or CTK502 for files that cannot be read.
    """
    inputs = read_arrays(folder / INPUTS, "inputs")
    expected = read_arrays(folder / EXPECTED, "expected outputs")
    with open_backend(backend, folder / artifact, threads, precision=precision) as session:
        found = compare_outputs(expected, session.run(inputs, list(expected)), tolerance, scope)
    require_parity(found)
    return "\n".join(
        f"{row.name}: passes, largest difference {row.max_abs:.3g}; rule: {row.rule}" for row in found.outputs
    )


class _Parser(argparse.ArgumentParser):
    """Ends with the status that DESIGN §4 has for usage."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(64, f"error: CTK601 {message}\n")


def main(words: Sequence[str] | None = None) -> int:
    """Reads the command line, shows, and returns the exit status."""
    parser = _Parser(prog="python -m benchmarks.layer_walk.show", description=__doc__)
    parser.add_argument("folder", type=Path)
    for name in ("backend", "artifact", "precision"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("rtol", "atol"):
        parser.add_argument(f"--{name}", type=float, required=True)
    parser.add_argument("--scope", choices=("blob", "channel"), default="blob")
    parser.add_argument("--threads", type=int)
    given = parser.parse_args(words)
    tolerance = Tolerance(rtol=given.rtol, atol=given.atol)
    try:
        text = show(
            given.folder, given.backend, given.artifact, given.precision, tolerance,
            scope=given.scope, threads=given.threads,
        )  # fmt: skip
    except CtkError as error:
        lines = [f"error: {error.headline}", *(f"note: {note}" for note in error.notes)]
        sys.stderr.write("\n".join(map(printable, lines)) + "\n")
        return int(error.exit_status)
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
