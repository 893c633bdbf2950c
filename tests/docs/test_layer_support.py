"""docs/layers.md lists what must be there, with the facts of the sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from converters.caffe.layers import registry

PAGE = Path(__file__).resolve().parents[2] / "docs" / "layers.md"
# As the issue that asked for them lists them.
ASKED = """
    AbsVal ArgMax BatchNorm BatchReindex Bias BNLL Clip Concat Convolution Crop Deconvolution Dropout Eltwise ELU
    Embed Exp Flatten Im2col InnerProduct Input Log LRN MVN Parameter Pooling Power PReLU Reduction ReLU Reshape Scale
    Sigmoid Silence Slice Softmax Split SPP Swish TanH Threshold Tile
""".split()  # noqa: SIM905 - names read better as words
FORKS = "Permute Normalize Axpy Interp ShuffleChannel ReLU6 ConvolutionDepthwise Upsample".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def rows() -> dict[str, list[str]]:
    """Cells by layer type, of both tables."""
    cells = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in PAGE.read_text("utf-8").splitlines()
    ]
    return {row[0]: row[1:] for row in cells if len(row) > 1 and row[0] not in {"type", "---"}}


def test_everything_that_was_asked_for_is_listed(rows: dict[str, list[str]]):
    for kind in ASKED + FORKS:
        origin, file, opsets, _, notes = rows[kind]
        assert origin == ("fork" if kind in FORKS else "BVLC")
        path = PAGE.parent / file.partition("](")[2].rstrip(")")
        assert f'"{kind}"' in path.read_text("utf-8")
        assert opsets == "11–21"
        assert notes


def test_every_registered_type_is_listed(rows: dict[str, list[str]]):
    registry.load_all()
    assert rows.keys() == registry.SHAPES.keys()
    assert {kind for kind, row in rows.items() if len(row) == 2} == registry.REFUSED.keys()


@pytest.mark.parametrize(
    ("kind", "answer"), [("ReLU", "yes"), ("Dropout", "yes"), ("Pooling", "no"), ("Concat", "no")]
)
def test_in_place(rows: dict[str, list[str]], kind: str, answer: str):
    assert rows[kind][3] == answer
