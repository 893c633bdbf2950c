"""No layer and no parameter is lost without a word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from caffe_samples import TWO_LAYERS, caffemodel, input_layer, layer, small_net, two_layer_weights

from converters.caffe.layers import registry
from converters.caffe.network import Layer, Net, Value
from converters.caffe.schema import LayerParameter, NetParameter
from converters.ledger import Ledger
from converters.onnx.emit import emit_onnx
from converters.onnx.emitter import Emitter
from toolkit.errors import InternalFault
from toolkit.ledger import ParameterEntry
from toolkit.messages import collected_warnings

registry.load_all()
TYPES = sorted(registry.SHAPES)
GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "cases"


@pytest.fixture
def net(tmp_path: Path) -> Net:
    return small_net(tmp_path, TWO_LAYERS, caffemodel([("conv", "Convolution", two_layer_weights())]))


def forget(layer: Layer, emitter: Emitter) -> None:
    """An emission that does nothing."""


def test_three_registries_have_the_same_types():
    assert registry.SHAPES.keys() == registry.EMISSIONS.keys() == registry.EVALUATIONS.keys()
    assert {
        "Input",
        "Convolution",
        "Deconvolution",
        "ReLU",
        "BatchNorm",
        "Scale",
        "Softmax",
        "Silence",
    } <= set(TYPES)


def test_type_is_registered_once():
    with pytest.raises(RuntimeError, match="registered twice"):
        registry.shape_rule("ReLU")(registry.SHAPES["ReLU"])


@pytest.mark.parametrize("kind", TYPES)
def test_disabling_a_handler_is_noticed(kind: str, monkeypatch: pytest.MonkeyPatch):
    """For every registered type, those of later issues too: its layer goes missing in a small network."""
    monkeypatch.setitem(registry.EMISSIONS, kind, forget)
    message = LayerParameter()
    data = Layer(0, "data", "Input", message, (), ("data",), (), ((1, 2),))
    lost = Layer(1, "lost", kind, message, ("data",), ("out",), ((1, 2),), ((1, 2),))
    values = {name: Value(name, name, (1, 2)) for name in ("data", "out")}
    broken = Net("n", "n.prototxt", ("data",), ("out",), (data, lost), values)
    with pytest.raises(InternalFault) as caught:
        emit_onnx(broken, 13)
    assert caught.value.code == "CTK701"
    assert repr("data" if kind == "Input" else "lost") in caught.value.what


@pytest.mark.parametrize(
    "kind", ["BatchNorm", "Convolution", "Deconvolution", "Input", "ReLU", "Scale", "Silence", "Softmax"]
)
def test_disabling_a_handler_is_noticed_in_a_real_network(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    case = GOLDEN / "real_color_mini"
    with collected_warnings():
        net = small_net(
            tmp_path, (case / "deploy.prototxt").read_text(), (case / "weights.caffemodel").read_bytes()
        )
    emit_onnx(net, 13)
    monkeypatch.setitem(registry.EMISSIONS, kind, forget)
    with pytest.raises(InternalFault) as caught:
        emit_onnx(net, 13)
    assert caught.value.code == "CTK701"
    assert kind in caught.value.what


@pytest.mark.parametrize("kept", [[], [0], [1]])
def test_lost_parameter_is_noticed(net: Net, kept: list[int], monkeypatch: pytest.MonkeyPatch):
    def careless(layer: Layer, emitter: Emitter) -> None:
        emitter.node("Conv", [layer.bottoms[0], *(emitter.parameter(index) for index in kept)])

    monkeypatch.setitem(registry.EMISSIONS, "Convolution", careless)
    with pytest.raises(InternalFault, match="lost parameter") as caught:
        emit_onnx(net, 13)
    assert caught.value.code == "CTK701"


def test_parameter_that_no_node_reads_is_noticed(net: Net, monkeypatch: pytest.MonkeyPatch):
    def careless(layer: Layer, emitter: Emitter) -> None:
        weight, _ = emitter.parameter(0), emitter.parameter(1)
        emitter.node("Conv", [layer.bottoms[0], weight])

    monkeypatch.setitem(registry.EMISSIONS, "Convolution", careless)
    with pytest.raises(InternalFault, match=r"'conv\.bias' is in the ledger, and no node reads it"):
        emit_onnx(net, 13)


def test_top_that_no_node_makes_is_noticed(net: Net, monkeypatch: pytest.MonkeyPatch):
    def careless(layer: Layer, emitter: Emitter) -> None:
        emitter.node("Conv", [layer.bottoms[0], emitter.parameter(0), emitter.parameter(1)], inner="result")

    monkeypatch.setitem(registry.EMISSIONS, "Convolution", careless)
    with pytest.raises(InternalFault, match="no node of the graph makes it"):
        emit_onnx(net, 13)


def test_elements_are_counted():
    ledger = Ledger()
    ledger.node(0, "s", "Scale", "s")
    ledger.parameter(0, 0, ParameterEntry(role="scale", elements=2, origin="stored", initializer="s.scale"))
    with pytest.raises(InternalFault, match=r"parameter 0 of layer 's' \(3 elements\)"):
        ledger.close([(0, "s", "Scale", [3])])


def test_account_of_a_real_network_agrees_with_both_files(tmp_path: Path):
    """Source elements counted by protobuf in the caffemodel, target elements by the onnx package."""
    from onnx_samples import initializers, written

    case = GOLDEN / "real_color_mini"
    data = (case / "weights.caffemodel").read_bytes()
    with collected_warnings():
        net = small_net(tmp_path, (case / "deploy.prototxt").read_text(), data)
    _, ledger = emit_onnx(net, 13)
    stored = sum(len(blob.data) for item in NetParameter.FromString(data).layer for blob in item.blobs)
    by_origin = dict.fromkeys(("stored", "filler", "coefficients"), 0)
    for entry in ledger.layers:
        for parameter in entry.parameters:
            by_origin[parameter.origin] += parameter.elements
    (scale,) = [entry for entry in ledger.layers if entry.layer == "conv8_313_rh"]
    assert by_origin == {"stored": stored, "filler": scale.parameters[0].elements, "coefficients": 0}
    assert ledger.elements_total == sum(by_origin.values())
    folded = sum(entry.type == "BatchNorm" for entry in ledger.layers)  # one factor each
    assert ledger.elements_folded == folded > 0
    inside = initializers(written(net, tmp_path / "x.onnx"))
    made_up = sum(array.size for name, array in inside.items() if name.endswith((".gamma", ".beta")))
    assert ledger.elements_converted == sum(array.size for array in inside.values()) - made_up
    assert [entry.layer for entry in ledger.layers if entry.fate == "dropped"] == [
        entry.layer for entry in ledger.layers if entry.type == "Silence"
    ]
    nodes = {node.name for node in onnx.load(tmp_path / "x.onnx").graph.node}
    assert {n for entry in ledger.layers for n in entry.nodes if not n.startswith("input:")} == nodes


def test_shared_parameter_is_one_initializer_and_accounted_for_twice(tmp_path: Path):
    param = 'param { name: "w" }'
    text = input_layer(1, 3) + layer("a", "Scale", "data", "a", param) + layer("b", "Scale", "a", "b", param)
    net = small_net(tmp_path, text, caffemodel([("a", "Scale", [[1.0, 2, 3]])]))
    graph, ledger = emit_onnx(net, 13)
    assert [item.name for item in graph.initializers] == ["a.scale"]
    assert [p.initializer for entry in ledger.layers for p in entry.parameters] == ["a.scale"] * 2


def test_layers_of_one_name_keep_their_own_numbers(tmp_path: Path):
    text = (
        input_layer(1, 2)
        + layer("s", "Scale", "data", "a")
        + layer("s", "Scale", "a", "b", "scale_param { filler { value: 9 } }")
    )
    with collected_warnings():
        net = small_net(tmp_path, text, caffemodel([("s", "Scale", [[1.0, 2]])]))
    graph, _ = emit_onnx(net, 13)
    assert [item.values.reshape(-1).tolist() for item in graph.initializers] == [[1, 2], [9, 9]]
    assert [node.name for node in graph.nodes] == ["s", "s~2"]


def test_mean_goes_in_front_of_every_reader(tmp_path: Path):
    from onnx_samples import run_onnx

    from converters.onnx.stream_writer import write_onnx

    text = (
        input_layer(1, 2)
        + layer("a", "ReLU", "data", "a")
        + layer("b", "Scale", ["a", "data"], "b", "scale_param { axis: 0 }")
    )
    graph, _ = emit_onnx(small_net(tmp_path, text), 13, ("data", 50.0))
    write_onnx(tmp_path / "x.onnx", graph, dict)
    onnx.checker.check_model(str(tmp_path / "x.onnx"), full_check=True)
    made = run_onnx(tmp_path / "x.onnx", {"data": np.asarray([[47.0, 52.0]])})
    assert made["b"].tolist() == [[0, 4]]
