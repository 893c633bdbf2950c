"""Fuzzes the conversion; every input is made again by its seed.

.venv/bin/python -m tests.fuzz --count 20000            seeds 0 to 19999, in two processes
.venv/bin/python -m tests.fuzz 4711 --keep FOLDER       one input again, its files kept
"""

# ruff: noqa: T201 - a command line prints
from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from tests.fuzz.inputs import make_input
from tests.fuzz.judge import judge, write_files
from tests.fuzz.many import Tally, run_many, run_range


def _one(seed: int, keep: Path | None) -> int:
    given = make_input(seed)
    print(f"seed {seed}: {given.kind} of case {given.case}, {given.size} bytes, {given.options}")
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        print("files:", *write_files(given, keep))
    verdict = judge(given, check=True)
    print(verdict.outcome, verdict.message, verdict.checked, verdict.usage)
    for fault in verdict.faults:
        print("FAULT:", fault)
    return 1 if verdict.faults else 0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("seed", nargs="?", type=int, help="one input to run again")
    parser.add_argument("--keep", type=Path, help="folder for the files of that input")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        json.dump(run_range(arguments.first, arguments.count).as_json(), sys.stdout)
        return 0
    if arguments.seed is not None:
        return _one(arguments.seed, arguments.keep)
    started = time.perf_counter()
    total = run_many(arguments.first, arguments.count, arguments.processes)
    seconds = time.perf_counter() - started
    (_print_json if arguments.json else _print_text)(total, seconds)
    return 1 if total.faults else 0


def _print_json(total: Tally, seconds: float) -> None:
    shown = {
        "inputs": total.inputs,
        "seconds": round(seconds, 1),
        "outcomes": dict(total.outcomes.most_common()),
        "checked": dict(total.checked),
        "peak_bytes": total.peak_bytes,
        "slowest_cpu_seconds": total.slowest[0],
        "slowest_seed": total.slowest[1],
        "faults": total.faults,
    }
    json.dump(shown, sys.stdout)


def _print_text(total: Tally, seconds: float) -> None:
    for seed, fault in total.faults[:40]:
        print(f"seed {seed}: {fault}\n")
    print(f"{total.inputs} inputs in {seconds:.0f} s, {len(total.faults)} faults")
    print("outcomes:", dict(total.outcomes.most_common()))
    print("checked:", dict(total.checked))
    print(
        f"peak {total.peak_bytes / 2**20:.0f} MiB, slowest {total.slowest[0]:.2f} s (seed {total.slowest[1]})"
    )


if __name__ == "__main__":
    sys.exit(main())
