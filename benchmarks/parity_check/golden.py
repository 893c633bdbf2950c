"""Reference outputs that the original Caffe computed, as a folder with inputs.npz and outputs.npz.

Two forms: of one input, with arrays under the blobs' names (a case of tests/golden); or of several inputs of a
network with one input and one output, with arrays under the inputs' names in both files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.parity_check.arrays_file import Arrays, read_arrays
from toolkit.errors import BadInput, Inconclusive, Where
from toolkit.files import read_bounded

INPUTS, OUTPUTS, CASE = "inputs.npz", "outputs.npz", "case.json"
_MOST_CASE_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Golden:
    """Stored inputs and outputs.

    Attributes:
        inputs: By name of the input, then of the blob.
        outputs: Likewise, in the same order.
        optional: Outputs that need not be there.
    """

    inputs: dict[str, Arrays]
    outputs: list[Arrays]
    optional: frozenset[str] = frozenset()


def read_golden(folder: Path, only: tuple[str, str] | None) -> Golden:
    """Reads such a folder.

    Args:
        folder: With ``inputs.npz`` and ``outputs.npz``.
        only: Names of the network's input and output, where it has one of each.

    Raises:
        BadInput: CTK501 or CTK502 when a file is missing, damaged or something else, CTK516 where both files
            name inputs of a network that has several inputs or outputs.
        Inconclusive: CTK301 when there is no output in it.
    """
    given, wanted = (
        read_arrays(folder / INPUTS, "golden inputs"),
        read_arrays(folder / OUTPUTS, "golden outputs"),
    )
    if not wanted or not given:
        raise Inconclusive(
            "CTK301", f"nothing was compared: {folder} holds no {'output' if given else 'input'}"
        )
    optional = _optional(folder / CASE)
    if (folder / CASE).exists() or list(given) != list(wanted):
        return Golden({folder.resolve().name: given}, [wanted], optional)
    if only is None:
        what = (
            "the golden folder has one array for each input, but the network has not one input and one output"
        )
        raise BadInput("CTK516", what, Where(file=str(folder)))
    source, target = only
    return Golden(
        {name: {source: array} for name, array in given.items()},
        [{target: wanted[name]} for name in given],
        optional,
    )


def _optional(file: Path) -> frozenset[str]:
    if not file.exists():
        return frozenset()
    try:
        names = json.loads(read_bounded(file, "golden case", _MOST_CASE_BYTES))["optional_outputs"]
        return frozenset(str(name) for name in names)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput("CTK502", "the golden case cannot be read", Where(file=str(file))) from error
