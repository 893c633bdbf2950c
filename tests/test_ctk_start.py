"""The start module must name a foreign `toolkit` instead of running it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ctk_start


def _start(path: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    script = f"import sys; sys.path.insert(0, {str(path)!r}); import ctk_start; ctk_start.main()"
    words = [sys.executable, "-c", script, "--version"]
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)


def test_a_foreign_toolkit_is_named_and_not_run(tmp_path: Path):
    foreign = tmp_path / "toolkit"
    foreign.mkdir()
    (foreign / "__init__.py").write_text("raise SystemExit('the foreign package ran')")
    done = _start(tmp_path, tmp_path)
    assert done.returncode == 4
    assert done.stderr.startswith(
        f"error: CTK405 the package 'toolkit' is not ctk's: another one was found at {foreign}"
    )
    assert "foreign package ran" not in done.stdout + done.stderr


def test_an_overwritten_toolkit_is_told_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    own = tmp_path / "toolkit"
    own.mkdir()
    (own / "__init__.py").write_text('"""Somebody else\'s package."""')
    monkeypatch.setattr(
        ctk_start, "find_spec", lambda _name: type("Spec", (), {"origin": str(own / "__init__.py")})
    )
    assert ctk_start.foreign_toolkit(tmp_path) == own
    (own / "__init__.py").write_text('"""colorization-toolkit: ours."""')
    assert ctk_start.foreign_toolkit(tmp_path) is None


def test_ours_runs(tmp_path: Path):
    done = _start(Path(ctk_start.__file__).parent, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ctk ")
