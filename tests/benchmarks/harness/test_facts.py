"""What a document holds beside the samples: the memory of all processes that live together, pictures, hashes."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scripted_backend import small_picture

from benchmarks.bench_document import BenchModel
from benchmarks.harness.arm import Arm
from benchmarks.harness.facts import LaidPictures, Subject, facts_of, laid_pictures, largest, subject_of
from benchmarks.harness.samples import Block, Launch
from benchmarks.harness.scratch_folder import scratch_folder
from toolkit.errors import BadInput, EnvironmentFailed


@pytest.fixture
def arms(tmp_path: Path) -> list[Arm]:
    """Three arms whose files have 1000, 3000 and 2000 bytes."""
    sizes = {"small": 1000, "large": 3000, "middle": 2000}
    for name, size in sizes.items():
        (tmp_path / name).write_bytes(bytes(size))
    return [Arm(name, "scripted", tmp_path / name, threads=1) for name in sizes]


@pytest.mark.parametrize(("free", "short"), [(5999, True), (6000, False)])
def test_the_memory_of_all_that_live_together_is_needed(arms: list[Arm], free: int, short: bool):
    before = {"memory": {"available_bytes": free}}
    subject = Subject(BenchModel(name="m", weights="own"), LaidPictures([], []), {}, before)
    facts = facts_of(subject, {}, together=arms, threads=1)
    problems = [one for one in facts.environment.findings if one.name == "memory"]
    assert [one.severity for one in problems] == (["problem"] if short else [])
    allowed = facts_of(subject, {}, together=arms, threads=1, allowed_env=["memory"])
    assert [one.allowed for one in allowed.environment.findings if one.name == "memory"] == [True] * short


def test_one_process_at_a_time_needs_what_the_largest_does(arms: list[Arm]):
    assert [arm.name for arm in largest(arms)] == ["large"]
    assert largest([]) == []


def test_artifacts_are_hashed_and_one_that_is_missing_is_left_to_its_process(arms: list[Arm], tmp_path: Path):
    missing = [
        Arm(name, "scripted", path, threads=1)
        for name, path in (("gone", tmp_path / "gone"), ("root", Path("/")))
    ]
    subject = subject_of([*missing, *arms], None, LaidPictures([], []))
    assert subject.sha256 == {
        arm.artifact: hashlib.sha256(arm.artifact.read_bytes()).hexdigest() for arm in arms
    }
    assert subject.model == BenchModel(name="gone", weights="own")
    assert subject_of([], "some-card", LaidPictures([], []), "released").model.weights == "released"


def test_pictures_are_copied_and_the_unreadable_listed(tmp_path: Path):
    good, bad = small_picture(tmp_path / "a.png"), tmp_path / "b.png"
    bad.write_bytes(b"torn")
    (tmp_path / "laid").mkdir()
    laid = laid_pictures([good, str(bad)], tmp_path / "laid")
    assert [file.read_bytes() for file in laid.files] == [good.read_bytes()]
    assert [(one.name, one.usable) for one in laid.listed] == [("a.png", True), ("b.png", False)]
    with pytest.raises(BadInput, match="CTK518"):
        laid_pictures([bad], tmp_path / "laid")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(EnvironmentFailed, match="CTK401"):
        laid_pictures([good], tmp_path / "file")


def test_no_place_for_a_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with scratch_folder("test") as folder:
        assert list(folder.iterdir()) == []
    assert not folder.exists()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with (
        pytest.raises(EnvironmentFailed, match="CTK401 no temporary folder") as caught,
        scratch_folder("test"),
    ):
        pass
    assert "TMPDIR" in caught.value.notes[0]


def test_the_pictures_of_a_block_need_memory_too(arms: list[Arm], tmp_path: Path):
    good = small_picture(tmp_path / "a.png")  # 24×16
    (tmp_path / "laid").mkdir()
    laid = laid_pictures([good], tmp_path / "laid")
    size = good.stat().st_size
    assert laid.block_bytes(10) == 2 * 24 * 16 * 3 + 10 * size
    batched = [replace(arm, batch=4) for arm in arms]
    blocks = [Block(round=0, stamps_ns=np.zeros((5, 6), np.int64))]
    launches = {
        "small": [Launch(0, 1.0, 1.0, {"name": "x", "runtime_version": "1", "threads": 1}, {}, blocks)]
    }
    needed = 6000 + laid.block_bytes(20)
    for free, short in ((needed - 1, True), (needed, False)):
        before = {"memory": {"available_bytes": free}}
        subject = Subject(BenchModel(name="m", weights="own"), laid, {}, before)
        found = facts_of(subject, launches, together=batched, threads=1).environment.findings
        assert ("memory" in {one.name for one in found}) == short
