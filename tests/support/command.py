"""The installed command `ctk` as a child process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CTK = Path(sys.executable).with_name("ctk")


def ctk(
    *words: str | Path,
    cwd: Path,
    home: Path | None = None,
    env: Mapping[str, str] | None = None,
    **others: Any,
) -> subprocess.CompletedProcess[str]:
    """Runs ``ctk WORDS`` in a folder, with $CTK_HOME in it unless another home is given."""
    return subprocess.run(
        [str(CTK), *map(str, words)],
        cwd=cwd,
        env=environment(home or cwd / "ctk-home", env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,  # only what hangs takes as long, on however busy a host
        check=False,
        **others,
    )


def environment(home: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    path = f"{CTK.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "CTK_HOME": str(home), "PATH": path, **(more or {})}


def assert_error(done: subprocess.CompletedProcess[str], code: str, status: int) -> str:
    """DESIGN §4: that status, exactly one error line with that code, else only notes and warnings; the line."""
    lines = done.stderr.splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert done.returncode == status, done.stderr
    assert len(errors) == 1, done.stderr
    assert errors[0].startswith(f"error: {code} "), done.stderr
    assert all(line.startswith(("error: ", "note: ", "warning: ")) for line in lines), done.stderr
    assert done.stdout == ""
    return errors[0]


def leftovers(folder: Path) -> list[str]:
    """Names of temporary files that a write left behind."""
    return [path.name for path in folder.rglob("*") if ".ctk-tmp-" in path.name or "ctk-draft" in path.name]
