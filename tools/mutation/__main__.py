"""Mutation testing of the layer handlers.

.venv/bin/python -m tools.mutation                       every file of converters/caffe/layers
.venv/bin/python -m tools.mutation pooling.py --all      one file, every mutant
"""

# ruff: noqa: T201 - a command line prints
from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tools.mutation.many import FOLDER, LEFT_ALONE, judge


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation")
    parser.add_argument("files", nargs="*", help="files of converters/caffe/layers; all by default")
    parser.add_argument("--most", type=int, default=30, help="mutants of one file, chosen evenly at random")
    parser.add_argument("--all", action="store_true", help="every mutant")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    paths = [FOLDER / f"{Path(name).stem}.py" for name in arguments.files]
    paths = paths or sorted(p for p in FOLDER.glob("*.py") if p.stem not in LEFT_ALONE)
    started = time.perf_counter()
    most = None if arguments.all else arguments.most
    caught = total = 0
    with ProcessPoolExecutor(arguments.processes, get_context("spawn"), max_tasks_per_child=4) as pool:
        for future in [pool.submit(judge, path, most) for path in paths]:
            try:
                path, killed, tried, alive = future.result()
            except RuntimeError as error:
                print(error, flush=True)
                continue
            caught, total = caught + killed, total + tried
            print(f"{path.name}: {killed}/{tried}", flush=True)
            for line, change, source in alive:
                print(f"    {line}: {change}: {source}")
    share = 100 * caught / total if total else 0.0
    print(f"{caught}/{total} caught ({share:.1f} %) in {time.perf_counter() - started:.0f} s")
    return 0 if total and share >= 90 else 1


if __name__ == "__main__":
    sys.exit(main())
