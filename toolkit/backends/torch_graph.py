"""An ONNX graph held as torch tensors and executed node by node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.backends.torch_operators import OPERATORS, TorchNode, torch_node
from toolkit.errors import BadInput, EnvironmentFailed, Where

if TYPE_CHECKING:
    from onnx import ModelProto

# These read an input as a list of whole numbers: it stays on the CPU, where that costs no wait for a device.
_LISTS = {
    **dict.fromkeys(("Reshape", "Squeeze", "Unsqueeze", "Split", "TopK", "Tile", "Expand"), frozenset({1})),
    "Slice": frozenset({1, 2, 3, 4}),
    "Pad": frozenset({1, 2, 3}),
    "Resize": frozenset({1, 2, 3}),
}


class TorchGraph:
    """Constants and nodes of a graph, ready to run.

    Args:
        model: The ONNX model, external data loaded.
        real: The ``torch.dtype`` that stands for f32.
        device: Where to compute, as torch says it.
        artifact: The file, for messages.
    """

    def __init__(self, model: ModelProto, real: Any, device: str, artifact: Path) -> None:
        opset = opset_of(model)
        self.nodes = tuple(torch_node(node, opset, real) for node in model.graph.node)
        self._real = real
        self._device = device
        self._where = Where(file=str(artifact))
        self._constants = {t.name: self._constant(t) for t in model.graph.initializer}
        # Memory that is not made anew in every run, and so is nobody's to keep.
        self.storages = frozenset(t.untyped_storage().data_ptr() for t in self._constants.values())
        self._plans: dict[tuple[str, ...], list[tuple[TorchNode, tuple[str, ...]]]] = {}

    @property
    def values(self) -> frozenset[str]:
        """Names of everything that is computed."""
        return frozenset(name for node in self.nodes for name in node.outputs if name)

    def run(self, given: Mapping[str, Any], wanted: Sequence[str]) -> list[Any]:
        """Computes values.

        Args:
            given: A torch tensor for every graph input.
            wanted: Names of values, which may be inputs or constants too.

        Raises:
            EnvironmentFailed: CTK404 naming the node that fails, CTK408 when memory runs out.
        """
        alive = {name: self._placed(tensor) for name, tensor in given.items()}
        for node, ends in self._plan(tuple(wanted)):
            inputs = [self._input(node, slot, name, alive) for slot, name in enumerate(node.inputs)]
            made = self._executed(node, inputs)
            alive.update(zip(node.outputs, made if isinstance(made, tuple) else (made,), strict=False))
            for name in ends:
                alive.pop(name, None)
        return [alive[name] if name in alive else self._constants[name] for name in wanted]

    def _plan(self, wanted: tuple[str, ...]) -> list[tuple[TorchNode, tuple[str, ...]]]:
        """The nodes that lead to what is wanted, each with the values that nothing reads after it."""
        if wanted not in self._plans:
            self._plans[wanted] = _planned(self.nodes, wanted)
        return self._plans[wanted]

    def _executed(self, node: TorchNode, inputs: list[Any]) -> Any:
        import torch

        try:
            return OPERATORS[node.op].function(node, inputs)
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise self._out_of_memory(node) from error
        except Exception as error:
            if "allocate memory" in str(error):
                raise self._out_of_memory(node) from error
            why = " ".join(str(error).split())[:240]
            what = f"torch failed at {node.op} {node.name!r}: {why or type(error).__name__}"
            raise EnvironmentFailed("CTK404", what, self._where) from error

    def _out_of_memory(self, node: TorchNode) -> EnvironmentFailed:
        return EnvironmentFailed("CTK408", f"out of memory in torch at {node.op} {node.name!r}", self._where)

    def _input(self, node: TorchNode, slot: int, name: str, alive: Mapping[str, Any]) -> Any:
        if not name:
            return None
        tensor = alive[name] if name in alive else self._constants[name]
        if self._device != "cpu" and slot not in _LISTS.get(node.op, ()):
            return tensor.to(self._device)
        return tensor

    def _placed(self, tensor: Any) -> Any:
        import torch

        if tensor.dtype == torch.float32 and self._real != torch.float32:
            tensor = tensor.to(self._real)
        return tensor.to(self._device)

    def _constant(self, tensor: Any) -> Any:
        import torch
        from onnx import numpy_helper

        try:
            array = numpy_helper.to_array(tensor)
            found = torch.from_numpy(array.copy())  # the message's own bytes are not writable
        except Exception as error:  # counts that do not fit the shape, and types that torch lacks
            what = f"the initializer {tensor.name!r} cannot be read: {error}"
            raise BadInput("CTK517", what, self._where) from error
        return self._placed(found) if found.is_floating_point() and found.ndim else self._real_scalar(found)

    def _real_scalar(self, tensor: Any) -> Any:
        """Whole numbers, and constants without axes, which mix with tensors of any device."""
        import torch

        return tensor.to(self._real) if tensor.dtype == torch.float32 else tensor


def opset_of(model: ModelProto) -> int:
    """Version of ONNX's own operator set; 1 where the file states none."""
    return next((entry.version for entry in model.opset_import if entry.domain in {"", "ai.onnx"}), 1)


def _planned(nodes: Sequence[TorchNode], wanted: Sequence[str]) -> list[tuple[TorchNode, tuple[str, ...]]]:
    needed, plan = set(wanted), []
    alive = set(wanted)
    for node in reversed(nodes):
        if not needed.intersection(node.outputs):
            continue
        touched = {name for name in (*node.inputs, *node.outputs) if name}
        plan.append((node, tuple(sorted(touched - alive))))
        alive |= touched
        needed.update(node.inputs)
    return plan[::-1]
