"""Operators on numbers one by one, comparisons, reductions, products of matrices and normalisations in torch."""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from functools import reduce
from typing import Any

from toolkit.backends.torch_node import Tensors, TorchNode, operator


def _register_plain() -> None:
    """Operators that are one function of torch, with ONNX's broadcasting."""

    def one(name: str) -> Callable[[TorchNode, Tensors], Any]:
        def apply(_: TorchNode, inputs: Tensors) -> Any:
            import torch

            return getattr(torch, name)(*inputs)

        return apply

    plain = {
        **dict.fromkeys(
            ("Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "Log", "Neg", "Reciprocal", "Relu"), None
        ),
        **dict.fromkeys(("Round", "Sigmoid", "Sign", "Sin", "Sqrt", "Tanh", "Where", "MatMul", "Pow"), None),
        "Not": "logical_not",
        "And": "logical_and",
        "Or": "logical_or",
        "Greater": "gt",
        "GreaterOrEqual": "ge",
        "Less": "lt",
        "LessOrEqual": "le",
        "Equal": "eq",
    }
    for op, name in plain.items():
        operator(op)(one(name or op.lower()))


_register_plain()


@operator("Identity")
def identity(_: TorchNode, inputs: Tensors) -> Any:
    """The value itself."""
    return inputs[0]


@operator("Add", "Sub", "Mul", "Sum")
def arithmetic(node: TorchNode, inputs: Tensors) -> Any:
    """Sums, differences and products; Sum takes any number."""
    return reduce({"Sub": python.sub, "Mul": python.mul}.get(node.op, python.add), inputs)


@operator("Div")
def divide(_: TorchNode, inputs: Tensors) -> Any:
    """A quotient; of integers rounded towards zero."""
    import torch

    return torch.div(*inputs, rounding_mode=None if inputs[0].is_floating_point() else "trunc")


@operator("Mod", heeds=["fmod"])
def modulo(node: TorchNode, inputs: Tensors) -> Any:
    """The rest, with the sign of the divisor, or with ``fmod`` of the dividend."""
    import torch

    return torch.fmod(*inputs) if node.get("fmod", 0) else torch.remainder(*inputs)


@operator("Max", "Min")
def extreme(node: TorchNode, inputs: Tensors) -> Any:
    """The largest or smallest of any number of values."""
    import torch

    return reduce(torch.maximum if node.op == "Max" else torch.minimum, inputs)


@operator("Clip")
def clip(_: TorchNode, inputs: Tensors) -> Any:
    """min(max(x, low), high), so that high wins; either may be left out."""
    import torch

    bounds = (*inputs[1:], None, None)
    made = inputs[0] if bounds[0] is None else torch.maximum(inputs[0], bounds[0])
    return made if bounds[1] is None else torch.minimum(made, bounds[1])


@operator("LeakyRelu", "Elu", heeds=["alpha"])
def leaky(node: TorchNode, inputs: Tensors) -> Any:
    """LeakyRelu has alpha 0.01 by default, Elu 1."""
    from torch.nn import functional

    if node.op == "Elu":
        return functional.elu(inputs[0], node.get("alpha", 1.0))
    return functional.leaky_relu(inputs[0], node.get("alpha", 0.01))


@operator("PRelu")
def parametric(_: TorchNode, inputs: Tensors) -> Any:
    """A slope for what is below zero, which broadcasts to the value."""
    value, slope = inputs
    return value.clamp(min=0) + slope * value.clamp(max=0)


@operator("Softplus")
def softplus(_: TorchNode, inputs: Tensors) -> Any:
    """log(1 + e^x) without overflow; torch's own is x from 20 on."""
    import torch

    return torch.logaddexp(inputs[0], torch.zeros_like(inputs[0]))


@operator("Softmax", "LogSoftmax", heeds=["axis"])
def softmax(node: TorchNode, inputs: Tensors) -> Any:
    """Along one axis; before operator set 13 over all axes from it on."""
    import torch

    function = torch.softmax if node.op == "Softmax" else torch.log_softmax
    value = inputs[0]
    if node.opset >= 13:
        return function(value, node.get("axis", -1))
    axis = node.get("axis", 1) % max(value.ndim, 1)
    return function(value.flatten(axis), axis).reshape(value.shape) if value.ndim else function(value, 0)


def _no_training(node: TorchNode) -> str | None:
    return "the backend torch does not train" if node.get("training_mode", 0) else None


@operator("BatchNormalization", heeds=["epsilon", "momentum", "training_mode"], refusal=_no_training)
def batch_normalization(node: TorchNode, inputs: Tensors) -> Any:
    """Inputs: value, scale, shift, mean, variance."""
    from torch.nn import functional

    value, scale, shift, mean, variance = inputs
    return functional.batch_norm(value, mean, variance, scale, shift, False, 0.0, node.get("epsilon", 1e-5))


@operator("LRN", heeds=["alpha", "beta", "bias", "size"])
def local_response(node: TorchNode, inputs: Tensors) -> Any:
    """Computes x / (bias + alpha / size * sum of squares over size channels)^beta."""
    from torch.nn import functional

    value, size = inputs[0], node.attributes["size"]
    squares = functional.pad(value * value, (0, 0) * (value.ndim - 2) + ((size - 1) // 2, size // 2))
    total = sum(squares.narrow(1, start, value.shape[1]) for start in range(size))
    factor = node.get("bias", 1.0) + node.get("alpha", 1e-4) / size * total
    return value / factor ** node.get("beta", 0.75)


@operator("Gemm", heeds=["alpha", "beta", "transA", "transB"])
def gemm(node: TorchNode, inputs: Tensors) -> Any:
    """Computes alpha * A B + beta * C, where A and B may be transposed and C may be left out."""
    left = inputs[0].T if node.get("transA", 0) else inputs[0]
    right = inputs[1].T if node.get("transB", 0) else inputs[1]
    product = left @ right
    alpha, beta = node.get("alpha", 1.0), node.get("beta", 1.0)
    product = product if alpha == 1 else product * alpha
    if len(inputs) < 3 or inputs[2] is None:
        return product
    return product + (inputs[2] if beta == 1 else inputs[2] * beta)


@operator(
    *("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd"),
    *("ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"),
    heeds=["axes", "keepdims", "noop_with_empty_axes"],
)
def reduction(node: TorchNode, inputs: Tensors) -> Any:
    """Over the axes of the attribute or the second input; over all where there are none."""
    value = inputs[0]
    listed = inputs[1].tolist() if len(inputs) > 1 and inputs[1] is not None else node.get("axes", [])
    if not listed and node.get("noop_with_empty_axes", 0):
        return value
    axes = sorted({axis % value.ndim for axis in listed}) if listed else list(range(value.ndim))
    return _REDUCTIONS[node.op](value, axes, bool(node.get("keepdims", 1))) if axes else _alone(node, value)


def _alone(node: TorchNode, value: Any) -> Any:
    """A reduction of a scalar."""
    made = _REDUCTIONS[node.op](value.reshape(1), [0], False)
    return made.reshape(())


def _product(value: Any, axes: list[int], keep: bool) -> Any:
    for axis in reversed(axes):
        value = value.prod(axis, keepdim=keep)
    return value


_REDUCTIONS: dict[str, Callable[[Any, list[int], bool], Any]] = {
    "ReduceMean": lambda value, axes, keep: value.mean(axes, keepdim=keep),
    "ReduceSum": lambda value, axes, keep: value.sum(axes, keepdim=keep),
    "ReduceMax": lambda value, axes, keep: value.amax(axes, keepdim=keep),
    "ReduceMin": lambda value, axes, keep: value.amin(axes, keepdim=keep),
    "ReduceProd": _product,
    "ReduceL1": lambda value, axes, keep: value.abs().sum(axes, keepdim=keep),
    "ReduceL2": lambda value, axes, keep: (value * value).sum(axes, keepdim=keep).sqrt(),
    "ReduceSumSquare": lambda value, axes, keep: (value * value).sum(axes, keepdim=keep),
    "ReduceLogSum": lambda value, axes, keep: value.sum(axes, keepdim=keep).log(),
    "ReduceLogSumExp": lambda value, axes, keep: value.logsumexp(axes, keepdim=keep),
}
