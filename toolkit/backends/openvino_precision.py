"""The precision that OpenVINO really executes, layer by layer, from a compiled model's runtime graph."""

from __future__ import annotations

from collections.abc import Mapping
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
_WORDS = {"f64": "f64", "f32": "f32", "f16": "f16", "bf16": "bf16"}
# Bytes are numbers in a quantised network alone: elsewhere they are booleans too, which run as u8.
_BYTES = {"i8", "u8"}
# What multiplies is quantised wherever it works on bytes.
_MULTIPLYING = frozenset({"Convolution", "Deconvolution", "FullyConnected", "MatMul"})
_QUANTISING = frozenset({"FakeQuantize", "FakeConvert"})


class Executed(NamedTuple):
    """What a compiled model computes in.

    Attributes:
        word: One word for all layers that compute; None where OpenVINO does not tell.
        layers: The word of each of them by its name in the artifact, where they differ; else empty.
    """

    word: str | None
    layers: Mapping[str, str]


def is_quantised(model: Any) -> bool:
    """Whether an ``openvino.Model`` quantises; the reader makes such nodes of ONNX's QuantizeLinear as well."""
    return any(node.get_type_name() in _QUANTISING for node in model.get_ops())


def executed_precision(compiled: Any, model: Any) -> Executed:
    """Reads the runtime graph.

    Args:
        compiled: The ``openvino.CompiledModel``.
        model: The ``openvino.Model`` that it was made of. OpenVINO fuses its nodes and says which; names that
            it made up itself are left out.
    """
    names = {node.get_friendly_name() for node in model.get_ops()}
    quantised = is_quantised(model)
    found: dict[str, str] = {}
    words, moved = [], []
    for node in compiled.get_runtime_model().get_ops():
        facts = node.get_rt_info()
        word = computing_word(facts, quantised=quantised)
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


def computing_word(facts: Any, *, quantised: bool) -> str | None:
    """The precision that a layer's kernel works in; None where it handles no real numbers.

    ``runtimePrecision`` says f16 of a convolution whose weights are stored so, though its kernel
    (``brgconv_avx512_f32``) widens them once and computes in f32: then the kernel's name tells.

    Args:
        facts: The layer's (``get_rt_info``).
        quantised: Whether the model quantises; see `is_quantised`.
    """
    counts = quantised or fact(facts, "layerType") in _MULTIPLYING
    for name in (fact(facts, "primitiveType").rpartition("_")[2].lower(), fact(facts, "runtimePrecision")):
        if name in _WORDS:
            return _WORDS[name]
        if name in _BYTES and counts:
            return "i8"
    return None


def fact(facts: Any, key: str) -> str:
    """One of a layer's facts (``get_rt_info``) as text; empty where it has none of that key."""
    return str(facts[key].astype(str)) if key in facts else ""
