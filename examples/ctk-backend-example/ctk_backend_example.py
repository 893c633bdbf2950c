"""The backend `onnx-interpreter`: ONNX's own reference implementation, slow and independent of every runtime."""

from __future__ import annotations

from pathlib import Path

from toolkit.backends.onnx_precision import uniform_precision
from toolkit.backends.onnx_values import tensor_infos
from toolkit.backends.precision import refuse_unoffered
from toolkit.backends.protocol import BackendInfo, Lacking, Session
from toolkit.backends.simple_session import SimpleSession
from toolkit.backends.threads import thread_count
from toolkit.errors import BadInput, UsageFault, Where

NAME = "onnx-interpreter"


class InterpreterBackend:
    """Loads ONNX files into `onnx.reference.ReferenceEvaluator`."""

    formats = ("onnx",)

    @classmethod
    def load(
        cls, artifact: Path, *, threads: int | None = None, precision: str = "f32", device: str | None = None
    ) -> Session:
        """Loads an ONNX file; ``threads`` are those of NumPy's BLAS."""
        from onnx import __version__
        from onnx.reference import ReferenceEvaluator
        from threadpoolctl import threadpool_limits

        refuse_unoffered(precision, ("f32",), NAME)
        if device not in {None, "CPU"}:
            raise UsageFault("CTK604", f"the backend {NAME} has no device {device!r}", notes=["offered: CPU"])
        count = thread_count(threads)
        try:
            evaluator = ReferenceEvaluator(str(artifact))
        except Exception as error:  # the library raises several classes
            raise BadInput(
                "CTK517", f"this ONNX file is refused: {error}", Where(file=str(artifact))
            ) from error
        graph = evaluator.proto_.graph
        info = BackendInfo(
            NAME, f"onnx {__version__}", "CPU", (), uniform_precision(artifact), count,
            tensor_infos(graph.input), tensor_infos(graph.output),
        )  # fmt: skip
        limits = threadpool_limits(count, "blas")
        return SimpleSession(artifact, info, evaluator.run, limits.restore_original_limits)

    @classmethod
    def supports(cls, model: Path) -> tuple[Lacking, ...]:
        """Operators for which the library has no implementation in the model's operator set."""
        from onnx import load_model
        from onnx.reference.ops import load_op

        proto, lacking = load_model(model, load_external_data=False), []
        versions = {opset.domain: opset.version for opset in proto.opset_import}
        for node in proto.graph.node:
            try:
                load_op(node.domain, node.op_type, versions.get(node.domain))
            except Exception as error:  # as above
                lacking.append(Lacking(node.name, node.op_type, str(error).partition("\n")[0]))
        return tuple(lacking)
