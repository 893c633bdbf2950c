"""How a call of `ctk parity` ends, with a comparison that nobody runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from parity_documents import document_of, output_of, pair_of, quality_of

from benchmarks.parity_check.verdict import INTERRUPTED
from benchmarks.parity_document import ParityDocument
from reports.parity.performing import perform
from reports.parity.progress_line import progress_line
from reports.parity.request import Request
from toolkit.errors import CheckFailed, EnvironmentFailed
from toolkit.messages import warn

Capture = pytest.CaptureFixture[str]
Comparing = Callable[..., None]
PICTURE = "a" * 64 + ".png"


@pytest.fixture
def comparing(monkeypatch: pytest.MonkeyPatch) -> Comparing:
    """Lets a comparison come to this document, after the warnings and pictures that it would leave."""

    def come_to(document: ParityDocument, *warnings: str, pictures: tuple[str, ...] = ()) -> None:
        def parity(_model: object, *, pictures_in: Path | None, **_asked: Any) -> ParityDocument:
            for text in warnings:
                warn(text)
            if pictures_in is not None:
                for name in pictures:
                    place = pictures_in / "blobs" / name
                    place.parent.mkdir(parents=True, exist_ok=True)
                    place.write_bytes(b"picture")
            return document

        monkeypatch.setattr("benchmarks.parity_api.parity", parity)
        monkeypatch.setattr("reports.parity.planned.refuse_mistakes", lambda _asked: [])

    return come_to


def test_an_interrupted_run_is_delivered_first(comparing: Comparing, tmp_path: Path, capsys: Capture):
    comparing(document_of([pair_of()], verdict="incomplete", reasons=[INTERRUPTED]))
    with pytest.raises(KeyboardInterrupt):
        perform(Request(), str(tmp_path / "p.json"), False)
    assert "verdict: incomplete" in capsys.readouterr().out
    kept = ParityDocument.model_validate_json((tmp_path / "p.json").read_bytes())
    assert kept.reasons == [INTERRUPTED]


def test_a_target_that_cannot_be_written_decides_over_a_failure_which_is_told_too(
    comparing: Comparing, tmp_path: Path
):
    (tmp_path / "file").write_text("")
    failing = pair_of(outputs=[output_of("fail")], verdict="fail", reason="too far")
    comparing(document_of([failing], verdict="fail", reasons=["onnxruntime at f32: too far"]))
    with pytest.raises(EnvironmentFailed, match="CTK401") as caught:
        perform(Request(), str(tmp_path / "file" / "p.json"), True)
    assert "also: CTK101 1 of 1 backend differs from caffe-reference" in caught.value.notes
    assert "onnxruntime at f32: too far" in caught.value.notes


def test_standard_output_holds_the_document_alone(comparing: Comparing, capsys: Capture):
    document = document_of([pair_of()])
    comparing(document)
    assert perform(Request(), "-", False) == 0
    assert capsys.readouterr().out == document.to_json()


def test_quiet_prints_nothing_and_still_fails(comparing: Comparing, capsys: Capture):
    comparing(document_of([pair_of(verdict="fail")], verdict="fail", reasons=["why"]))
    with pytest.raises(CheckFailed, match="CTK101"):
        perform(Request(), None, True)
    assert capsys.readouterr().out == ""


def test_what_is_warned_of_twice_is_said_once(comparing: Comparing, capsys: Capture):
    comparing(document_of([pair_of()]), "a filler", "another", "a filler")
    perform(Request(), None, True)
    assert capsys.readouterr().err == "warning: a filler\nwarning: another\n"


def test_pictures_go_beside_the_document_and_nowhere_else(comparing: Comparing, tmp_path: Path):
    hostile = {"side_by_side": PICTURE, "error_map": "../../stolen.png"}
    document = document_of([pair_of(quality=[quality_of("coffee", pictures=hostile)])])
    comparing(document, pictures=(PICTURE, "stolen.png"))
    perform(Request(), str(tmp_path / "here" / "p.json"), True)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == sorted([PICTURE, "p.json"])
    assert (tmp_path / "here" / "blobs" / PICTURE).read_bytes() == b"picture"


@pytest.mark.parametrize(
    ("terminal", "quiet", "listens"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_progress_is_drawn_on_a_terminal_only(
    terminal: bool, quiet: bool, listens: bool, monkeypatch: pytest.MonkeyPatch, capsys: Capture
):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    with progress_line(quiet) as listener:
        assert (listener is not None) == listens
        if listener is not None:
            listener("[bold]openvino\x1b[2J")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "\x1b[2J" not in captured.err
