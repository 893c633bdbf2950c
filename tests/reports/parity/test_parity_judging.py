"""The verdict of a document as the error that ends `ctk parity`."""

from __future__ import annotations

import pytest
from parity_documents import control_of, document_of, failed_pair, layer_of, output_of, pair_of

from benchmarks.parity_check.verdict import document_verdict
from benchmarks.parity_document import ParityControl, ParityDocument, ParityPair
from reports.parity.judging import error_of
from toolkit.errors import BadInput, CheckFailed, CtkError, EnvironmentFailed, Inconclusive

FAILING = pair_of("opencv", outputs=[output_of("fail")], verdict="fail", reason="class8_ab: too far")


def judged(*pairs: ParityPair, controls: list[ParityControl] | None = None) -> ParityDocument:
    found = [control_of("output-grey")] if controls is None else controls
    verdict, reasons = document_verdict(pairs, found)
    return document_of(pairs, controls=found, verdict=verdict, reasons=reasons)


def test_a_pass_is_no_error():
    assert error_of(judged(pair_of())) is None


def test_an_informative_row_never_decides():
    assert error_of(judged(pair_of(), FAILING.model_copy(update={"decides": False}))) is None


def test_a_failure_counts_backends_and_says_why():
    error = error_of(judged(pair_of(), FAILING))
    assert isinstance(error, CheckFailed)
    assert error.headline == "CTK101 1 of 2 backends differs from caffe-reference"
    assert error.notes[0] == "opencv at f32: class8_ab: too far"
    assert "--layers" in error.notes[1]


def test_a_walked_failure_needs_no_hint():
    walked = FAILING.model_copy(update={"layers": [layer_of("conv1", "fail")]})
    error = error_of(judged(walked))
    assert error is not None
    assert error.notes == ("opencv at f32: class8_ab: too far",)


def test_a_control_that_passes_makes_it_inconclusive():
    error = error_of(judged(pair_of(), controls=[control_of("nan-pixel", seen=False)]))
    assert isinstance(error, Inconclusive)
    assert error.headline == (
        "CTK301 nothing can be concluded: the control 'nan-pixel' passes: the check cannot see it"
    )


def test_no_pair_is_inconclusive():
    error = error_of(judged())
    assert isinstance(error, Inconclusive)
    assert "nothing was compared" in error.headline


@pytest.mark.parametrize(
    ("codes", "kind", "code"),
    [
        (["CTK408"], EnvironmentFailed, "CTK408"),
        (["CTK404", "CTK517"], BadInput, "CTK517"),
        ([None], EnvironmentFailed, "CTK404"),
    ],
)
def test_a_backend_that_failed_decides_over_one_that_differs(
    codes: list[str | None], kind: type[CtkError], code: str
):
    failed = [failed_pair(f"b{i}", name or "?") for i, name in enumerate(codes)]
    failed = [one.model_copy(update={"failure_code": name}) for one, name in zip(failed, codes, strict=True)]
    error = error_of(judged(pair_of(), FAILING, *failed))
    assert isinstance(error, kind)
    assert error.code == code
    assert len(error.notes) == 1 + len(failed)
    assert "opencv at f32: class8_ab: too far" in error.notes
