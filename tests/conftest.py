"""Fixtures that several folders of tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import ctk

from toolkit.locks import exclusive


@pytest.fixture(scope="session")
def shared_tmp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that all workers of one run have in common."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if base.name.startswith("popen-") else base
    (folder / "shared").mkdir(exist_ok=True)
    return folder / "shared"


@pytest.fixture(scope="session")
def main_home(shared_tmp: Path) -> Path:
    """A $CTK_HOME with the synthetic main model, made once for all workers."""
    home = shared_tmp / "ctk-home"
    _main_onnx(shared_tmp, home)
    return home


@pytest.fixture(scope="session")
def main_onnx(shared_tmp: Path, main_home: Path) -> Path:
    """The synthetic main model, converted by the installed command; not to be written to."""
    return _main_onnx(shared_tmp, main_home)


def _main_onnx(folder: Path, home: Path) -> Path:
    target = folder / "main" / "main.onnx"
    with exclusive(folder / "main.lock"):
        if not target.exists():
            done = ctk("convert", "caffe:onnx", "--weights", "synthetic", "-o", target, cwd=folder, home=home)
            assert done.returncode == 0, done.stderr
    return target
