from __future__ import annotations

import pytest

from benchmarks.roofline.cost import GraphCost
from benchmarks.roofline.peaks import Bandwidth, Rate
from benchmarks.roofline.plausibility import LIKELY_CAUSES, judge

# 10 GFLOP, of them 5.0625 in 3×3 convolutions; 50 MB of weights at f32.
COST = GraphCost(flops=10_000_000_000, winograd_flops=5_062_500_000, weights={32: 12_500_000})
PEAK = Rate(1000, "somebody")
BANDWIDTH = Bandwidth(10, "somebody")


def test_arithmetic_bounds() -> None:
    found = judge(COST, PEAK, Bandwidth(100, "somebody"), 12.0, "f32")
    assert found.floor_ms == pytest.approx(10.0)  # 10 GFLOP / 1 TFLOP/s; 50 MB / 100 GB/s is 0.5 ms
    assert found.verdict == "plausible"
    assert found.likely_causes == []
    assert found.arithmetic is not None
    assert "10 GFLOP / 1000 GFLOP/s at f32 = 10 ms" in found.arithmetic
    assert "12 ms is 1.2 times the floor" in found.arithmetic


def test_bandwidth_bounds() -> None:
    slow = judge(COST, Rate(100_000, "somebody"), BANDWIDTH, 4.9, "f32")
    assert slow.floor_ms == pytest.approx(5.0)
    assert slow.verdict == "implausible"
    assert (
        judge(COST, Rate(100_000, "somebody"), BANDWIDTH, 4.9, "bf16").verdict == "plausible"
    )  # half the bytes


def test_what_caches_keep_need_not_be_moved() -> None:
    kept = Bandwidth(10, "somebody", kept_bytes=40_000_000)
    found = judge(COST, Rate(100_000, "somebody"), kept, 1.1, "f32")
    assert found.floor_ms == pytest.approx(1.0)
    assert "50 MB less 40 MB of caches / 10 GB/s = 1 ms" in (found.arithmetic or "")


def test_below_the_floor_the_causes_are_in_order() -> None:
    found = judge(COST, PEAK, None, 9.99, "f32")
    assert found.verdict == "implausible"
    assert found.likely_causes == list(LIKELY_CAUSES)
    assert found.likely_causes[0] == "an asynchronous call was timed without a wait"
    assert found.likely_causes[-1] == "the peak is wrong"
    assert "9.99 ms is below the floor of 10 ms" in (found.arithmetic or "")


def test_winograd_lowers_the_floor() -> None:
    found = judge(COST, PEAK, None, 6.0, "f32", winograd=True)
    assert found.floor_ms == pytest.approx(10 - 5.0625 + 1)  # a fifth of 5.0625 is 1
    assert found.verdict == "plausible"
    assert judge(COST, PEAK, None, 6.0, "f32").verdict == "implausible"
    assert "of 10: 3×3 convolutions at 1/5.06" in (found.arithmetic or "")


def test_no_peak_is_no_pass() -> None:
    found = judge(COST, None, BANDWIDTH, 12.0, "i8")
    assert found.verdict == "unknown"
    assert found.floor_ms is None
    assert "no peak known at i8" in (found.arithmetic or "")


@pytest.mark.parametrize("latency", [float("nan"), float("inf")])
def test_what_is_no_number_is_no_pass(latency: float) -> None:
    assert judge(COST, PEAK, BANDWIDTH, latency, "f32").verdict == "unknown"


def test_no_time_at_all_is_implausible() -> None:
    assert judge(COST, PEAK, BANDWIDTH, 0.0, "f32").verdict == "implausible"


def test_a_network_of_which_nothing_counts_is_not_held_against_anything() -> None:
    found = judge(GraphCost(flops=0, remarks=("not counted: LSTM",)), PEAK, None, 1.0, "f32")
    assert found.verdict == "plausible"
    assert found.floor_ms == 0
    assert "not counted: LSTM" in (found.arithmetic or "")


def test_below_a_floor_that_is_not_certain_nothing_is_concluded() -> None:
    busy = Rate(1000, "somebody", is_certain=False)
    below = judge(COST, busy, None, 9.0, "f32")
    assert below.verdict == "unknown"
    assert "nothing is concluded" in (below.arithmetic or "")
    assert judge(COST, busy, None, 11.0, "f32").verdict == "plausible"  # a higher peak makes it more so
    assert judge(COST, PEAK, Bandwidth(100, "somebody", is_certain=False), 9.0, "f32").verdict == "unknown"
