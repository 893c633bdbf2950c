"""The mode throughput: as many inferences in flight as the runtime likes best, for a fixed time.

An item is the inference of one picture whose input is ready; decoding and the other stages have no part in it.
`raw` of a launch: ``little`` (`Little`), ``slots``, ``window_s``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.samples import WARMING, Block
from benchmarks.harness.stage_timing import STAGES
from benchmarks.harness.summarising import stage_summaries
from benchmarks.modes.littles_law import Little, little
from benchmarks.modes.mode_plan import ModePlan
from benchmarks.modes.mode_process import ModeProcess
from benchmarks.modes.mode_samples import ModeLaunch
from benchmarks.stats.intervals import from_logarithms
from benchmarks.stats.student_t import mean_interval

# A window holds at least this many inferences of every slot, as far as the first one tells.
_LEAST_PER_SLOT = 12
# ... but waits for them no longer than this, unless it was asked to.
_MOST_WAITED_S = 120.0
_INFER = STAGES.index("infer")


def measure_throughput(process: ModeProcess, plan: ModePlan, number: int) -> ModeLaunch:
    """One launch; raises what `WorkerProcess.ask` raises, and CTK301 when no inference ended in the window."""
    loaded = process.load_with("load_in_flight", in_flight=plan.in_flight)
    launch = process.launch_of(loaded)
    # Its first inference is slow: what it took is enough for a few of them, whatever the machine.
    window_s = max(plan.window_s, min(_LEAST_PER_SLOT * launch.first_infer_ms / 1000, _MOST_WAITED_S))
    found = process.command(
        "throughput", plan.warmup_s + window_s, warmup_s=plan.warmup_s, window_s=window_s, launch=number
    )
    spans = np.array(found["spans"], np.int64).reshape(-1, 2)
    first, last = found["window"]
    ended = spans[(spans[:, 1] > first) & (spans[:, 1] <= last)]
    launch.peak_rss_bytes = found["peak_rss_bytes"]
    before = spans[spans[:, 1] <= first]
    launch.blocks.append(
        Block(WARMING, _as_stamps(before), involuntary_switches=None, steal_fraction=None, throttled=None)
    )
    launch.blocks.append(
        Block(
            round=0,
            stamps_ns=_as_stamps(ended),
            involuntary_switches=found["involuntary_switches"],
            steal_fraction=found["steal_fraction"],
            throttled=found["throttled"],
        )
    )
    law = little(spans, (first, last))
    return ModeLaunch(launch, {"little": law, "slots": loaded["slots"], "window_s": (last - first) / 1e9})


def throughput_parts(launches: Sequence[ModeLaunch], batch: int, read_ns: float) -> dict[str, Any]:
    """Fields of a `BenchRun`.

    The stage `infer` is the time that one inference spends in flight, beside the others. Items a second are the
    geometric mean of the launches, with Student's t over their logarithms.

    Args:
        launches: One at least.
        batch: Pictures in one inference.
        read_ns: What reading the clock costs.
    """
    laws: list[Little] = [one.raw["little"] for one in launches]
    over = mean_interval(np.log([law.per_s * batch for law in laws]))
    low, high = (None, None) if over.half is None else from_logarithms(over.mean, over.half)
    infer = stage_summaries([one.launch for one in launches], read_ns)["infer"]
    ratios = [law.ratio for law in laws]
    return {
        "stages": {"infer": infer},
        "items_per_s": exp(over.mean),
        "mode_figures": {
            "slots": launches[0].raw["slots"],
            "items_per_s_low": low,
            "items_per_s_high": high,
            "n_launches": len(launches),
            "n_inferences": sum(law.n for law in laws),
            "window_s": float(np.mean([one.raw["window_s"] for one in launches])),
            "in_flight_mean": float(np.mean([law.in_flight for law in laws])),
            "inferences_per_s": float(np.mean([law.per_s for law in laws])),
            "residence_mean_ms": float(np.mean([law.residence_s for law in laws])) * 1e3,
            "littles_law_ratio": float(max(ratios, key=lambda ratio: abs(ratio - 1))),
            "littles_law": next((law.state for law in laws if law.state != "holds"), "holds"),
            "littles_law_line": max(laws, key=lambda law: abs(law.ratio - 1)).line(),
        },
    }


def _as_stamps(spans: NDArray[np.int64]) -> NDArray[np.int64]:
    """Begin and end as the borders of `infer`; the other stages take no time."""
    begins = np.repeat(spans[:, :1], _INFER + 1, axis=1)
    ends = np.repeat(spans[:, 1:], len(STAGES) - _INFER, axis=1)
    return np.hstack([begins, ends])
