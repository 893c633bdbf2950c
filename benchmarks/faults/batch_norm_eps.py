"""BatchNorm with another framework's epsilon."""

from __future__ import annotations

from benchmarks.faults.fault import Fault, Place
from benchmarks.faults.graph import FaultGraph

# The default of Keras' BatchNormalization; Caffe's and PyTorch's is 1e-5.
KERAS_EPSILON = 1e-3


def make(graph: FaultGraph) -> Place | None:
    """Changes the BatchNormalization that has the smallest variance: there epsilon counts most."""
    norms = [
        (float(variance.min()), node)
        for node in graph.of_type("BatchNormalization")
        if (variance := graph.numbers(node, 4)) is not None
    ]
    if not norms:
        return None
    _, node = min(norms, key=lambda pair: pair[0])
    old = graph.attribute(node, "epsilon", 1e-5)
    new = KERAS_EPSILON if old < KERAS_EPSILON / 2 else old / 100
    graph.set_attribute(node, "epsilon", new)
    return Place(graph.layer(node), f"epsilon is {new:.3g} in place of {old:.3g}")


FAULT = Fault("batch-norm-eps", "a BatchNorm has another framework's epsilon", make)
