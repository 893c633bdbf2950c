"""What `ctk --help` costs as a whole process, beside a Python that does nothing.

    python benchmarks/help_cost.py [--rounds 30] [--json FILE]

DESIGN §2: `ctk --help` stays under 0.3 s. The two commands run in turn, round by round, in a shuffled order;
medians of wall time are compared with the bound, and user time is shown, which other processes disturb less.
Exit status 0 when the median is within the bound, 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from statistics import median

from benchmarks.process_cost import measure_interleaved

BOUND_S = 0.3


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
    costs = measure_interleaved(commands, max(arguments.rounds, 1))
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
