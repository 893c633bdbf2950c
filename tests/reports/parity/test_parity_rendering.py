"""The document of `ctk parity` as text, from documents that nobody measured."""

from __future__ import annotations

import io
from typing import Any

import pytest
from parity_documents import (
    control_of,
    document_of,
    failed_pair,
    layer_of,
    output_of,
    pair_of,
    quality_of,
)

from benchmarks.parity_document import (
    Blame,
    BlameShare,
    ParityDocument,
    ParityInput,
    ParityReference,
    WeightDifference,
)
from reports.parity.cautions import document_cautions
from reports.parity.show import show


def text_of(document: ParityDocument, width: int | None = None) -> str:
    stream = io.StringIO()
    show(document, stream, width)
    return stream.getvalue()


def section_of(text: str, head: str) -> list[list[str]]:
    """Words of each line of the section whose title begins so, without the title."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(head))
    rest = lines[start + 1 :]
    end = rest.index("") if "" in rest else len(rest)
    return [line.split() for line in rest[:end]]


def native(**parts: Any) -> Any:
    given = {"precision_requested": "native", "precision_executed": "bf16", "decides": False}
    return pair_of(parts.pop("backend", "openvino"), **(given | parts))


def test_what_was_checked_stands_on_top():
    first = text_of(document_of([pair_of()])).splitlines()
    assert first[0] == "tiny, weights: synthetic (measured)"
    assert first[1].startswith("weights are synthetic")
    assert first[2] == "reference: caffe-reference, Caffe's meaning in float64, sha256 abababababab"
    assert first[3] == "rule: |d| <= 1e-05 + 0.0001 * max|reference| of its channel, in float64"
    assert first[4].startswith("preset exact; Frob 9000, Linux 6.8.0")
    assert first[5] == "1 input: coffee 600×400"


def test_released_weights_carry_no_caveat():
    document = document_of([pair_of()])
    released = document.model_copy(
        update={"model": document.model.model_copy(update={"weights": "released"})}
    )
    assert "synthetic" not in text_of(released)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (
            ParityReference(kind="golden", name="cases/lrn", sha256=None),
            "cases/lrn, stored outputs of the original Caffe",
        ),
        (
            ParityReference(kind="backend", name="torch", sha256=None),
            "torch, another backend, which may share a fault",
        ),
        (
            ParityReference(kind="caffe-reference", name="caffe-reference", sha256=None, cached=True),
            "in float64, outputs from the cache",
        ),
    ],
)
def test_every_kind_of_reference(reference: ParityReference, said: str):
    assert said in text_of(document_of([pair_of()], reference=reference))


def test_each_pair_has_its_row_of_figures():
    rows = section_of(text_of(document_of([pair_of()])), "Outputs against caffe-reference")
    assert rows[0][:4] == ["backend", "asked", "executed", "output"]
    assert rows[1] == [
        "onnxruntime", "1.31.1", "f32", "f32", "class8_ab", "1.5e-03", "1.8e-05", "2.5e-04", "1.7e-05", "pass",
    ]  # fmt: skip


def test_where_the_largest_difference_is():
    rows = section_of(text_of(document_of([pair_of()])), "Where they are largest")
    assert rows[1] == [
        "onnxruntime", "f32", "class8_ab", "[0,", "1,", "40,", "41]", "coffee", "7.5e-04", "1.5e-03", "6.5e-06",
        "same", "bits",
    ]  # fmt: skip


def test_the_native_row_is_marked_and_its_reason_told_apart():
    worse = native(outputs=[output_of("fail")], verdict="fail", reason="class8_ab: 4 of 6272 values break it")
    text = text_of(document_of([pair_of(), worse]))
    rows = section_of(text, "Outputs against")
    assert rows[2][2:4] == ["native", "bf16"]
    assert rows[2][-2:] == ["fail", "(informative)"]
    assert "openvino at native: class8_ab: 4 of 6272 values break it" in text
    assert text.splitlines()[-1] == "verdict: pass"


def test_a_pair_that_reaches_grey_fails_though_its_outputs_pass():
    pair = pair_of(verdict="fail", reaches_grey=True, quality=[quality_of("coffee")])
    text = text_of(document_of([pair], verdict="fail", reasons=["onnxruntime at f32: reaches grey"]))
    assert section_of(text, "Outputs against")[1][-1] == "fail"
    assert section_of(text, "What a person would see")[1][-1] == "YES"
    assert text.splitlines()[-2:] == ["verdict: fail", "- onnxruntime at f32: reaches grey"]


def test_only_the_output_that_fails_is_said_to_fail():
    outputs = [output_of("pass", "one"), output_of("fail", "two")]
    rows = section_of(text_of(document_of([pair_of(outputs=outputs, verdict="fail")])), "Outputs against")
    assert [(row[4], row[-1]) for row in rows[1:3]] == [("one", "pass"), ("two", "fail")]


def test_a_backend_that_failed_has_a_row_without_figures():
    text = text_of(document_of([failed_pair("openvino"), pair_of()], verdict="incomplete"))
    rows = section_of(text, "Outputs against")
    assert rows[1] == ["openvino", "f32", "unknown", "-", "-", "-", "-", "-", "failed"]
    assert [row[0] for row in section_of(text, "Where they are largest")[1:2]] == ["onnxruntime"]


def test_figures_that_do_not_exist_are_no_zeros():
    outputs = [
        output_of("fail", "missing", max_abs=None, worst_index=None, smallest_passing_rtol=None),
        output_of("fail", "nowhere", max_abs=2.0, smallest_passing_rtol=None),
        output_of("pass", "exact", max_abs=0.0, smallest_passing_rtol=0.0),
    ]
    rows = section_of(text_of(document_of([pair_of(outputs=outputs, verdict="fail")])), "Outputs against")
    assert [(row[4], row[5], row[8]) for row in rows[1:4]] == [
        ("missing", "-", "-"),
        ("nowhere", "2.0e+00", "none"),
        ("exact", "0", "0"),
    ]


def test_the_worst_picture_stands_beside_grey():
    pictures = [quality_of("coffee", 0.25), quality_of("chelsea", 0.5, ab_rmse=0.6789, psnr_db=None)]
    rows = section_of(text_of(document_of([pair_of(quality=pictures)])), "What a person would see")
    assert rows[1][:7] == ["onnxruntime", "f32", "chelsea", "0.5000", "1.1250", "2.5000", "0.6789"]
    assert rows[2][:7] == ["grey", "(ab", "=", "0)", "12.2184", "14.9000", "19.7000"]
    assert "2.9e+01;" in rows[3]
    assert rows[5] == ["onnxruntime", "f32", "equal", "0.9991", "0.9992", "61.3", "0.9993"]


def test_saved_pictures_are_counted_once():
    saved = {"side_by_side": "a" * 64 + ".png", "error_map": "b" * 64 + ".png"}
    pairs = [pair_of(quality=[quality_of("coffee", pictures=saved)])] * 2
    assert "2 pictures in the folder blobs/" in text_of(document_of(pairs))


def test_layers_are_listed_only_where_they_were_walked():
    without = text_of(document_of([pair_of()]))
    assert "Layers of" not in without
    assert "divergent" not in without
    layers = [
        layer_of("conv1"),
        layer_of("conv2", "fail", growth=412.0, explained_by_rounding=False),
        layer_of("relu2", "absent", type="ReLU", max_abs=None, max_rel=None, growth=None),
    ]
    pair = pair_of(layers=layers, first_divergent_layer="conv2", first_amplifying_layer="conv2")
    text = text_of(document_of([pair]))
    assert (
        "onnxruntime at f32: first divergent layer conv2, first amplifying layer conv2 "
        "(3 values, 1 of them not given by this backend)"
    ) in text
    rows = section_of(text, "Layers of onnxruntime at f32")
    assert rows[1] == ["conv1", "Convolution", "conv1", "2.0e-05", "1.5e-07", "1.5×", "-", "pass"]
    assert rows[2][5:] == ["412.0×", "MORE", "fail"]
    assert rows[3] == ["relu2", "ReLU", "relu2", "-", "-", "-", "-", "absent"]


def test_weights_that_differ_are_listed_once_for_an_artifact():
    lost = WeightDifference(
        layer="conv8_313_rh", name="conv8_313_rh/0", kind="removed", detail="scale 2.606", max_abs=None
    )
    pairs = [pair_of(weights=[lost]), native(backend="onnxruntime", weights=[lost])]
    rows = section_of(text_of(document_of(pairs)), "Weights that are not the source's")
    assert rows[1] == ["onnxruntime", "conv8_313_rh", "conv8_313_rh/0", "removed", "-", "scale", "2.606"]
    assert len(rows) == 2


def test_blame_shows_shares_and_interactions():
    blame = Blame(
        total_delta_e2000_mean=0.5628,
        shares=[
            BlameShare(part="pre", share=0.25, delta_e2000_mean_alone=0.1),
            BlameShare(part="post", share=0.75, delta_e2000_mean_alone=0.5),
        ],
        interactions={"pre+post": -0.125},
        text="Mostly post.",
    )
    rows = section_of(text_of(document_of([pair_of(blame=blame)])), "Blame: onnxruntime at f32")
    assert rows[0] == ["Mostly", "post."]
    assert rows[2:5] == [["pre", "25.0", "%", "0.1000"], ["post", "75.0", "%", "0.5000"], ["all", "0.5628"]]
    assert rows[5][:4] == ["together:", "pre+post", "-12.5", "%"]


def test_a_control_that_was_not_seen_stands_out():
    controls = [
        control_of("output-grey"),
        control_of("nan-pixel", seen=False, layer=None, layer_named="conv1", delta_e2000=None, outputs=[]),
    ]
    rows = section_of(text_of(document_of([pair_of()], controls=controls)), "Controls: 1 of 2 faults")
    assert rows[1] == [
        "output-grey", "class8_ab", "onnxruntime", "8.5e+01", "1.7e-05", "14.3826", "-", "seen",
    ]  # fmt: skip
    assert rows[2] == [
        "nan-pixel", "no", "single", "layer", "onnxruntime", "-", "-", "-", "conv1", "NOT", "SEEN",
    ]  # fmt: skip


def test_no_control_is_said():
    assert "Controls: none ran" in text_of(document_of([pair_of()], controls=[]))


def test_notes_and_skipped_inputs_are_kept():
    inputs = [
        ParityInput(name="a.png", sha256="0" * 64, width=3, height=2),
        ParityInput(name="b.png", sha256=None, usable=False, reason="CTK518 torn"),
    ]
    document = document_of([pair_of()], inputs=inputs, notes=["torch is left out"])
    text = text_of(document)
    assert "1 input: a.png 3×2" in text
    assert "skipped: b.png: CTK518 torn" in text
    assert "note: torch is left out" in text
    assert document_cautions(document) == ["1 of 2 inputs skipped: b.png"]


def test_names_cannot_write_on_the_terminal():
    hostile = output_of(name="\x1b[2J[bold]ab")
    text = text_of(document_of([pair_of(outputs=[hostile], worst_input={})]))
    assert "\x1b" not in text
    assert "\\x1b[2J[bold]ab" in text


def test_a_narrow_terminal_keeps_its_width():
    tables = text_of(document_of([pair_of(quality=[quality_of("coffee")])]), width=80)
    assert max(len(line.rstrip()) for line in tables.splitlines() if "e-0" in line and "<=" not in line) <= 80
    assert "1.7e-05" in tables


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, None),
        ({"precision_executed": "bf16"}, "onnxruntime: precision f32 was asked for, and bf16 was executed"),
        (
            {"precision_executed": None},
            "onnxruntime: precision f32 was asked for, and what was executed is unknown",
        ),
        ({"precision_requested": "native", "precision_executed": "bf16", "decides": False}, None),
        (
            {"deterministic": False},
            "onnxruntime at f32: a second run of the same input gave other bits",
        ),
    ],
)
def test_what_nobody_should_miss_is_a_warning(parts: dict[str, Any], said: str | None):
    assert document_cautions(document_of([pair_of(**parts)])) == ([said] if said else [])
