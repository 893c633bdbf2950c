"""What `ctk --help` costs as a whole process, beside a Python that does nothing.

    python benchmarks/help_cost.py [--rounds 30] [--json FILE]

DESIGN §2: `ctk --help` stays under 0.3 s. The two commands run in turn, round by round, in a shuffled order;
medians of wall time are compared with the bound, and user time is shown, which other processes disturb less.
Exit status 0 when the median is within the bound, 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

BOUND_S = 0.3


@dataclass(frozen=True, slots=True)
class Cost:
    """One run of one command: seconds of wall time, and of the processor in user mode."""

    wall_s: float
    user_s: float


def run_measured(words: Sequence[str]) -> Cost:
    """Runs a command to its end.

    Raises:
        RuntimeError: The command failed.
    """
    started = time.perf_counter()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{words[0]} ended with {process.returncode}")
    return Cost(wall, usage.ru_utime)


def measure(commands: dict[str, list[str]], rounds: int) -> dict[str, list[Cost]]:
    """Interleaved costs by command; one round more than asked for comes first and warms the page cache."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    order = list(commands)
    for index in range(rounds + 1):
        random.shuffle(order)
        for name in order:
            cost = run_measured(commands[name])
            if index:
                costs[name].append(cost)
    return costs


def main() -> int:
    """Measures, prints the comparison, and returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    commands = {
        "ctk --help": [str(Path(sys.executable).with_name("ctk")), "--help"],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    costs = measure(commands, max(arguments.rounds, 1))
    for name, found in costs.items():
        wall = sorted(cost.wall_s for cost in found)
        user = median(cost.user_s for cost in found)
        print(
            f"{name:15} {median(wall):.3f} s median of {len(wall)} ({wall[0]:.3f} to {wall[-1]:.3f}), user {user:.3f} s"
        )
    seconds = median(cost.wall_s for cost in costs["ctk --help"])
    print(f"bound           {BOUND_S} s: {'held' if seconds <= BOUND_S else 'NOT held'}")
    if arguments.json:
        rows = {name: [[cost.wall_s, cost.user_s] for cost in found] for name, found in costs.items()}
        arguments.json.write_text(
            json.dumps({"origin": "measured", "wall_and_user_s": rows, "bound_s": BOUND_S})
        )
    return 0 if seconds <= BOUND_S else 1


if __name__ == "__main__":
    sys.exit(main())
