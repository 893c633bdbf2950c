"""The field ``base`` of Exp and Log: -1 stands for e (`exp_layer.cpp`, `log_layer.cpp`)."""

from __future__ import annotations

import math

from converters.caffe.network import Layer

NATURAL = -1.0


def log_of_base(layer: Layer, base: float) -> float:
    """Natural logarithm of ``base`` in float64; exactly 1 for -1.

    Raises:
        BadInput: CTK507 when the base is neither -1 nor positive and finite.
    """
    if base == NATURAL:
        return 1.0
    if not 0 < base < math.inf:
        raise layer.fault("CTK507", f"base {base:g} must be positive and finite, or -1 for e")
    return math.log(base)
