"""Random networks for hypothesis: valid, small, over all simple layer types, and numerically tame."""

from __future__ import annotations

from growing_nets import Grower, RandomNet
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


MOST_LAYERS = 14


def random_nets() -> st.SearchStrategy[RandomNet]:
    """Networks of up to `MOST_LAYERS` layers behind one or two inputs."""
    return st.builds(grown, st.integers(0, 2**32 - 1), st.integers(0, MOST_LAYERS - 1))


def grown(seed: int, moves: int) -> RandomNet:
    """The network of a seed after so many moves."""
    grow = Grower(seed)
    batch = grow.integer(1, 3)
    for name in ("x", "y")[: grow.integer(1, 2)]:
        shape = (batch, grow.one_of([4, 1, 2, 6, 3]), grow.integer(1, 7), grow.integer(1, 7))
        grow.give(name, grow.rng.normal(size=shape))
    grow.add("ReLU", [grow.live[0]], bound=3.0, exact=True)
    for _ in range(moves):
        grow.one_of(MOVES)(grow)
    return grow.net
