"""Scale by a second bottom without axes; its formulas are in test_pointwise.py."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets, one_layer


@pytest.mark.parametrize("shape", [(4,), (2, 3), (2, 3, 2, 2)])
@pytest.mark.parametrize("axis", ["", "axis: 1", "axis: 5", "axis: -9"])
def test_a_scalar_may_lie_at_any_axis(
    nets: Nets, rng: np.random.Generator, shape: tuple[int, ...], axis: str
) -> None:
    """`scale_layer.cpp` takes axis 0 for it, without a look at the one that is stated."""
    x = rng.normal(size=shape).astype(np.float32)
    net = nets.build({"x": shape, "s": ()}, one_layer("Scale", f"scale_param {{ {axis} }}", ("x", "s")))
    nets.agree(net, x.astype(np.float64) * np.float32(1.5), x=x, s=np.float32(1.5))


def test_with_a_bias_the_axis_must_exist(nets: Nets) -> None:
    """The bias is a Bias layer of one bottom inside, which looks at the axis."""
    inputs: dict[str, tuple[int, ...]] = {"x": (3,), "s": ()}
    body = "scale_param { bias_term: true bias_filler { value: 4 } AXIS }"
    text = one_layer("Scale", body, ("x", "s"))
    assert nets.code_of_fault(inputs, text.replace("AXIS", "")) == "CTK507"
    net = nets.build(inputs, text.replace("AXIS", "axis: 0"))
    nets.agree(net, [6, 8, 10], x=[1, 2, 3], s=2)


def test_a_bottom_without_axes_has_no_axis_1(nets: Nets) -> None:
    text = one_layer("Scale", "scale_param { num_axes: 0 filler { value: 2 } }")
    assert nets.code_of_fault({"x": ()}, text) == "CTK507"
