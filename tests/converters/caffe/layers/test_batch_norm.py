"""BatchNorm's scale of 1 and shift of 0, which stand in no file; its formulas are in test_pointwise.py."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import onnx
from layer_nets import Nets
from onnx import numpy_helper

from converters.onnx.emit import emit_onnx
from converters.onnx.graph import Graph
from converters.onnx.stream_writer import write_onnx


def test_scale_and_shift_take_no_memory_of_their_own(nets: Nets):
    graph, _ = emit_onnx(nets.single("BatchNorm", (1, 5), "", [np.ones(5), np.ones(5), [1]]), 13)
    made = {item.name: item.values for item in graph.initializers if item.name in {"l.gamma", "l.beta"}}
    assert {name: (v.shape, set(v.tolist())) for name, v in made.items()} == {
        "l.gamma": ((5,), {1.0}),
        "l.beta": ((5,), {0.0}),
    }
    assert all(not any(values.strides) for values in made.values())


def test_one_number_repeated_is_written_piece_by_piece(nets: Nets, tmp_path: Path):
    count = (9 << 20) // 4 + 1
    graph, _ = emit_onnx(nets.single("BatchNorm", (1, 2), "", [np.ones(2), np.ones(2), [1]]), 13)
    graph.initializers = [
        type(item)(item.name, np.broadcast_to(np.float32(7), count)) for item in graph.initializers[:1]
    ]
    for above in (2**31, 0):  # in the file itself, and beside it
        assert _peak_of_writing(tmp_path / f"{above}.onnx", graph, above) < 6 << 20
        (written,) = onnx.load_model(tmp_path / f"{above}.onnx").graph.initializer
        values = numpy_helper.to_array(written)
        assert values.shape == (count,)
        assert np.all(values == 7)


def _peak_of_writing(target: Path, graph: Graph, external_above: int) -> int:
    tracemalloc.start()
    try:
        write_onnx(target, graph, dict, external_above=external_above)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
