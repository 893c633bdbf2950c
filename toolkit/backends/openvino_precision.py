"""The precision that OpenVINO really executes, layer by layer, from a compiled model's runtime graph."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from toolkit.backends.precision import executed_word

# Layer types of the runtime graph that move numbers and compute none: their precision says how wide a copy
# is. (Names: intel_cpu's `type_to_name_tbl`, and those of operators on other devices.)
_MOVING = frozenset(
    {
        "Broadcast",
        "Concat",
        "Concatenation",
        "Const",
        "Constant",
        "Convert",
        "DepthToSpace",
        "Gather",
        "GatherElements",
        "GatherND",
        "Generic",
        "Input",
        "MemoryInput",
        "MemoryOutput",
        "Output",
        "Pad",
        "Parameter",
        "Permute",
        "ReadValue",
        "Reorder",
        "Reshape",
        "Result",
        "Reverse",
        "ScatterUpdate",
        "ShapeOf",
        "ShuffleChannels",
        "SpaceToDepth",
        "Split",
        "Squeeze",
        "StridedSlice",
        "Tile",
        "Transpose",
        "Unsqueeze",
    }
)
# DESIGN §1's words. Other integers and booleans are indices, shapes and conditions.
_WORDS = {"f64": "f64", "f32": "f32", "f16": "f16", "bf16": "bf16", "i8": "i8", "u8": "i8"}


class Executed(NamedTuple):
    """What a compiled model computes in.

    Attributes:
        word: One word for all layers that compute; None where OpenVINO does not tell.
        layers: The word of each of them by its name in the artifact, where they differ; else empty.
    """

    word: str | None
    layers: Mapping[str, str]


def executed_precision(compiled: Any, names: Collection[str]) -> Executed:
    """Reads the runtime graph.

    Args:
        compiled: The ``openvino.CompiledModel``.
        names: Names of the artifact's own nodes. OpenVINO fuses them and says which; names that it made up
            itself are left out.
    """
    found: dict[str, str] = {}
    words, moved = [], []
    for node in compiled.get_runtime_model().get_ops():
        facts = node.get_rt_info()
        word = computing_word(facts)
        if word is None:
            continue
        if fact(facts, "layerType") in _MOVING:
            moved.append(word)
            continue
        words.append(word)
        originals = [n for n in fact(facts, "originalLayersNames").split(",") if n in names]
        found.update(dict.fromkeys(originals or [node.get_friendly_name()], word))
    # A graph that only moves numbers is as precise as it moves them.
    word = executed_word(words or moved)
    return Executed(word, found if len(set(words)) > 1 else {})


def computing_word(facts: Any) -> str | None:
    """The precision that a layer's kernel works in.

    ``runtimePrecision`` says f16 of a convolution whose weights are stored so, though its kernel
    (``brgconv_avx512_f32``) widens them once and computes in f32: then the kernel's name tells.
    """
    kernel = fact(facts, "primitiveType").rpartition("_")[2].lower()
    return _WORDS.get(kernel) or _WORDS.get(fact(facts, "runtimePrecision"))


def fact(facts: Any, key: str) -> str:
    """One of a layer's facts (``get_rt_info``) as text; empty where it has none of that key."""
    return str(facts[key].astype(str)) if key in facts else ""
