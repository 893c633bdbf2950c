"""The operators that the backend `torch` knows: those that ctk's own ONNX files consist of.

Importing this module fills `OPERATORS`; torch itself is imported when one of them runs.
"""

from __future__ import annotations

from toolkit.backends import torch_elementwise, torch_shapes, torch_windows
from toolkit.backends.torch_node import OPERATORS, TorchNode, torch_node, why_not

__all__ = [
    "OPERATORS",
    "TorchNode",
    "torch_elementwise",
    "torch_node",
    "torch_shapes",
    "torch_windows",
    "why_not",
]
