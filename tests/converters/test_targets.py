from __future__ import annotations

import os
from pathlib import Path

import pytest

from converters.targets import check_target, choose_target
from toolkit.errors import CtkError


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (None, "ctk-out/net/onnx/net-bins.onnx"),
        ("x.onnx", "x.onnx"),
        (Path("x.onnx"), "x.onnx"),
        ("new/", "new/net-bins.onnx"),
        ("there", "there/net-bins.onnx"),
        (Path("there"), "there/net-bins.onnx"),
    ],
)
def test_where_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: Path | str | None, expected: str
):
    monkeypatch.chdir(tmp_path)
    Path("there").mkdir()
    assert choose_target(output, "net-bins", "net", "onnx") == Path(expected)
    assert os.listdir() == ["there"]  # noqa: PTH208


def refused(target: Path, sources: list[Path], *, ours: bool, force: bool) -> str:
    with pytest.raises(CtkError) as caught:
        check_target(target, sources, ours=ours, force=force)
    return caught.value.code


def test_free_place_and_own_file_need_nothing(tmp_path: Path):
    check_target(tmp_path / "x.onnx", [], ours=False, force=False)
    check_target(tmp_path / "absent" / "x.onnx", [], ours=False, force=False)
    (tmp_path / "x.onnx").write_text("")
    check_target(tmp_path / "x.onnx", [], ours=True, force=False)
    check_target(tmp_path / "x.onnx", [], ours=False, force=True)


def test_refusals(tmp_path: Path):
    mine = tmp_path / "x.onnx"
    mine.write_text("mine")
    assert refused(mine, [], ours=False, force=False) == "CTK406"
    (tmp_path / "link").symlink_to(mine)
    for force in (False, True):
        assert refused(mine, [tmp_path / "link"], ours=True, force=force) == "CTK601"
        assert refused(tmp_path, [], ours=True, force=force) == "CTK401"
    (tmp_path / "y.onnx.ctk.json").mkdir()
    assert refused(tmp_path / "y.onnx", [], ours=True, force=True) == "CTK401"
