"""How many threads a backend may be asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from toolkit.backends.cores import physical_cores, usable_cpus
from toolkit.backends.threads import thread_count
from toolkit.errors import EnvironmentFailed, UsageFault


def test_the_physical_cores_unless_asked():
    assert thread_count(None) == physical_cores()
    assert thread_count(1) == 1
    assert thread_count(len(usable_cpus())) == len(usable_cpus())


@pytest.mark.parametrize("threads", [0, -1])
def test_fewer_than_one(threads: int):
    with pytest.raises(UsageFault, match=r"CTK601 .*at least 1"):
        thread_count(threads)


@pytest.mark.parametrize("threads", ["2", 1.5, True, False, np.bool_(True), [1]])
def test_what_is_no_whole_number(threads: Any):
    with pytest.raises(UsageFault, match=r"CTK601 the number of threads must be a whole number"):
        thread_count(threads)


def test_whole_numbers_of_every_kind():
    assert thread_count(np.int64(1)) == 1
    assert type(thread_count(np.int64(1))) is int


def test_more_than_there_are_processors():
    usable = len(usable_cpus())
    with pytest.raises(EnvironmentFailed, match=rf"CTK407 {usable + 1} threads .* {usable} ") as caught:
        thread_count(usable + 1)
    assert caught.value.notes == (f"ask for at most {usable}",)
