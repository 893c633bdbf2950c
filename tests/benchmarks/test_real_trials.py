"""What the script of real trials makes of its documents, and the network that it measures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from bench_documents import control_of, document_of, launches_of, run_of
from onnx_samples import run_onnx

from benchmarks import real_trials
from benchmarks.bench_document import EnvironmentFinding
from benchmarks.real_trials import LAYERS, NEW, OLD, SIDE, Tally, chain, summary, tally_of, trial_of


def document(slowdown: float, low: float, high: float, sd: float = 0.001):
    runs = [
        run_of(OLD, 5.0, launches=launches_of(5.0, seed=1, sd=sd)),
        run_of(NEW, 5.0 * slowdown, launches=launches_of(5.0 * slowdown, seed=2, sd=sd)),
    ]
    return document_of(runs, control=control_of(low, high))


def test_a_slowdown_is_found_where_the_host_resolves_the_margin():
    trials = [
        trial_of(document(1.08, 0.995, 1.004)),
        trial_of(document(1.08, 0.95, 1.06)),  # a noisy host
        trial_of(document(1.00, 1.001, 1.004)),  # the control leaves 1 out; nothing is slower
    ]
    assert [trial.verdict for trial in trials] == ["regression", "inconclusive", "pass"]
    assert [trial.different for trial in trials] == [False, False, True]
    assert trials[0].ratio == pytest.approx(1.08, abs=0.005)
    assert tally_of(trials) == Tally(
        3, different=1, resolved=2, found=1, passed=1, quiet=2, found_quiet=1, decided_elsewhere=0
    )


def test_a_host_too_noisy_counts_against_the_bound_and_is_said():
    quiet = document(1.08, 0.995, 1.004)
    stolen = EnvironmentFinding(name="steal", severity="too_noisy", message="the host took 9 %")
    noisy = quiet.model_copy(
        update={"environment": quiet.environment.model_copy(update={"findings": [stolen]})}
    )
    tally = tally_of([trial_of(quiet), trial_of(noisy)])
    assert tally == Tally(
        2, different=0, resolved=2, found=1, passed=0, quiet=1, found_quiet=1, decided_elsewhere=0
    )
    assert tally.missed == 1
    said = summary(tally)
    assert "1 of 2 trials that resolved 3% (at least 90 %), 1 of the 1 of these whose host" in said
    assert "where the host was not quiet: 0 of 1 (never)" in said


def test_a_verdict_on_a_host_that_is_not_quiet_breaks_a_bound():
    loaded = trial_of(document(1.08, 0.95, 1.06))
    sound = trial_of(document(1.08, 0.995, 1.004))
    wrong = [loaded._replace(verdict="regression"), sound._replace(noisy=True)]
    tally = tally_of([loaded, sound, *wrong])
    assert tally.decided_elsewhere == 2
    assert tally.broken == ["2 verdicts on a host that was not quiet"]


def counted(trials: int, different: int, resolved: int, found: int, passed: int) -> Tally:
    """All on a quiet host."""
    return Tally(trials, different, resolved, found, passed, resolved, found, decided_elsewhere=0)


@pytest.mark.parametrize(
    ("tally", "broken", "not_shown"),
    [
        (counted(30, different=4, resolved=30, found=27, passed=0), 0, 0),
        (counted(60, different=8, resolved=40, found=36, passed=0), 0, 0),
        (counted(30, different=5, resolved=30, found=30, passed=0), 1, 0),
        (counted(30, different=0, resolved=30, found=26, passed=0), 1, 0),
        (counted(30, different=0, resolved=30, found=29, passed=1), 1, 0),
        (counted(30, different=0, resolved=0, found=0, passed=0), 0, 1),
        (counted(30, different=0, resolved=29, found=26, passed=0), 0, 1),
        (counted(2, different=1, resolved=1, found=0, passed=0), 0, 2),
        (counted(6, different=5, resolved=5, found=1, passed=1), 3, 2),  # no further trial could mend that
        (counted(0, different=0, resolved=0, found=0, passed=0), 0, 2),
    ],
)
def test_the_bounds(tally: Tally, broken: int, not_shown: int):
    assert (len(tally.broken), len(tally.not_shown)) == (broken, not_shown)
    words = summary(tally).splitlines()[-1]
    held = not broken and not not_shown
    assert (words == "bounds: held") == held
    assert words.startswith("bounds: NOT held: ") == bool(broken)


def test_what_could_not_be_shown_is_said():
    text = summary(counted(30, different=1, resolved=4, found=4, passed=0))
    assert text.splitlines()[-1] == (
        "bounds: none broken, but not shown: how often the slowdown is found: 4 trials resolved 3%, and it takes 30"
    )


def test_a_series_ends_with_the_trials_that_resolved_the_margin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    made = iter([document(1.08, 0.95, 1.06), document(1.08, 0.995, 1.004), document(1.0, 0.995, 1.004)])
    monkeypatch.setattr(real_trials, "_trial", lambda *_: trial_of(next(made)))
    words = ["--trials", "3", "--resolved", "1", "--json", str(tmp_path / "out.json")]
    assert real_trials.main(words) == 3
    lines = capsys.readouterr().out.splitlines()
    assert "inconclusive: this host cannot resolve" in lines[0]
    assert lines[1].endswith(": regression")
    assert "1 of 1 trials that resolved 3%" in lines[3]
    assert lines[4].endswith("where the host was not quiet: 0 of 1 (never)")
    kept = json.loads((tmp_path / "out.json").read_bytes())
    assert [trial["verdict"] for trial in kept["trials"]] == ["inconclusive", "regression"]
    assert (kept["tally"]["trials"], kept["tally"]["quiet"]) == (2, 1)


def test_the_new_network_does_eight_percent_more():
    assert LAYERS[NEW] / LAYERS[OLD] == pytest.approx(1.08)


def test_the_chain_is_a_network_with_the_head_ab(tmp_path: Path):
    path = chain(tmp_path / "net.onnx", 2)
    given = np.random.default_rng(0).normal(size=(1, 1, 4 * SIDE, 4 * SIDE))
    found = run_onnx(path, {"data_l": given})["ab"]
    assert found.shape == (1, 2, SIDE, SIDE)
    assert np.abs(found).max() > 0
