"""Judges many seeds, in fresh processes so that memory is measured from the same start."""

from __future__ import annotations

import faulthandler
import json
import subprocess
import sys
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.inputs import make_input
from tests.fuzz.judge import Verdict, judge
from tests.fuzz.limits import collect_garbage

ROOT = Path(__file__).parents[2]
# A hang that Python's signals cannot end, in C code or a deadlock, ends the process with a stack.
_HARD_SECONDS = 60
_GARBAGE_EVERY = 50
_WARM_UP = range(-40, 0)


@dataclass(slots=True)
class Tally:
    """What many inputs came to."""

    inputs: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str]] = field(default_factory=list)
    peak_bytes: int = 0
    slowest: tuple[float, int] = (0.0, 0)

    def add(self, seed: int, verdict: Verdict) -> None:
        """Counts one verdict."""
        self.inputs += 1
        self.outcomes[verdict.outcome] += 1
        if verdict.checked:
            self.checked[verdict.checked] += 1
        self.faults += [(seed, fault) for fault in verdict.faults]
        self.peak_bytes = max(self.peak_bytes, verdict.usage.peak_bytes)
        self.slowest = max(self.slowest, (verdict.usage.cpu_seconds, seed))

    def as_json(self) -> dict[str, Any]:
        """The fields as plain data (`dataclasses.asdict` of Python 3.11 breaks a Counter)."""
        return {name: getattr(self, name) for name in self.__slots__}

    def merge(self, other: Tally) -> None:
        """Adds what another process counted."""
        self.inputs += other.inputs
        self.outcomes.update(other.outcomes)
        self.checked.update(other.checked)
        self.faults += other.faults
        self.peak_bytes = max(self.peak_bytes, other.peak_bytes)
        self.slowest = max(self.slowest, (other.slowest[0], other.slowest[1]))


def run_range(first: int, count: int) -> Tally:
    """Judges a range of seeds in this process."""
    for seed in _WARM_UP:  # imports, thread pools and arenas are no input's memory
        judge(make_input(seed), check=True)
    tally = Tally()
    for seed in range(first, first + count):
        if seed % _GARBAGE_EVERY == 0:
            collect_garbage()
        faulthandler.dump_traceback_later(_HARD_SECONDS, exit=True)
        try:
            tally.add(seed, judge(make_input(seed)))
        except Exception:
            tally.faults.append((seed, f"the fuzzer itself failed\n{traceback.format_exc()}"))
        finally:
            faulthandler.cancel_dump_traceback_later()
    return tally


def run_many(first: int, count: int, processes: int) -> Tally:
    """Judges seeds in several fresh processes, each of which takes one range after another."""
    step = -(-count // (processes * 8)) if count > 2000 else -(-count // processes)
    ranges = [(at, min(step, first + count - at)) for at in range(first, first + count, step)]
    total = Tally()
    with ThreadPoolExecutor(processes) as pool:
        for part in pool.map(_in_a_process, *zip(*ranges, strict=True)):
            total.merge(part)
    return total


def _in_a_process(first: int, count: int) -> Tally:
    command = [sys.executable, "-m", "tests.fuzz", "--first", str(first), "--count", str(count), "--worker"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode == 0:
        return Tally(**json.loads(done.stdout))
    said = done.stderr.decode(errors="replace")[-3000:]
    return Tally(faults=[(first, f"the process of seeds {first} to {first + count - 1} died: {said}")])
