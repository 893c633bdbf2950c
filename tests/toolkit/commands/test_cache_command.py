from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolkit.app import main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    monkeypatch.setenv("CTK_HOME", str(home))
    for folder, size in (
        ("models/colorization-v2/released", 3_000_000),
        ("models/colorization-v2/synthetic", 2_000_000),
        ("artifacts/0123abcd0123abcd0123abcd0123abcd", 1_000_000),
    ):
        (home / folder).mkdir(parents=True)
        (home / folder / "data").write_bytes(bytes(size))
    return home


def test_table_shows_entries_total_and_limit(home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["cache"]) == 0
    out = capsys.readouterr().out
    assert "colorization-v2/released" in out
    assert "0123abcd0123abcd0123abcd0123abcd" in out
    assert "6.0 MB of at most 8589.9 MB" in out
    assert str(home) in out


def test_document_has_the_figures(home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["cache", "--json", "-"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "ctk.cache/1"
    assert document["total_bytes"] == 6_000_000
    assert {entry["name"] for entry in document["entries"]} == {
        "colorization-v2/released", "colorization-v2/synthetic", "0123abcd0123abcd0123abcd0123abcd",
    }  # fmt: skip


def test_empty_cache_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "nowhere"))
    assert main(["cache"]) == 0
    assert main(["cache", "clear", "--all"]) == 0
    assert not (tmp_path / "nowhere" / "models").exists()


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--artifacts"], {"models"}),
        (["--model", "colorization-v2"], {"artifacts"}),
        (["--all"], set()),
    ],
)
def test_clear_removes_what_is_named(home: Path, options: list[str], left: set[str]):
    assert main(["cache", "clear", *options]) == 0
    assert {path.relative_to(home).parts[0] for path in home.rglob("data")} == left


def test_dry_run_removes_nothing(home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["cache", "clear", "--all", "--dry-run"]) == 0
    assert len(list(home.rglob("data"))) == 3
    assert capsys.readouterr().out.count("would remove") == 3


def test_clear_needs_to_know_what(home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["cache", "clear"]) == 64
    assert main(["cache", "clear", "--model", "colorisation-v2"]) == 64
    err = capsys.readouterr().err
    assert "CTK601" in err
    assert "did you mean 'colorization-v2'?" in err
    assert len(list(home.rglob("data"))) == 3


def test_unusable_cache_is_exit_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "file"))
    assert main(["cache"]) == 4
    assert capsys.readouterr().err.startswith("error: CTK409 ")


def test_schema_is_printed(capsys: pytest.CaptureFixture[str]):
    assert main(["cache", "--print-schema"]) == 0
    assert "total_bytes" in json.loads(capsys.readouterr().out)["properties"]


def test_options_in_front_of_clear_are_refused(home: Path, capsys: pytest.CaptureFixture[str]):
    for option in (["--json", str(home / "out.json")], ["--quiet"], ["--print-schema"]):
        assert main(["cache", *option, "clear", "--all"]) == 64
        captured = capsys.readouterr()
        assert captured.err.startswith(f"error: CTK601 {option[0]} in front of the word clear")
        assert captured.out == ""
    assert len(list(home.rglob("data"))) == 3
    assert not (home / "out.json").exists()


def test_clear_writes_its_document(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["cache", "clear", "--artifacts", "--quiet", "--json", str(tmp_path / "out.json")]) == 0
    document = json.loads((tmp_path / "out.json").read_text())
    assert [folder["kind"] for folder in document["removed"]] == ["artifact"]
    assert capsys.readouterr().out == ""


def test_the_list_is_an_answer_and_stays_under_quiet(home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["cache", "--quiet"]) == 0
    assert "colorization-v2/released" in capsys.readouterr().out


def test_a_limit_of_thousands_of_digits_is_a_fault_of_usage(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("CTK_CACHE_LIMIT", "9" * 5000)
    assert main(["cache"]) == 64
    assert capsys.readouterr().err.startswith("error: CTK601 CTK_CACHE_LIMIT is '999")
