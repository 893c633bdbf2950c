"""What this machine's processor can do at most: the probes behind the plausibility of every latency on it.

    python benchmarks/peaks_cost.py [--threads N] [--again] [--json FILE]

GEMM and 3×3 convolution in every installed runtime and precision, each in a child process, and a stream probe of
memory; a peak is 1.25 × the largest rate (issue 6). The first time all of it should take less than 25 s on two
cores, later nothing. Exit status 0; 4 when no runtime could be probed, or when it took longer.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.roofline.cpu_peaks import CpuPeaks, cpu_peaks
from toolkit.errors import CtkError
from toolkit.messages import report_error

BOUND_S = 25.0


def main() -> int:
    """Probes or reads what is kept, prints tables, and returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--threads", type=int)
    parser.add_argument("--again", action="store_true", help="probe anew; the largest rates stay")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    start = perf_counter()
    try:
        found = cpu_peaks(arguments.threads, again=arguments.again, on_step=_say)
    except CtkError as error:
        report_error(error)
        return error.exit_status
    took_s = perf_counter() - start
    _print(found, took_s)
    if arguments.json:
        probed = found.probed.model_dump(mode="json")
        arguments.json.write_text(json.dumps({"origin": "measured", "took_s": took_s, **probed}))
    return 0 if found.probed.rates and took_s < BOUND_S else 4


def _say(done: int, of: int, what: str) -> None:
    print(f"{done + 1}/{of} {what}", file=sys.stderr)


def _busy(disturbed: bool) -> str:
    return "  (disturbed by other work)" if disturbed else ""


def _print(found: CpuPeaks, took_s: float) -> None:
    print(f"{'backend':14}{'kernel':10}{'precision':>10}{'reached':>18}")
    for rate in found.probed.rates:
        print(
            f"{rate.backend:14}{rate.kernel:10}{rate.precision:>10}{rate.gflops:>10.1f} GFLOP/s{_busy(rate.disturbed)}"
        )
    for line in (*found.probed.refused, *found.probed.failed):
        print(f"not probed: {line}")
    for precision, peak in found.peaks.rates.items():
        print(f"peak at {precision}: {peak.gflops:.1f} GFLOP/s ({peak.source})")
    bandwidth = found.peaks.bandwidth
    if bandwidth is not None:
        print(f"bandwidth: {bandwidth.gb_s:.1f} GB/s, beyond {bandwidth.kept_bytes / 1e6:.1f} MB of caches")
    state = "probed" if found.is_fresh else "kept from before"
    print(f"{state}; took {took_s:.1f} s, bound {BOUND_S:g} s: {'held' if took_s < BOUND_S else 'NOT held'}")


if __name__ == "__main__":
    sys.exit(main())
