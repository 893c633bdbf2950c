"""Fuzzing: only typed errors, no hang, bounded memory, and what is accepted computes the right thing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.inputs import make_input
from tests.fuzz.limits import Hang, can_measure, limited
from tests.fuzz.wire_tree import read_model, write

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not can_measure(), reason="peak memory cannot be set back on this system")


def fuzz(first: int, count: int, processes: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.fuzz", "--first", str(first), "--count", str(count)]
    command += ["--processes", str(processes), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def assert_sound(found: dict[str, Any], count: int) -> None:
    """No faults; and the inputs were neither all refused nor all accepted, nor refused for one reason only."""
    faults = "\n".join(f"seed {seed}: {fault}" for seed, fault in found["faults"][:20])
    assert not faults, faults
    assert found["inputs"] == count
    assert count / 20 < found["outcomes"]["ok"] < count / 2
    assert len(found["outcomes"]) >= 8
    assert found["checked"]["compared"] >= count / 200


def test_500_hostile_inputs():
    assert_sound(fuzz(0, 500, 1), 500)


@pytest.mark.slow
def test_100000_hostile_inputs():
    assert_sound(fuzz(1000, 100_000, 2), 100_000)


def test_a_seed_always_gives_the_same_input():
    assert [make_input(seed) for seed in range(40)] == [make_input(seed) for seed in range(40)]
    assert len({make_input(seed).prototxt + (make_input(seed).caffemodel or b"") for seed in range(40)}) > 35


@pytest.mark.parametrize("case", ["conv_3x3_pad1", "v1_lenet", "real_lenet", "conv_legacy4d_blobs"])
def test_the_wire_tree_gives_back_what_it_read(case: str):
    path = ROOT / "tests" / "golden" / "cases" / case / "weights.caffemodel"
    if not path.exists():
        pytest.skip(f"there is no case {case} with weights")
    assert write(read_model(path.read_bytes())) == path.read_bytes()


def test_the_bounds_notice_memory_and_time():
    with limited(1000) as usage:
        assert len(bytearray(b"x") * (30 << 20)) == 30 << 20
    assert 29 << 20 < usage.peak_bytes < 40 << 20
    with pytest.raises(MemoryError), limited(1000):
        bytearray(900 << 20)
    with pytest.raises(Hang), limited(1000, seconds=0.05):
        sum(1 for _ in iter(int, 1))  # has no end
