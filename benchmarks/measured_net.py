"""The network of about 5 ms that `benchmarks/harness_cost.py` measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SIDE = 32
LAYERS = 16


def write_network(path: Path) -> None:
    """`LAYERS` convolutions of 64 channels at 32×32, then one to the two planes that a preset reads."""
    from onnx import TensorProto, helper, numpy_helper, save_model

    generator = np.random.default_rng(6)
    nodes, weights, last, channels = [], [], "l", 1
    for index in range(LAYERS):
        kernel = generator.normal(0, 0.05, (64, channels, 3, 3)).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"w{index}"))
        nodes.append(helper.make_node("Conv", [last, f"w{index}"], [f"c{index}"], f"c{index}", pads=[1] * 4))
        nodes.append(helper.make_node("Relu", [f"c{index}"], [f"r{index}"], f"r{index}"))
        last, channels = f"r{index}", 64
    weights.append(numpy_helper.from_array(generator.normal(0, 0.05, (2, 64, 1, 1)).astype(np.float32), "w"))
    nodes.append(helper.make_node("Conv", [last, "w"], ["ab"], "ab"))
    body = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("l", TensorProto.FLOAT, [1, 1, SIDE, SIDE])],
        [helper.make_tensor_value_info("ab", TensorProto.FLOAT, [1, 2, SIDE, SIDE])],
        weights,
    )
    save_model(helper.make_model(body, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
