"""Networks with several faults: each is told once, with its code and its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from caffe_samples import caffemodel, input_layer, layer, write_files

from converters.caffe.build import NetOptions, outline_net
from converters.caffe.prototxt import read_prototxt
from converters.inspection.document import InspectDocument
from converters.inspection.inspecting import inspect_files
from toolkit.app import main
from toolkit.errors import CtkError
from toolkit.messages import collected_warnings

GOLDEN = Path(__file__).parents[2] / "golden" / "cases"
DATA = input_layer(1, 3, 8, 8)
SMALL = "convolution_param { num_output: 4 kernel_size: 3 }"


def inspected(folder: Path, *lines: str, weights: bytes | None = None) -> InspectDocument:
    files = write_files(folder, "".join(lines), weights)
    with collected_warnings():
        return inspect_files([file for file in files if file is not None])


def told(document: InspectDocument) -> list[tuple[str, int | None]]:
    return [(problem.code, problem.line) for problem in document.problems]


# Every line has one fault of its own; what stands behind it cannot be checked.
FAULTY = (
    DATA,
    layer("big", "Convolution", "data", "big", "convolution_param { num_output: 4 kernel_size: 11 }"),  # 2
    layer("after", "ReLU", "big", "after"),  # 3: not checked
    layer("odd", "ReLUU", "after", "odd"),  # 4: its type is unknown, whatever its bottom is
    layer("lost", "Pooling", "dat", "lost", "pooling_param { kernel_size: 2 }"),  # 5
    layer("typo", "Convolution", "data", "typo", "convolution_param { num_output: 4 kernal_size: 3 }"),  # 6
    layer(
        "value", "Convolution", "data", "value", "convolution_param { num_output: lots kernel_size: 3 }"
    ),  # 7
    layer("twice", "ReLU", "data", "data"),  # 8: in place, and others read data
    layer("good", "Convolution", "data", "good", SMALL),  # 9
    layer("again", "ReLU", "good", "good2") + layer("more", "ReLU", "good", "good2"),  # 10 and 11
)


def test_every_fault_is_told_once_with_its_place(tmp_path: Path):
    found = inspected(tmp_path, *FAULTY)
    codes = told(found)
    assert codes[:6] == [
        ("CTK508", 2), ("CTK506", 4), ("CTK505", 5), ("CTK504", 6), ("CTK503", 7), ("CTK505", 8),
    ]  # fmt: skip
    assert ("CTK505", 11) in codes
    assert len(set(codes)) == len(codes)
    assert all(problem.stops_conversion and problem.file for problem in found.problems)
    assert {problem.layer for problem in found.problems} >= {"big", "odd", "lost", "typo", "value", "more"}
    by_layer = {problem.layer: problem for problem in found.problems}
    assert by_layer["odd"].notes == ["did you mean 'ReLU'?"]
    assert by_layer["lost"].notes == ["did you mean 'data'?"]
    assert by_layer["typo"].notes[0] == "did you mean 'kernel_size'?"
    assert FAULTY[5][(by_layer["typo"].column or 0) - 1 :].startswith("kernal_size")
    assert [(item.name, item.line, item.unknown_bottom) for item in found.unchecked][:1] == [
        ("after", 3, "big")
    ]


def test_what_cannot_be_checked_is_told_on_a_line_with_faults_too(tmp_path: Path):
    """Of layers with a fault of their own that is enough."""
    both = layer("both", "Convolution", "big", "both", "convolution_param { num_output: 4 kernal_size: 3 }")
    found = inspected(tmp_path, "".join([*FAULTY[:3], both]).replace("\n", " "))
    assert {(problem.layer, problem.line) for problem in found.problems} == {("big", 1), ("both", 1)}
    assert [(item.name, item.line) for item in found.unchecked] == [("after", 1)]


@pytest.mark.parametrize("kept", [1, 3, 4, 5, 6, 9])
def test_a_fault_alone_is_what_a_conversion_stops_at(tmp_path: Path, kept: int):
    """The stopping reader finds the same code and place first."""
    body = DATA + (FAULTY[8] if kept == 9 else "") + FAULTY[kept]
    text, _ = write_files(tmp_path, body)
    with pytest.raises(CtkError) as stopped:
        outline_net(read_prototxt(text), NetOptions())
    first = inspected(tmp_path, body).problems[0]
    assert (first.code, first.what, first.line) == (
        stopped.value.code, stopped.value.what, stopped.value.where.line
    )  # fmt: skip


def test_syntax_faults_do_not_hide_each_other(tmp_path: Path):
    found = inspected(
        tmp_path,
        DATA,
        'layer { name "a" type: "ReLU" bottom: "data" top: "a" }\n',
        'layer { name: "b" type: ] }\n',
        'layer { name: "c" typ: "ReLU" }\n',
    )
    assert told(found) == [("CTK503", 2), ("CTK503", 3), ("CTK504", 4)]
    assert (found.layer_count, found.unchecked) == (0, [])


def test_many_faulty_values_end(tmp_path: Path):
    lines = [
        layer(f"c{i}", "Convolution", "data", f"c{i}", "convolution_param { pad: x }") for i in range(60)
    ]
    found = inspected(tmp_path, DATA, *lines)
    assert {problem.code for problem in found.problems} == {"CTK503"}
    assert 10 <= len(found.problems) <= 60


def _weights(layers: dict[str, list[Any]]) -> bytes:
    return caffemodel([(name, "Convolution", blobs) for name, blobs in layers.items()])


def test_weights_that_lack_do_not_fit_and_are_not_used(tmp_path: Path):
    lines = [layer(name, "Convolution", "data", name, SMALL) for name in ("a", "b", "c", "d")]
    good = [np.ones((4, 3, 3, 3)), np.ones(4)]
    stored = {"a": good, "b": [np.ones((4, 3, 5, 5)), np.ones(4)], "c": good[:1], "x": good}
    found = inspected(tmp_path, DATA, *lines, weights=_weights(stored))
    assert [(p.code, p.layer, p.stops_conversion) for p in found.problems] == [
        ("CTK511", "d", True), ("CTK510", "b", True), ("CTK510", "c", True), ("CTK510", "x", False),
    ]  # fmt: skip
    assert "4x3x5x5" in found.problems[1].what
    assert [(p.layer, p.reason[:4]) for p in found.parameters.missing if p.role == "weight"] == [
        ("b", "what"), ("c", "what"), ("d", "the ")
    ]  # fmt: skip


def test_fillers_that_cannot_be_used(tmp_path: Path):
    bilinear = 'convolution_param { num_output: 4 kernel_h: 3 kernel_w: 2 weight_filler { type: "bilinear" } bias_term: false }'
    large = 'inner_product_param { num_output: 90000 weight_filler { type: "constant" } bias_filler { type: "constant" } }'
    found = inspected(
        tmp_path,
        DATA,
        layer("a", "Convolution", "data", "a", bilinear),
        layer("b", "InnerProduct", "data", "b", large),
        layer("c", "InnerProduct", "data", "c", large),
    )
    assert told(found) == [("CTK507", 2), ("CTK513", 3)]


def test_a_damaged_caffemodel_does_not_hide_the_rest(tmp_path: Path):
    whole = _weights({"a": [np.ones((4, 3, 3, 3)), np.ones(4)]})
    found = inspected(tmp_path, DATA, layer("a", "ReLUU", "data", "a"), weights=whole[:-9])
    assert [p.code for p in found.problems] == ["CTK506", "CTK509"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    text, _ = write_files(tmp_path, "".join(FAULTY))
    assert main(["inspect", str(text)]) == 5
    found = capsys.readouterr()
    lines = [line for line in found.out.splitlines() if line.startswith("problem: ")]
    (error,) = [line for line in found.err.splitlines() if line.startswith("error: ")]
    assert error.startswith(
        f"error: CTK508 {len(lines)} problems; the first: the kernel reaches over (11, 11)"
    )
    assert lines[1].startswith("problem: CTK506 unknown layer type 'ReLUU' (")
    assert lines[1].endswith(":4, layer 'odd'); did you mean 'ReLU'?")
    assert f"not checked: ReLU 'after' ({text}:3): its bottom 'big' is unknown" in found.out.splitlines()
    assert main(["inspect", str(text), "--json", "-"]) == 5
    document = json.loads(capsys.readouterr().out)
    assert len(InspectDocument.model_validate(document).problems) == len(lines)


def test_what_stops_nothing_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    blobs = [np.ones((4, 3, 3, 3)), np.ones(4)]
    weights = _weights({"a": blobs, "spare": blobs})
    files = write_files(tmp_path, DATA + layer("a", "Convolution", "data", "a", SMALL), weights)
    assert main(["inspect", *map(str, files)]) == 0
    assert (
        "problem: CTK510 the caffemodel stores a layer that the network does not have"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize("folder", sorted(GOLDEN.glob("*/case.json")), ids=lambda path: path.parent.name)
def test_problems_are_found_where_caffe_refuses(folder: Path):
    """With its caffemodel, a case has a problem when the original Caffe refused it, and none when it ran."""
    case = json.loads(folder.read_text())
    files = [
        file
        for file in (folder.with_name("deploy.prototxt"), folder.with_name("weights.caffemodel"))
        if file.exists()
    ]
    with collected_warnings():
        try:
            found = [p.code for p in inspect_files(files).problems if p.stops_conversion]
        except CtkError as error:
            found = [error.code]
    if case["status"] == "ok" and not case.get("allow_error"):
        assert found == []
    elif case["status"] == "must_error" and (len(files) == 2 or "random_filler" not in folder.parent.name):
        assert found
