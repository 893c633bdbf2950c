"""The backend `onnx-interpreter`: ONNX's own reference implementation, slow and independent of every runtime."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from toolkit.backends.node_probe import probe_nodes
from toolkit.backends.onnx_outline import parsed
from toolkit.backends.onnx_precision import uniform_precision
from toolkit.backends.onnx_values import read_inputs, tensor_infos
from toolkit.backends.protocol import BackendInfo, Lacking, Session
from toolkit.backends.simple_session import SimpleSession
from toolkit.backends.threads import thread_count


class InterpreterBackend:
    """Loads ONNX files into `onnx.reference.ReferenceEvaluator`."""

    formats = ("onnx",)

    @classmethod
    def load(cls, artifact: Path, *, threads: int | None = None) -> Session:
        """Loads an ONNX file; ``threads`` are those of NumPy's BLAS."""
        from onnx import __version__
        from onnx.reference import ReferenceEvaluator
        from threadpoolctl import threadpool_limits

        count, graph = thread_count(threads), parsed(artifact).graph
        evaluator = ReferenceEvaluator(str(artifact))

        def compute(names: list[str], feed: dict[str, Any]) -> Iterable[Any]:
            with threadpool_limits(count, "blas"):
                return list(evaluator.run(names, feed))

        inputs, outputs = tensor_infos(read_inputs(graph)), tensor_infos(graph.output)
        version, precision = f"onnx {__version__}", uniform_precision(artifact)
        info = BackendInfo("onnx-interpreter", version, "CPU", (), precision, count, inputs, outputs)
        return SimpleSession(artifact, info, compute)

    @classmethod
    def supports(cls, model: Path) -> tuple[Lacking, ...]:
        """Operators for which the library has no implementation."""
        from onnx.reference import ReferenceEvaluator

        return probe_nodes(model, ReferenceEvaluator)
