"""Judges the mutants of one file."""

from __future__ import annotations

import ast
import json
import random
from pathlib import Path

from tools.mutation.mutants import Mutant, mutants
from tools.mutation.trial import ROOT, preload, survives

FOLDER = ROOT / "converters" / "caffe" / "layers"
_EQUIVALENT = Path(__file__).with_name("equivalent.json")
LEFT_ALONE = {"__init__", "registry"}


def sampled(found: list[Mutant], most: int | None) -> list[Mutant]:
    """At most so many mutants, the same ones every time, in the order of the lines."""
    if most is None or len(found) <= most:
        return found
    chosen = random.Random(313).sample(range(len(found)), most)  # noqa: S311
    return [found[i] for i in sorted(chosen)]


def equivalent(stem: str, mutant: Mutant) -> bool:
    """Whether a person found that the change makes no difference; known by file, line's text and change."""
    listed = json.loads(_EQUIVALENT.read_text("utf-8"))
    key = {"file": f"{stem}.py", "source": mutant.source, "change": mutant.change}
    return any(key.items() <= entry.items() for entry in listed)


# How many mutants were caught, how many there were, and the survivors as (line, change, source).
Judgement = tuple[int, int, list[tuple[int, str, str]]]


def judge(path: Path, most: int | None) -> Judgement:
    """The judgement on one file.

    Raises:
        RuntimeError: The tests fail without any mutation.
    """
    preload()
    if not survives(path.stem, ast.parse(path.read_text("utf-8"))):
        raise RuntimeError(f"the tests of {path.name} fail without any mutation")
    found = [m for m in mutants(path.read_text("utf-8")) if not equivalent(path.stem, m)]
    tried = sampled(found, most)
    alive = [(m.line, m.change, m.source) for m in tried if survives(path.stem, m.tree)]
    return len(tried) - len(alive), len(tried), alive
