"""Another distribution with entry points, laid out as pip would install it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from toolkit import plugins


def lay_distribution(
    folder: Path,
    entry_points: Mapping[str, Mapping[str, str]],
    *,
    name: str = "stranger",
    modules: Mapping[str, str] | None = None,
    requires: Sequence[str] = (),
) -> None:
    """Writes a distribution's metadata and modules; ``entry_points`` are by group and name."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    needs = "".join(f"Requires-Dist: {text}\n" for text in requires)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{needs}")
    groups = (
        f"[{group}]\n" + "".join(f"{point} = {value}\n" for point, value in points.items())
        for group, points in entry_points.items()
    )
    (info / "entry_points.txt").write_text("\n".join(groups))
    for module, text in (modules or {}).items():
        (folder / f"{module}.py").write_text(text)


def on_path(folder: Path, monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    """Makes what lies in the folder installed for this test; its modules are forgotten afterwards."""
    monkeypatch.syspath_prepend(str(folder))
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
        del sys.modules[module]
    plugins.members.cache_clear()
    monkeypatch.setattr(plugins, "members", plugins.members.__wrapped__)  # uncached, until the test ends
