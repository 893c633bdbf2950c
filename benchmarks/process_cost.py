"""What whole processes cost, interleaved, as the kernel counted it."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """One run of one command.

    Attributes:
        wall_s: Seconds of wall time.
        user_s: Seconds of the processor in user mode.
        peak_rss_bytes: Largest resident size of its largest process.
    """

    wall_s: float
    user_s: float
    peak_rss_bytes: int


def run_measured(words: Sequence[str]) -> Cost:
    """Runs a command to its end; what it prints is read by nobody.

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
    return Cost(wall, usage.ru_utime, usage.ru_maxrss * 1024)


def measure_interleaved(
    commands: Mapping[str, Sequence[str]], rounds: int, *, settled: bool = False
) -> dict[str, list[Cost]]:
    """Costs by command, from rounds in each of which all commands run once, in a shuffled order.

    Args:
        commands: Words by name.
        rounds: Rounds that count; one more comes first and warms the page cache.
        settled: Whether to write out what earlier commands left to be written before each run.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    order = list(commands)
    for index in range(rounds + 1):
        random.shuffle(order)
        for name in order:
            if settled:
                os.sync()
            cost = run_measured(commands[name])
            if index:
                costs[name].append(cost)
    return costs
