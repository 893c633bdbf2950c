"""What the scripts of simulations have in common: their options, and how they end."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple


class Options(NamedTuple):
    """What such a script is asked for.

    Attributes:
        runs: Of every row, at least 1.
        seed: Of the random numbers.
        json: File for the figures, or None.
    """

    runs: int
    seed: int
    json: Path | None


def options(docstring: str | None, runs: int, words: Sequence[str] | None = None) -> Options:
    """Reads the command line.

    Args:
        docstring: The script's; its first line is shown with ``--help``.
        runs: Of every row, by default.
        words: Those of the process by default.
    """
    parser = argparse.ArgumentParser(description=(docstring or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=runs, help="of every row")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(words)
    return Options(max(given.runs, 1), given.seed, given.json)


def concluded(asked: Options, found: Mapping[str, object], broken: Sequence[str]) -> int:
    """Says which bounds are broken, writes the figures, and returns the exit status.

    Args:
        asked: The options.
        found: Tables by title.
        broken: One sentence for each broken bound.
    """
    lines = [f"{asked.runs} runs a row, seed {asked.seed}"]
    lines += [f"broken: {one}" for one in broken] or ["all bounds hold"]
    sys.stdout.write("\n".join(lines) + "\n")
    if asked.json is not None:
        figures = {"runs": asked.runs, "seed": asked.seed, **found, "broken": list(broken)}
        asked.json.write_text(json.dumps(figures))
    return 1 if broken else 0
