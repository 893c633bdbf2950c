"""A network without weights has the very graph that the conversion with weights writes."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import onnx
import pytest

import converters
from converters import ConvertOptions
from converters.skeleton import ABSENT, MOST_EMBEDDED, skeleton
from toolkit.errors import BadInput, UsageFault

CASES = Path(__file__).parents[1] / "golden" / "cases"
HUGE = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 30000 } } }
layer { name: "fc" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 60000 } }
"""


def parts(path: Path) -> tuple[list[bytes], list[tuple[str, tuple[int, ...], int]], list[bytes], list[bytes]]:
    """Nodes, initializers without their numbers, inputs, and outputs."""
    graph = onnx.load(path, load_external_data=False).graph
    return (
        [node.SerializeToString() for node in graph.node],
        sorted((i.name, tuple(i.dims), i.data_type) for i in graph.initializer),
        [value.SerializeToString() for value in graph.input],
        [value.SerializeToString() for value in graph.output],
    )


@pytest.mark.parametrize(
    "case", ["dag_05", "dag_55", "conv_3x3_pad1", "bn_sf999", "deconv_k4s2p1", "deep_inplace_60"]
)
@pytest.mark.parametrize("opset", [11, 13, 21])
def test_graph_is_that_of_the_conversion(tmp_path: Path, case: str, opset: int):
    options = ConvertOptions(opset=opset)
    files = sorted((CASES / case).glob("deploy.prototxt")) + sorted((CASES / case).glob("*.caffemodel"))
    whole = converters.convert(files, output=tmp_path / "whole.onnx", options=options).path
    bare = skeleton(files[:1], options, tmp_path)
    assert parts(bare) == parts(whole)


@pytest.mark.parametrize(("head", "outputs"), [(None, "class8_ab"), ("bins", "class8_313_rh")])
def test_main_model_without_its_weights(
    tmp_path: Path, head: str | None, outputs: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CTK_HOME", str(tmp_path / "home"))
    bare = skeleton("colorization-v2-norebal", ConvertOptions(head=head), tmp_path)
    assert not (tmp_path / "home").exists()  # no weights were made for it
    graph = onnx.load(bare, load_external_data=False).graph
    assert [value.name for value in graph.output] == [outputs]
    assert bare.stat().st_size < 50_000
    absent = [i for i in graph.initializer if i.data_location == onnx.TensorProto.EXTERNAL]
    assert len(absent) > 30
    assert {entry.value for i in absent for entry in i.external_data if entry.key == "location"} == {ABSENT}
    assert not (tmp_path / ABSENT).exists()
    assert all(len(i.raw_data) <= 4 * MOST_EMBEDDED for i in graph.initializer)


def test_shapes_follow_from_what_is_left(tmp_path: Path):
    bare = onnx.load(skeleton("colorization-v2-norebal", None, tmp_path), load_external_data=False)
    del bare.graph.value_info[:]
    bare.graph.output[0].type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(bare, strict_mode=True)
    assert [d.dim_value for d in inferred.graph.output[0].type.tensor_type.shape.dim] == [1, 2, 56, 56]


def test_weights_that_would_fill_the_memory_take_none(tmp_path: Path):
    (tmp_path / "huge.prototxt").write_text(HUGE)  # 7.2 GB of weights
    skeleton("colorization-v2", None, tmp_path)  # whatever is imported is not counted
    tracemalloc.start()
    bare = skeleton([tmp_path / "huge.prototxt"], None, tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50e6  # 32 MiB of it is the bound under which a prototxt is read
    (weight,) = [i for i in onnx.load(bare, load_external_data=False).graph.initializer if len(i.dims) == 2]
    assert sorted(weight.dims) == [30_000, 60_000]


def test_errors_are_those_of_the_conversion(tmp_path: Path):
    with pytest.raises(BadInput, match="CTK501"):
        skeleton([tmp_path / "none.prototxt"], None, tmp_path)
    with pytest.raises(UsageFault, match="CTK603"):
        skeleton("colorization-v3", None, tmp_path)
    with pytest.raises(UsageFault, match="CTK604"):
        skeleton("colorization-v2", ConvertOptions(opset=99), tmp_path)
