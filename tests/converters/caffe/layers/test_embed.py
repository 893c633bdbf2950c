"""Embed against rows picked in a loop."""

from __future__ import annotations

import numpy as np
import pytest
from layer_nets import Nets, one_layer

from toolkit.errors import BadInput

BODY = "embed_param { num_output: 3 input_dim: 4 }"
NO_BIAS = "embed_param { num_output: 3 input_dim: 4 bias_term: false }"


@pytest.mark.parametrize("shape", [(6,), (2, 3), (2, 1, 3, 1)])
@pytest.mark.parametrize("has_bias", [True, False])
def test_picks_rows(nets: Nets, rng: np.random.Generator, shape: tuple[int, ...], has_bias: bool) -> None:
    weight, bias = rng.normal(size=(4, 3)).astype(np.float32), rng.normal(size=3).astype(np.float32)
    numbers = [0, 3, 2.9, 1, 1, 0.5]  # 2.9 is cut to 2, 0.5 to 0
    rows = [weight[n].astype(np.float64) + (bias if has_bias else 0) for n in (0, 3, 2, 1, 1, 0)]
    blobs = [weight, bias] if has_bias else [weight]
    net = nets.single("Embed", shape, BODY if has_bias else NO_BIAS, blobs)
    nets.agree(net, np.reshape(rows, (*shape, 3)), x=np.reshape(numbers, shape), opsets=range(11, 22))


def test_dynamic_batch(nets: Nets) -> None:
    weight = np.arange(12, dtype=np.float32).reshape(4, 3)
    net = nets.single("Embed", (1,), NO_BIAS, [weight], dynamic={"x": (0,)})
    nets.agree(net, [[9, 10, 11], [0, 1, 2]], x=[3, 0])


@pytest.mark.parametrize("number", [-1, 4])
def test_a_row_that_is_not_there_stops_the_oracle(nets: Nets, number: float) -> None:
    net = nets.single("Embed", (1,), NO_BIAS, [np.zeros((4, 3), np.float32)])
    with pytest.raises(BadInput) as caught:
        nets.oracle(net, x=np.float32([number]))
    assert caught.value.code == "CTK508"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("embed_param { input_dim: 4 }", "CTK507"),
        ("embed_param { num_output: 4 }", "CTK507"),
        ("embed_param { num_output: 4294967295 input_dim: 1 }", "CTK507"),
        (BODY, "CTK511"),
    ],
)
def test_refuses(nets: Nets, body: str, code: str) -> None:
    assert nets.code_of_fault({"x": (2,)}, one_layer("Embed", body)) == code


def test_refuses_in_place(nets: Nets) -> None:
    assert nets.code_of_fault({"x": (2,)}, one_layer("Embed", BODY, top="x")) == "CTK505"
