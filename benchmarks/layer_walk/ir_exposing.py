"""An OpenVINO IR with more graph outputs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from benchmarks.layer_walk.linking import link_or_copy
from converters.openvino.ir_network import IrNetwork, IrPort
from converters.openvino.ir_xml import MOST_BYTES, read_xml
from toolkit.atomic import write_failures_named
from toolkit.files import read_bounded
from toolkit.ir_files import bin_of, check_pair

_REAL = {"f32": "FP32", "f16": "FP16", "bf16": "BF16", "f64": "FP64"}
"""How an IR's ports spell real numbers (openvino/src/core/src/type/element_type.cpp)."""
_SILENT = frozenset({"Const", "Parameter", "Result"})


class _Shown(NamedTuple):
    """A value that becomes an output."""

    layer: int
    port: IrPort
    name: str


def expose_ir(artifact: Path, target: Path, names: Collection[str] | None) -> None:
    """Writes the copy; see `exposing.with_every_value`.

    Raises:
        BadInput: CTK501 or CTK502 for the file, CTK520 when it is damaged or its bin is another one's.
        EnvironmentFailed: CTK401 or CTK402 when the copy cannot be written.
    """
    check_pair(artifact, sha256=False)
    network = read_xml(artifact)
    data = read_bounded(artifact, "OpenVINO IR", MOST_BYTES)
    layers, edges = _texts(network, list(_shown(network, names)))
    # Layers with bodies hold such lists too, but these stand inside: the last end is that of the network.
    before, end_of_layers, rest = data.rpartition(b"</layers>")
    between, end_of_edges, after = rest.rpartition(b"</edges>")
    text = b"".join((before, layers, end_of_layers, between, edges, end_of_edges, after))
    numbers = bin_of(artifact)
    if numbers.is_file():
        link_or_copy(numbers, bin_of(target))
    with write_failures_named(target):
        target.write_bytes(text)


def _shown(network: IrNetwork, names: Collection[str] | None) -> Iterator[_Shown]:
    results = {layer.sources[0] for layer in network.of_type("Result")}
    for layer in network.layers.values():
        for slot, port in enumerate(layer.outputs):
            wanted = [name for name in port.names if names is None or name in names]
            is_shown = (layer.id, slot) in results
            if wanted and not is_shown and layer.type not in _SILENT and port.precision in _REAL:
                yield _Shown(layer.id, port, wanted[0])


def _texts(network: IrNetwork, shown: list[_Shown]) -> tuple[bytes, bytes]:
    """Result layers and the edges to them, as the xml has them."""
    number = max(network.layers) + 1
    layers, edges = [], []
    for place, value in enumerate(shown, start=number):
        dims = "".join(f"<dim>{size}</dim>" for size in value.port.dims)
        layers.append(
            f'<layer id="{place}" name={quoteattr(value.name + "/sink_port_0")} type="Result" '
            f'version="opset1"><input><port id="0" precision="{_REAL[value.port.precision]}">{dims}</port>'
            "</input></layer>\n"
        )
        edges.append(
            f'<edge from-layer="{value.layer}" from-port="{value.port.id}" to-layer="{place}" to-port="0" />\n'
        )
    return "".join(layers).encode(), "".join(edges).encode()
