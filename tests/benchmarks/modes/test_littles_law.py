"""Little's law on inferences whose figures follow from how they are laid out."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.modes.littles_law import little
from toolkit.errors import Inconclusive

MS = 1_000_000


def slots(count: int, each_ms: int, upto_ms: int, gap_ms: int = 0) -> np.ndarray:
    step = each_ms + gap_ms
    spans = [(s, s + each_ms) for _ in range(count) for s in range(0, upto_ms, step)]
    return np.array(spans, np.int64) * MS


def test_slots_that_are_always_busy():
    law = little(slots(4, 10, 3000), (1000 * MS, 2000 * MS))
    assert law.n == 400
    assert law.in_flight == pytest.approx(4)
    assert law.per_s == pytest.approx(400)
    assert law.residence_s == pytest.approx(0.010)
    assert law.ratio == pytest.approx(1)
    assert law.state == "holds"
    assert "λW = 400/s × 10 ms = 4, ratio 1.000: holds" in law.line()


def test_gaps_between_inferences_are_seen_and_break_nothing():
    law = little(slots(2, 10, 3000, gap_ms=10), (1000 * MS, 2000 * MS))
    assert law.in_flight == pytest.approx(1)
    assert law.per_s == pytest.approx(100)
    assert law.state == "holds"


def test_stamps_that_are_too_long_break_it():
    # Ends as they should be, but every second inference says that it began 10 ms before it did.
    spans = slots(4, 10, 3000)
    wrong = spans.copy()
    wrong[:, 0] -= 10 * MS
    law = little(wrong, (1000 * MS, 2000 * MS))
    assert law.in_flight == pytest.approx(8, rel=0.01)
    assert law.state == "holds"  # consistently wrong: the law alone cannot see that, the slots can
    # Half of the ends were lost.
    law = little(np.vstack([spans[::2], np.array([[0, 3000 * MS]] * 2)]), (1000 * MS, 2000 * MS))
    assert law.ratio == pytest.approx(0.5, rel=0.02)
    assert law.state == "does not hold"


def test_too_few_inferences_cannot_tell():
    law = little(slots(2, 300, 3000), (900 * MS, 1900 * MS))
    assert law.n < 10
    assert law.state == "cannot tell"


def test_an_empty_window_is_no_measurement():
    with pytest.raises(Inconclusive) as fault:
        little(np.array([[0, 3000 * MS]]), (1000 * MS, 2000 * MS))
    assert fault.value.code == "CTK301"
