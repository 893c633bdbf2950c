"""Baselines on disk: what is saved comes back, and what is damaged is refused with the reason."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from bench_documents import control_of, document_of, launches_of, run_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.baseline.stored import load_baseline, save_baseline, why_no_baseline
from benchmarks.bench_document import EnvironmentFinding, Gate
from toolkit.errors import BadInput, CtkError, EnvironmentFailed, Inconclusive

GOOD = document_of([run_of("openvino")])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "baseline.json"


def test_what_was_saved_comes_back(path: Path):
    save_baseline(GOOD, path)
    assert load_baseline(path) == GOOD
    newer = document_of([run_of("openvino", 6.0)])
    save_baseline(newer, path)
    assert load_baseline(path) == newer, "ctk's own file is replaced without asking"


def test_no_file_is_a_state_and_no_error(path: Path):
    assert load_baseline(path) is None
    path.parent.mkdir()
    assert load_baseline(path) is None


UNFIT = {
    "it was interrupted": {"verdict": "incomplete"},
    "it is slower than what it was held against": {
        "gate": Gate(
            kind="against", state="compared", old="a", new="b", margin=0.03, verdict="regression", reason=""
        )
    },
    "whether it is slower than what it was held against stayed open": {
        "gate": Gate(
            kind="baseline",
            state="compared",
            old="a",
            new="b",
            margin=0.03,
            verdict="inconclusive",
            reason="",
        )
    },
    "its verdict is fail: y: failed: it died": {"verdict": "fail", "reasons": ["y: failed: it died"]},
    "its figures are predicted, not measured": {"origin": "predicted"},
    "nothing was measured": {"runs": [run_of("x", status="failed")]},
    "a single launch says nothing about the next one": {
        "runs": [run_of("x", launches=launches_of(5, launches=1))]
    },
    "it has no control to say what the host could resolve": {"control": control_of(stage="total")},
    "the host was too noisy: stolen": {
        "findings": [EnvironmentFinding(name="steal", severity="too_noisy", message="stolen")]
    },
}


@pytest.mark.parametrize("reason", UNFIT)
def test_a_run_that_cannot_serve_is_not_saved(path: Path, reason: str):
    save_baseline(GOOD, path)
    parts: dict[str, Any] = {"runs": GOOD.runs} | UNFIT[reason]
    document = document_of(**parts)
    assert why_no_baseline(document) == reason
    with pytest.raises(Inconclusive) as caught:
        save_baseline(document, path)
    assert (caught.value.code, load_baseline(path)) == ("CTK302", GOOD)


@pytest.mark.parametrize("content", [b"my thesis", b"", b'{"schema": "ctk.parity/1"}'])
def test_somebody_elses_file_is_not_replaced(path: Path, content: bytes):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(EnvironmentFailed) as caught:
        save_baseline(GOOD, path)
    assert (caught.value.code, path.read_bytes()) == ("CTK406", content)


def edited(**parts: Any) -> bytes:
    return json.dumps(json.loads(GOOD.to_json()) | parts).encode()


def with_medians(medians: list[Any]) -> bytes:
    text = json.loads(GOOD.to_json())
    text["runs"][0]["launches"][0]["rounds_ms"] = medians
    return json.dumps(text).encode()


BAD: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "no JSON text"),
    "cut": (GOOD.to_json().encode()[:500], "no JSON text"),
    "no text": (b"\xff\xfe\x00", "no JSON text"),
    "a list": (b"[]", "no document of ctk, not of ctk.bench/1"),
    "folds": (b"[" * 100_000, "no JSON text"),
    "long number": (b'{"schema": ' + b"1" * 5000 + b"}", "no JSON text"),
    "another schema": (edited(schema="ctk.parity/1"), "the schema 'ctk.parity/1', not of ctk.bench/1"),
    "a later schema": (edited(schema="ctk.bench/2"), "the schema 'ctk.bench/2'"),
    "a field missing": (json.dumps({"schema": "ctk.bench/1"}).encode(), "damaged: created: Field required"),
    "a strange field": (edited(frob=1), "damaged: frob: Extra inputs are not permitted"),
    "a wrong word": (edited(verdict="fine"), "damaged: verdict: Input should be"),
    "a negative median": (with_medians([5.0, -1.0]), "openvino: the median of a round is no positive number"),
    "an infinite median": (with_medians([5.0]).replace(b"[5.0]", b"[1e999]"), "no positive number"),
    "NaN": (with_medians([float("nan")]), "NaN is no number of JSON"),
    "a control upside down": (
        edited(control=json.loads(control_of(1.1, 0.9).model_dump_json())),
        "its interval",
    ),
    "a control of nought": (
        edited(control=json.loads(control_of(0.0, 1.1).model_dump_json())),
        "its interval",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_the_reason(tmp_path: Path, name: str):
    content, words = BAD[name]
    file = tmp_path / "b.json"
    file.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        load_baseline(file)
    assert caught.value.code == "CTK502"
    assert words in caught.value.headline
    assert str(file) in caught.value.headline
    assert len(caught.value.headline) < 400 + len(str(file))


def test_the_line_of_a_fault_in_the_text_is_told(tmp_path: Path):
    file = tmp_path / "b.json"
    file.write_text('{\n "schema": "ctk.bench/1",\n oops\n}')
    with pytest.raises(BadInput, match=r"b\.json:3"):
        load_baseline(file)


def test_folders_and_files_that_cannot_be_read_are_ctk501(tmp_path: Path):
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "pipe.json").unlink(missing_ok=True)
    os.mkfifo(tmp_path / "pipe.json")
    for name in (".", "dangling", "pipe.json"):
        with pytest.raises(BadInput) as caught:
            load_baseline(tmp_path / name)
        assert caught.value.code == "CTK501"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_anywhere_gives_a_document_or_an_error_of_ours(tmp_path: Path, data: st.DataObject):
    content = bytearray(GOOD.to_json().encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    (tmp_path / "b.json").write_bytes(bytes(content))
    assert outcome(tmp_path / "b.json") in {"BenchDocument", "CTK502"}


def outcome(file: Path) -> str:
    try:
        return type(load_baseline(file)).__name__
    except CtkError as error:
        return error.code


def test_the_first_run_becomes_the_baseline_although_nothing_was_compared(path: Path):
    first = Gate(
        kind="baseline", state="no baseline yet", old=None, new=None, margin=0.03, verdict="inconclusive", reason=""
    )  # fmt: skip
    save_baseline(GOOD.model_copy(update={"gate": first}), path)
    assert load_baseline(path) is not None
