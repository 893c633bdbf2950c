"""Random networks for hypothesis: valid, small, over all simple layer types, and numerically tame."""

from __future__ import annotations

import numpy as np
from growing_nets import Draw, Grower, RandomNet
from hypothesis import strategies as st
from random_joins import fanned_out, joined, looked_up, paired, reshaped
from random_layers import convolved, curved, inner_product, per_channel, pointwise, pooled, resized, summed_up

MOVES = [
    pointwise,
    curved,
    convolved,
    pooled,
    per_channel,
    joined,
    fanned_out,
    reshaped,
    inner_product,
    paired,
    summed_up,
    resized,
    looked_up,
]


@st.composite
def random_nets(draw: Draw, most_layers: int = 14) -> RandomNet:
    """A network of up to ``most_layers`` layers behind one or two inputs."""
    grow = Grower(draw, draw(st.integers(0, 2**32 - 1)))
    batch = grow.integer(1, 3)
    for name in ("x", "y")[: grow.integer(1, 2)]:
        shape = (batch, grow.one_of([4, 1, 2, 6, 3]), grow.integer(1, 7), grow.integer(1, 7))
        grow.give(name, grow.rng.normal(size=shape).astype(np.float32))
    grow.add("ReLU", [grow.live[0]], bound=3.0, exact=True)
    for _ in range(grow.integer(0, most_layers - 1)):
        grow.one_of(MOVES)(grow)
    return grow.net
