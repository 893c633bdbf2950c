"""The backend `torch`: ctk's ONNX files executed by torch's own operators.

torch reads no ONNX, and the libraries that translate it are no longer kept up; so each operator that ctk
emits is one small function here (`torch_operators`), and a graph with any other is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from toolkit.backends.memory import refuse_too_large
from toolkit.backends.node_probe import operator_type
from toolkit.backends.onnx_external import onnx_files
from toolkit.backends.onnx_outline import parsed
from toolkit.backends.onnx_precision import uniform_precision
from toolkit.backends.onnx_values import read_inputs, tensor_infos
from toolkit.backends.precision import refuse_unoffered
from toolkit.backends.protocol import Backend, BackendInfo, Lacking
from toolkit.backends.runtime_import import runtime_module
from toolkit.backends.simple_session import SimpleSession
from toolkit.backends.threads import thread_count
from toolkit.backends.torch_operators import torch_node, why_not
from toolkit.errors import BadInput, EnvironmentFailed, UsageFault, Where

if TYPE_CHECKING:
    from onnx import ModelProto

    from toolkit.backends.torch_graph import TorchGraph

_OFFERED = ("f32", "bf16", "native")


class TorchBackend:
    """Loads ONNX files into torch."""

    formats: ClassVar[tuple[str, ...]] = ("onnx",)

    @classmethod
    def load(
        cls, artifact: Path, *, threads: int | None = None, precision: str = "f32", device: str | None = None
    ) -> TorchSession:
        """Loads an ONNX file; see `Backend.load`.

        Args:
            artifact: The ONNX file; external data lies beside it.
            threads: Threads inside an operator, which the process shares; the physical cores by default.
            precision: ``f32``, ``bf16``, or ``native``, which is f32 on a CPU and whatever torch makes of
                f32 (TF32, perhaps) on CUDA.
            device: ``cpu`` or ``cuda``, in any case of letters.

        Raises:
            BadInput: CTK501, CTK502 or CTK517 for the file.
            EnvironmentFailed: CTK404 when torch or CUDA is missing, or a node cannot be executed; CTK407 and
                CTK408 as in `Backend.load`.
            UsageFault: CTK601 for a thread count below 1, CTK604 for a precision or device not offered.
        """
        torch = torch_module()
        refuse_unoffered(precision, _OFFERED, "torch")
        place = _device(torch, device)
        count = _set_threads(torch, thread_count(threads))
        refuse_too_large(onnx_files(artifact), "torch")
        model = parsed(artifact)
        refuse_lacking(_lacking(model), artifact)
        _load_external(model, artifact)
        from toolkit.backends.torch_graph import TorchGraph

        real = torch.bfloat16 if precision == "bf16" else torch.float32
        graph = TorchGraph(model, real, place, artifact)
        return TorchSession(artifact, _info(torch, artifact, model, precision, place, count), graph)

    @classmethod
    def supports(cls, model: Path) -> tuple[Lacking, ...]:
        """Nodes of other operators, or with attributes, than this backend knows; see `Backend.supports`."""
        torch_module()
        return _lacking(parsed(model))


class TorchSession(SimpleSession):
    """An ONNX file in torch; every value inside can be asked for.

    Args:
        artifact: The ONNX file.
        info: What was loaded.
        graph: Its nodes and constants.
    """

    def __init__(self, artifact: Path, info: BackendInfo, graph: TorchGraph) -> None:
        super().__init__(artifact, info, self._computed, self._freed)
        self._graph: TorchGraph | None = graph
        self._known = dict.fromkeys((*info.inputs, *sorted(graph.values)))

    def synchronise(self) -> None:
        """Returns at once: `run` copies its outputs to the CPU, which waits for them."""

    def _refuse_unknown(
        self, what: str, names: Sequence[str] | Mapping[str, Any], known: Mapping[str, Any]
    ) -> None:
        super()._refuse_unknown(what, names, self._known if what == "output" else known)

    def _computed(self, names: list[str], feed: dict[str, NDArray[Any]]) -> Iterable[NDArray[Any]]:
        import torch

        assert self._graph is not None
        info = self.info()
        if torch.get_num_threads() != info.threads:
            torch.set_num_threads(info.threads)
        with torch.inference_mode(), _tf32(torch, info):
            given = {name: torch.from_numpy(np.require(a, requirements="W")) for name, a in feed.items()}
            lent = self._graph.storages | {t.untyped_storage().data_ptr() for t in given.values()}
            return [_array(torch, tensor, lent) for tensor in self._graph.run(given, names)]

    def _freed(self) -> None:
        self._graph = None


def torch_module() -> Any:
    """torch; raises CTK404 when it is missing."""
    return runtime_module("torch", "the backend torch")


def refuse_lacking(lacking: Sequence[Lacking], artifact: Path) -> None:
    """Raises CTK404 naming the first node that cannot be executed, and how many others there are."""
    if lacking:
        first, others = lacking[0], len(lacking) - 1
        raise EnvironmentFailed(
            "CTK404",
            f"the backend torch cannot execute {first.type} {first.name!r}: {first.reason}",
            Where(file=str(artifact)),
            [f"{others} other nodes neither"] * bool(others) + ["use another backend for this network"],
        )


def _lacking(model: ModelProto) -> tuple[Lacking, ...]:
    from toolkit.backends.torch_graph import opset_of

    opset = opset_of(model)
    tried = ((node, why_not(torch_node(node, opset), node.domain)) for node in model.graph.node)
    return tuple(
        Lacking(node.name or f"node {place}", operator_type(node), reason)
        for place, (node, reason) in enumerate(tried)
        if reason is not None
    )


def _device(torch: Any, device: str | None) -> str:
    name = (device or "cpu").lower()
    if name not in {"cpu", "cuda"}:
        raise UsageFault(
            "CTK604", f"the backend torch knows no device {device!r}", notes=["offered: cpu, cuda"]
        )
    if name == "cuda" and not torch.cuda.is_available():
        raise EnvironmentFailed(
            "CTK404",
            "torch finds no CUDA device here",
            notes=["use device cpu, or a build of torch with CUDA"],
        )
    return name


def _set_threads(torch: Any, count: int) -> int:
    torch.set_num_threads(count)
    used: int = torch.get_num_threads()
    if used != count:
        raise EnvironmentFailed("CTK404", f"torch uses {used} threads where {count} were asked for")
    return used


def _load_external(model: ModelProto, artifact: Path) -> None:
    import onnx

    try:
        onnx.load_external_data_for_model(model, str(artifact.parent))
    except Exception as error:  # the library raises several classes: files that are missing or too short
        what = "the external data cannot be read: " + " ".join(str(error).split())[:240]
        raise BadInput("CTK517", what, Where(file=str(artifact))) from error


def _info(
    torch: Any, artifact: Path, model: ModelProto, precision: str, place: str, threads: int
) -> BackendInfo:
    return BackendInfo(
        name="torch",
        runtime_version=torch.__version__,
        device=place.upper(),
        providers=(),
        precision_executed=_executed(torch, artifact, precision, place),
        threads=threads,
        inputs=tensor_infos(read_inputs(model.graph)),
        outputs=tensor_infos(model.graph.output),
        precision_requested=precision,
        settings={"float32_matmul_precision": torch.get_float32_matmul_precision()},
    )


def _executed(torch: Any, artifact: Path, precision: str, place: str) -> str | None:
    """Only what is certain: a CPU may use bf16 for f32 where the process allowed it, CUDA TF32."""
    if uniform_precision(artifact) != "f32":
        return None
    if precision == "bf16":
        return "bf16"
    exact = torch.get_float32_matmul_precision() == "highest"
    return "f32" if exact and (place == "cpu" or precision == "f32") else None


def _tf32(torch: Any, info: BackendInfo) -> AbstractContextManager[Any]:
    """On CUDA, convolutions use TF32 unless they are told not to."""
    if info.device == "CPU":
        return nullcontext()
    flags: AbstractContextManager[Any] = torch.backends.cudnn.flags(
        enabled=True, allow_tf32=info.precision_requested == "native"
    )
    return flags


def _array(torch: Any, tensor: Any, lent: Collection[int]) -> NDArray[Any]:
    """An array of its own, not of memory that is lent; bf16, which NumPy lacks, as f32."""
    tensor = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
    if tensor.untyped_storage().data_ptr() in lent:
        tensor = tensor.clone()
    array: NDArray[Any] = np.asarray(tensor.contiguous().cpu().numpy())
    return array


if TYPE_CHECKING:  # the type checker holds the class to the protocol
    _HELD: type[Backend] = TorchBackend
