"""The precision in which a network holds its numbers, in the words of DESIGN §1."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from converters.openvino.naming import CONSTANT
from toolkit.backends.precision import executed_word

# Element types of indices, shapes, conditions and texts: they say nothing about what is computed.
_NO_NUMBERS = frozenset(
    {"boolean", "u1", "i16", "u16", "i32", "u32", "i64", "u64", "string", "dynamic", "undefined"}
)
_WORDS = {"u8": "i8"}
_COMPRESSED = {"f32": "f16", "f64": "f16"}


def held_precision(model: Any, *, compressed: bool) -> str:
    """One word for the constants of a network, and for its inputs where it has none.

    Args:
        model: ``openvino.Model`` before it is written.
        compressed: Whether writing it narrows the wide constants to f16.

    Returns:
        A word such as ``f32``; ``mixed:f16+f32`` where constants differ. The name of OpenVINO's element type
        where the network computes with other numbers (``f64``, ``i64``).
    """
    constants = (op.get_element_type() for op in model.get_ops() if op.get_type_name() == CONSTANT)
    inputs = [value.get_element_type().get_type_name() for value in model.inputs]
    words = _words(kind.get_type_name() for kind in constants) or _words(inputs)
    if compressed:
        words = {_COMPRESSED.get(word, word) for word in words}
    return executed_word(words) or min(inputs, default="f32")


def _words(types: Iterable[str]) -> set[str]:
    return {_WORDS.get(name, name) for name in types if name not in _NO_NUMBERS}
