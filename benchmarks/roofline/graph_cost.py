"""The cost of an artifact, whatever its format."""

from __future__ import annotations

from pathlib import Path

from benchmarks.roofline.cost import GraphCost, Network, cost_of
from toolkit.content import HEAD_BYTES, describe, sniff
from toolkit.errors import BadInput, Where
from toolkit.files import opened


def graph_cost(artifact: Path, batch: int = 1) -> GraphCost:
    """What one run costs at least: FLOPs, and bytes of weights, inputs and outputs.

    Args:
        artifact: An ONNX file, the xml of an OpenVINO IR, or a Caffe prototxt; told apart by content.
        batch: Pictures in a run, where the artifact leaves that open.

    Raises:
        BadInput: CTK501 when it cannot be read, CTK502 when it is none of these, CTK508 when it holds another
            batch, and the codes of its format.
    """
    with opened(artifact, "artifact") as file:
        kind = sniff(file.read(HEAD_BYTES))
    network = _network(artifact, kind)
    if network.batch is not None and batch not in {1, network.batch}:
        what = f"the artifact holds a batch of {network.batch}, and {batch} was asked for"
        raise BadInput("CTK508", what, Where(file=str(artifact)))
    return cost_of(network, batch)


def _network(artifact: Path, kind: str) -> Network:
    if kind == "ir":
        from benchmarks.roofline.ir_network import ir_network

        return ir_network(artifact)
    if kind == "prototxt":
        from benchmarks.roofline.caffe_network import caffe_network

        return caffe_network(artifact)
    if kind in {"onnx", "caffemodel", "unknown"}:  # its reader says what is wrong with it
        from benchmarks.roofline.onnx_network import onnx_network

        return onnx_network(artifact)
    what = f"FLOPs are counted of ONNX, OpenVINO IR and Caffe, and this is {describe(kind)}"
    raise BadInput("CTK502", what, Where(file=str(artifact)))
