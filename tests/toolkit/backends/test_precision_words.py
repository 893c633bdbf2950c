"""Words for what was asked for and what was executed."""

from __future__ import annotations

import pytest

from toolkit.backends.precision import executed_word, parts_of, refuse_unoffered
from toolkit.errors import UsageFault


@pytest.mark.parametrize(
    ("layers", "word", "parts"),
    [
        (["f32", "f32"], "f32", ("f32",)),
        (["f32", "bf16", "f32"], "mixed:bf16+f32", ("bf16", "f32")),
        (["i8", "f32", "f16"], "mixed:f16+f32+i8", ("f16", "f32", "i8")),
    ],
)
def test_one_word_or_a_mixture(layers: list[str], word: str, parts: tuple[str, ...]):
    assert executed_word(layers) == word
    assert parts_of(word) == parts


def test_nothing_computes():
    assert executed_word([]) is None


def test_a_precision_that_is_not_offered():
    refuse_unoffered("f32", ("f32", "native"), "onnxruntime")
    with pytest.raises(UsageFault, match=r"CTK604 .*onnxruntime .*'f16'") as caught:
        refuse_unoffered("f16", ("f32", "native"), "onnxruntime", "it cannot")
    assert caught.value.notes == ("offered: f32, native", "it cannot")
