"""Measuring with a backend whose duration and failures are told to it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scripted_backend import register, scripted_arm, small_picture

from benchmarks.harness import measuring
from benchmarks.harness.measuring import measure
from benchmarks.harness.plan import Plan
from benchmarks.harness.progress import Progress
from benchmarks.harness.samples import WARMING
from toolkit.errors import UsageFault

SHORT = Plan(launches=2, rounds=2, iterations=3, hang_least_s=5.0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    register(tmp_path, monkeypatch)
    small_picture(tmp_path / "p.png")
    return tmp_path


def test_every_round_has_one_block_of_every_arm_in_the_stored_order(folder: Path):
    said: list[Progress] = []
    arms = [scripted_arm("a", folder, ms=3), scripted_arm("b", folder, ms=3, refuses_repeats=True)]
    found = measure(arms, SHORT, [folder / "p.png"], said.append)
    assert list(found.samples) == ["a", "b", "a (control)"]
    assert found.control == ("a", "a (control)")
    assert not found.interrupted
    assert [sorted(order) for order in found.order if order] == [["a", "a (control)", "b"]] * len(found.order)
    for samples in found.samples.values():
        assert samples.failure is None
        assert [launch.number for launch in samples.launches] == [0, 1]
        for launch in samples.launches:
            assert [block.round for block in launch.blocks][:3] == [WARMING, 0, 1]
            assert all(block.stamps_ns.shape == (3, 6) for block in launch.measured)
            assert launch.info["threads"] == 1
            assert launch.variables["OMP_NUM_THREADS"] == "1"
            assert launch.first_infer_ms >= 3
            assert launch.peak_rss_bytes > 10_000_000
    # The blocks follow one another as the order says: nothing ran at the same time.
    for launch in (0, 1):
        spans = {
            (block.round, name): (block.stamps_ns[0, 0], block.stamps_ns[-1, -1])
            for name, samples in found.samples.items()
            for block in samples.launches[launch].measured
        }
        rounds = len(found.samples["a"].launches[0].measured)
        orders = found.order[launch * rounds : launch * rounds + 2]
        for number, order in enumerate(orders):
            ordered = [spans[number, name] for name in order]
            assert all(first[1] <= second[0] for first, second in pairwise(ordered))
    assert said[-1].total == 12
    assert said[-1].remaining_s >= 0


FAILURES = {
    "crash": ("CTK404", "crashed (SIGSEGV)"),
    "memory": ("CTK408", "out of memory"),
    "error": ("CTK404", "ValueError: no such operator"),
    "killed": ("CTK404", "was killed (SIGKILL)"),
    "exit": ("CTK404", "ended with status 3"),
}


def test_arms_that_fail_leave_the_others_alone(folder: Path):
    bad = [scripted_arm(how, folder, at=5, how=how) for how in FAILURES]
    good = scripted_arm("good", folder)
    plan = Plan(launches=1, rounds=2, iterations=3, hang_least_s=20.0)
    found = measure([*bad, good], plan, [folder / "p.png"], controlled=good)
    for how, (code, text) in FAILURES.items():
        failure = found.samples[how].failure
        assert failure is not None
        assert failure.code == code
        assert text in failure.what
        assert "last words of the runtime" in "".join(failure.notes)
    assert found.samples["good"].failure is None
    assert [len(block.stamps_ns) for block in found.samples["good"].blocks()][:2] == [3, 3]
    assert found.control == ("good", "good (control)")


def test_a_hanging_arm_is_ended_and_takes_its_control_with_it(folder: Path):
    plan = Plan(launches=2, rounds=1, iterations=3, hang_least_s=1.0)
    arms = [scripted_arm("bad", folder, at=4, how="hang"), scripted_arm("good", folder)]
    found = measure(arms, plan, [folder / "p.png"])
    assert "gave no answer" in found.samples["bad"].failure.what
    assert len(found.samples["bad"].launches) == 1
    assert len(found.samples["good"].launches) == 2
    assert found.control is None
    assert list(found.samples) == ["bad", "good"]


def test_an_artifact_that_cannot_be_loaded_is_a_failure_with_its_own_code(folder: Path):
    plan = Plan(launches=2, rounds=1, iterations=3)
    found = measure([scripted_arm("bad", folder, refuses=True)], plan, [folder / "p.png"])
    assert found.samples["bad"].failure.code == "CTK517"
    assert found.samples["bad"].failure.exit_status == 5
    assert found.order == []


def test_ctrl_c_keeps_what_was_measured(folder: Path):
    def interrupts(progress: Progress) -> None:
        if "launch 2 of 3, round 1" in progress.doing:
            raise KeyboardInterrupt

    plan = Plan(launches=3, rounds=1, iterations=3)
    found = measure([scripted_arm("a", folder)], plan, [folder / "p.png"], interrupts)
    assert found.interrupted
    assert len(found.samples["a"].launches[0].measured) >= 1
    assert found.samples["a"].launches[1].measured == []


def test_iterations_shrink_to_the_budget_and_not_below_three(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(measuring, "MOST_EXTRA_ROUNDS", 0)
    plan = Plan(launches=1, rounds=2, iterations=50, budget_s=0.1, quick=True)
    found = measure([scripted_arm("a", folder, ms=10)], plan, [folder / "p.png"])
    assert found.iterations == 3
    assert [len(block.stamps_ns) for block in found.samples["a"].blocks()] == [3, 3]
    assert found.control is None


def test_a_batch_is_one_inference_of_several_pictures(folder: Path):
    plan = Plan(launches=1, rounds=1, iterations=3, quick=True)
    arm = scripted_arm("four", folder, batch=4, refuses_repeats=True)
    found = measure([arm], plan, [folder / "p.png"])
    assert found.samples["four"].failure is None
    (block,) = found.samples["four"].blocks()
    assert (np.diff(block.stamps_ns) > 0).all()


def test_noise_on_standard_output_does_no_harm(folder: Path):
    plan = Plan(launches=1, rounds=1, iterations=3, quick=True)
    found = measure([scripted_arm("loud", folder, noise_at=3)], plan, [folder / "p.png"])
    assert found.samples["loud"].failure is None


def test_arms_need_names_of_their_own(folder: Path):
    arms = [scripted_arm("a", folder), scripted_arm("a", folder)]
    with pytest.raises(UsageFault, match="CTK601"):
        measure(arms, SHORT, [folder / "p.png"])
    with pytest.raises(UsageFault, match="CTK601"):
        measure([], SHORT, [folder / "p.png"])
