"""Tiny networks in code, run by the float64 oracle and by onnxruntime.

The inputs are declared by the caller as ``{name: shape}``, layers as prototxt text, weights as
``{layer: [blob, ...]}``; everything goes through the real readers and the real writer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from converters.caffe.build import NetOptions, build_net
from converters.caffe.caffemodel import Caffemodel, read_caffemodel
from converters.caffe.input_shapes import InputShapes
from converters.caffe.network import Net
from converters.caffe.parameters import Sources
from converters.caffe.prototxt import parse_prototxt
from converters.caffe.reference import run_reference
from converters.caffe.schema import NetParameter
from toolkit.errors import BadInput

Shapes = Mapping[str, Sequence[int]]
Blobs = Mapping[str, Sequence[NDArray[np.float32]]]


def one_layer(kind: str, body: str = "", bottoms: Sequence[str] = ("x",), top: str = "y") -> str:
    """Prototxt text of a layer ``l``."""
    named = " ".join(f'bottom: "{bottom}"' for bottom in bottoms)
    return f'layer {{ name: "l" type: "{kind}" {named} top: "{top}" {body} }}'


def caffemodel_bytes(blobs: Blobs) -> bytes:
    """A caffemodel as protobuf writes it."""
    message = NetParameter(name="net")
    for name, arrays in blobs.items():
        layer = message.layer.add(name=name)
        for array in arrays:
            blob = layer.blobs.add()
            blob.shape.dim.extend(np.shape(array))
            blob.data.extend(np.asarray(array, np.float32).ravel().tolist())
    return message.SerializeToString()


def declared_inputs(inputs: Shapes) -> str:
    """Prototxt text of one Input layer for each input."""
    return "".join(
        f'layer {{ name: "in_{name}" type: "Input" top: "{name}" input_param {{ shape {{ '
        + " ".join(f"dim: {size}" for size in shape)
        + " } } }\n"
        for name, shape in inputs.items()
    )


class Nets:
    """Builds networks and runs them both ways."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def build(
        self,
        inputs: Shapes,
        layers: str,
        blobs: Blobs | Path | None = None,
        dynamic: Mapping[str, Sequence[int]] | None = None,
    ) -> Net:
        """The typed network; ``dynamic`` names axes of inputs whose size is left open."""
        open_axes = {
            name: tuple(-1 if axis in axes else size for axis, size in enumerate(inputs[name]))
            for name, axes in (dynamic or {}).items()
        }
        text = parse_prototxt((declared_inputs(inputs) + layers).encode(), "net.prototxt")
        return build_net(
            text,
            Sources(caffemodel=self._stored(blobs)),
            NetOptions(input_shapes=InputShapes(shapes=open_axes)),
        )

    def code_of_fault(self, inputs: Shapes, layers: str, blobs: Blobs | None = None) -> str:
        """The code with which the network is refused, a place and plain words beside it."""
        with pytest.raises(BadInput) as caught:
            self.build(inputs, layers, blobs)
        assert caught.value.where.layer
        assert caught.value.what
        assert "\n" not in caught.value.what
        return caught.value.code

    def oracle(self, net: Net, **given: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        """What `caffe-reference` computes."""
        return run_reference(net, given)

    def onnx(self, net: Net, opset: int, **given: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """What onnxruntime computes from the written file, which the ONNX checker has accepted."""
        import onnx
        import onnxruntime

        from converters.onnx.emit import emit_onnx
        from converters.onnx.stream_writer import write_onnx

        graph, _ = emit_onnx(net, opset)
        path = self._folder / f"net{opset}.onnx"
        write_onnx(path, graph, dict)
        onnx.checker.check_model(str(path), full_check=True)
        names = [output.name for output in graph.outputs]
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return dict(zip(names, session.run(names, given), strict=True))

    def single(
        self,
        kind: str,
        shape: Sequence[int],
        body: str = "",
        blobs: Sequence[Any] | None = None,
        **options: Any,
    ) -> Net:
        """A network of one layer ``l`` with bottom ``x`` and top ``y``."""
        stored = None if blobs is None else {"l": blobs}
        return self.build({"x": shape}, one_layer(kind, body), stored, **options)

    def agree(
        self,
        net: Net,
        expected: Any,
        *,
        opsets: Sequence[int] = (11, 13, 18, 21),
        rtol: float = 1e-5,
        atol: float = 1e-6,
        **given: Any,
    ) -> None:
        """Holds the oracle (to float64's accuracy) and every operator set against the top ``y`` expected."""
        expected = np.asarray(expected, np.float64)
        arrays = {name: np.asarray(values, np.float32) for name, values in given.items()}
        (exact,) = self.oracle(net, **arrays).values()
        assert exact.shape == expected.shape
        np.testing.assert_allclose(exact, expected, rtol=1e-9, atol=1e-12)
        for opset in opsets:
            (found,) = self.onnx(net, opset, **arrays).values()
            assert found.dtype == np.float32
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol, err_msg=f"opset {opset}")

    def operators(self, net: Net, opset: int = 13) -> list[str]:
        """Operators of the graph, in order."""
        from converters.onnx.emit import emit_onnx

        return [node.op for node in emit_onnx(net, opset)[0].nodes]

    def _stored(self, blobs: Blobs | Path | None) -> Caffemodel | None:
        if blobs is None:
            return None
        if isinstance(blobs, Path):
            return read_caffemodel(blobs)
        path = self._folder / "net.caffemodel"
        path.write_bytes(caffemodel_bytes(blobs))
        return read_caffemodel(path)
