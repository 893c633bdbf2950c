"""A Caffe prototxt as a `Network`; shapes decide, so that no caffemodel is needed."""

from __future__ import annotations

from pathlib import Path

from benchmarks.roofline.cost import Network, Operation, Tensor
from converters.caffe.build import NetOptions, Outline, outline_net
from converters.caffe.layers.registry import MACS, REACHES
from converters.caffe.network import Layer, LayerShape, Net, elements
from converters.caffe.prototxt import read_prototxt

_F32_BITS = 32


def caffe_network(prototxt: Path) -> Network:
    """Reads a prototxt.

    Raises:
        BadInput: CTK501 to CTK508, CTK515 or CTK516, with file, line and layer.
    """
    outline = outline_net(read_prototxt(prototxt), NetOptions())
    net = outline.net
    weights = {name: elements(needed.blobs[0].shape) for name, needed in _weighted(outline)}
    tensors = {name: Tensor(elements(value.shape), _F32_BITS) for name, value in net.values.items()}
    return Network(
        operations=[_operation(layer, needed) for layer, needed in outline.layers],
        inputs=net.inputs,
        outputs=net.outputs,
        constants=frozenset(weights),
        tensors={**tensors, **{name: Tensor(count, _F32_BITS) for name, count in weights.items()}},
        batch=_own_batch(net),
    )


def _weighted(outline: Outline) -> list[tuple[tuple[str, str], LayerShape]]:
    return [(_weight_name(layer), needed) for layer, needed in outline.layers if needed.blobs]


def _weight_name(layer: Layer) -> tuple[str, str]:
    """Unlike the name of any value; layers that share their weight give it one name in ``param``."""
    shared = next((item.name for item in list(layer.message.param)[:1] if item.name), None)
    return ("shared", shared) if shared else ("weight of", layer.name)


def _operation(layer: Layer, needed: LayerShape) -> Operation:
    rule = MACS.get(layer.type)
    return Operation(
        reads=[*layer.bottoms, *([_weight_name(layer)] if needed.blobs else [])],
        makes=layer.tops,
        macs=rule(layer) if rule else 0,
        may_be_winograd=_may_be_winograd(layer, needed),
    )


def _may_be_winograd(layer: Layer, needed: LayerShape) -> bool:
    if layer.type != "Convolution" or not needed.blobs:
        return False
    # A kernel of 3 that reaches over 3 positions has no dilation.
    reaches = REACHES[layer.type](layer)
    return tuple(needed.blobs[0].shape[2:]) == (3, 3) and all(
        r.extent == 3 and r.stride == 1 for r in reaches
    )


def _own_batch(net: Net) -> int:
    shapes = (net.values[name].shape for name in net.inputs)
    return next((shape[0] for shape in shapes if len(shape) > 1), 1)
