"""Mutation testing of the layer handlers.

.venv/bin/python -m tools.mutation                       every file of converters/caffe/layers
.venv/bin/python -m tools.mutation pooling.py --all      one file, every mutant
"""

# ruff: noqa: T201 - a command line prints
from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tools.mutation.many import FOLDER, LEFT_ALONE, Judgement, judge
from tools.mutation.trial import ROOT


def _in_a_process(path: Path, most: int | None) -> Judgement | str:
    """The judgement on one file by a process of its own, or what that process said in place of one."""
    wanted = ["--all"] if most is None else ["--most", str(most)]
    command = [sys.executable, "-m", "tools.mutation", path.name, *wanted, "--worker"]
    # Our own interpreter and our own file names.
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["it died"])[-1]
    killed, tried, alive = json.loads(done.stdout)
    return killed, tried, alive


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation")
    parser.add_argument("files", nargs="*", help="files of converters/caffe/layers; all by default")
    parser.add_argument("--most", type=int, default=30, help="mutants of one file, chosen evenly at random")
    parser.add_argument("--all", action="store_true", help="every mutant")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    paths = [FOLDER / f"{Path(name).stem}.py" for name in arguments.files]
    paths = paths or sorted(p for p in FOLDER.glob("*.py") if p.stem not in LEFT_ALONE)
    most = None if arguments.all else arguments.most
    if arguments.worker:
        json.dump(judge(paths[0], most), sys.stdout)
        return 0
    with ThreadPoolExecutor(arguments.processes) as pool:
        return _report(zip(paths, pool.map(partial(_in_a_process, most=most), paths), strict=True))


def _report(judged: Iterable[tuple[Path, Judgement | str]]) -> int:
    """Prints the judgements; 0 when every file could be judged and 90 % of all mutants were caught."""
    started = time.perf_counter()
    caught = total = unjudged = 0
    for path, found in judged:
        if isinstance(found, str):
            unjudged += 1
            print(f"{path.name}: not judged: {found}", flush=True)
            continue
        killed, tried, alive = found
        caught, total = caught + killed, total + tried
        print(f"{path.name}: {killed}/{tried}", flush=True)
        for line, change, source in alive:
            print(f"    {line}: {change}: {source}", flush=True)
    share = 100 * caught / total if total else 0.0
    print(f"{caught}/{total} caught ({share:.1f} %) in {time.perf_counter() - started:.0f} s")
    if unjudged:
        print(f"{unjudged} files could not be judged")
    return 0 if total and share >= 90 and not unjudged else 1


if __name__ == "__main__":
    sys.exit(main())
