"""What `ctk convert caffe->onnx` of the main model costs beside copying and hashing the same bytes.

    python benchmarks/conversion_cost.py [--rounds 7] [--json FILE]

DESIGN §6, first row: whole process <= 2 x (`cp` of the caffemodel, then `sync`) + `sha256sum` of it + 0.6 s;
peak RSS <= 2.5 x the weights + 120 MB (aim: 1.5 x the weights). The three commands run in turn, round by
round, in a shuffled order, with the caffemodel in the page cache; medians are compared, and every round's
figures are in the JSON. Exit status 0 when both bounds hold, 1 otherwise.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.process_cost import Cost, measure_interleaved
from toolkit.models.main_model import MAIN_MODEL

CONSTANT_S = 0.6
RSS_FACTOR, RSS_CONSTANT_BYTES = 2.5, 120e6


def measure(rounds: int, folder: Path) -> dict[str, list[Cost]]:
    """Interleaved costs of converting, copying with sync, and hashing, by command."""
    from converters.caffe.model_files import model_files

    files = model_files(MAIN_MODEL, "synthetic")
    ctk = Path(sys.executable).with_name("ctk")
    copy = shutil.which("cp") or "cp"
    hasher = shutil.which("sha256sum") or "sha256sum"
    shell = shutil.which("sh") or "sh"
    commands: dict[str, list[str]] = {
        "convert": [str(ctk), "convert", str(files.prototxt), str(files.caffemodel), "--to", "onnx", "-o", str(folder / "out.onnx")],
        "cp+sync": [shell, "-c", '"$0" "$1" "$2" && sync', copy, str(files.caffemodel), str(folder / "copy")],
        "sha256sum": [hasher, str(files.caffemodel)],
    }  # fmt: skip
    return measure_interleaved(commands, rounds, settled=True)


def main() -> int:
    """Measures, prints the comparison, and returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    from converters.caffe.model_files import model_files

    weights = model_files(MAIN_MODEL, "synthetic").caffemodel.stat().st_size
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        costs = measure(max(arguments.rounds, 1), Path(folder))
    seconds = {name: median(cost.wall_s for cost in found) for name, found in costs.items()}
    bound_s = 2 * seconds["cp+sync"] + seconds["sha256sum"] + CONSTANT_S
    rss = max(cost.peak_rss_bytes for cost in costs["convert"])
    bound_rss = RSS_FACTOR * weights + RSS_CONSTANT_BYTES
    for name, found in costs.items():
        times = sorted(cost.wall_s for cost in found)
        print(f"{name:10} {seconds[name]:.3f} s median of {len(times)} ({times[0]:.3f} to {times[-1]:.3f})")
    print(
        f"time       {seconds['convert']:.3f} s of {bound_s:.3f} s allowed: ratio {seconds['convert'] / bound_s:.2f}"
    )
    print(
        f"peak RSS   {rss / 1e6:.0f} MB of {bound_rss / 1e6:.0f} MB allowed; {rss / weights:.2f} x the weights"
    )
    if arguments.json:
        rows = {name: [[cost.wall_s, cost.peak_rss_bytes] for cost in found] for name, found in costs.items()}
        arguments.json.write_text(
            json.dumps({"origin": "measured", "seconds_and_rss": rows, "bound_s": bound_s})
        )
    return 0 if seconds["convert"] <= bound_s and rss <= bound_rss else 1


if __name__ == "__main__":
    sys.exit(main())
