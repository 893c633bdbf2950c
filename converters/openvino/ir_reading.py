"""Reads an OpenVINO IR without OpenVINO and without copying its weights: they stay views of the mapped bin."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converters.openvino.ir_network import IrNetwork, Placed
from converters.openvino.ir_xml import damaged, read_xml
from toolkit.files import opened
from toolkit.ir_files import bin_of, check_pair

_DTYPES = {
    "f64": "<f8", "f32": "<f4", "f16": "<f2", "i64": "<i8", "u64": "<u8", "i32": "<i4", "u32": "<u4",
    "i16": "<i2", "u16": "<u2", "i8": "i1", "u8": "u1", "boolean": "?", "bf16": "<u2",
}  # fmt: skip
# Bits of an element of the types that NumPy has no numbers for; None where they do not tell the bytes.
_UNREADABLE = {
    "u1": 1, "u2": 2, "u4": 4, "i4": 4, "nf4": 4, "f4e2m1": 4, "f8e4m3": 8, "f8e5m2": 8, "f8e8m0": 8,
    "u3": None, "u6": None, "string": None,
}  # fmt: skip
_NAMES = {"f64": "float64", "f32": "float32", "f16": "float16", "bf16": "bfloat16", "boolean": "bool"}


@dataclass(frozen=True, slots=True)
class IrConstant:
    """The numbers of a Const layer.

    Attributes:
        element_type: As the xml states it (``f16``).
        shape: Sizes.
        load: Gives the numbers as a view of the mapped file (of bf16 a float32 copy); None when they cannot be
            given.
        reason: Why not.
    """

    element_type: str
    shape: tuple[int, ...]
    load: Callable[[], NDArray[Any]] | None
    reason: str | None = None

    @property
    def elements(self) -> int:
        """How many numbers."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Ir:
    """An IR, ready to be looked at.

    Attributes:
        path: The xml.
        bin: The file of numbers; None where the network needs none and there is none.
        bin_sha256: Its SHA-256, where the xml states it; it has been checked.
        network: What the xml says.
        constants: Numbers by layer id.
    """

    path: Path
    bin: Path | None
    bin_sha256: str | None
    network: IrNetwork
    constants: Mapping[int, IrConstant]


def read_ir(path: Path) -> Ir:
    """Reads an xml and maps the bin beside it.

    Args:
        path: The xml.

    Raises:
        BadInput: As `read_xml`; CTK520 also when the bin is missing, cut short, or another network's.
    """
    facts = check_pair(path)
    network = read_xml(path)
    numbers = bin_of(path)
    data = memoryview(b"")
    if numbers.is_file():
        with opened(numbers, "bin of the OpenVINO IR") as file:
            size = file.seek(0, 2)
            data = memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) if size else b"")
    constants = {
        number: _constant(placed, network.layers[number].name, data, path)
        for number, placed in network.placed.items()
    }
    return Ir(path, numbers if numbers.is_file() else None, facts.bin_sha256, network, constants)


def dtype_name(element_type: str) -> str:
    """NumPy's name of an element type (``float32`` for ``f32``); its own where NumPy has none."""
    known = _NAMES.get(element_type)
    return known or (np.dtype(_DTYPES[element_type]).name if element_type in _DTYPES else element_type)


def _constant(placed: Placed, name: str, data: memoryview, path: Path) -> IrConstant:
    kind, shape, offset, size = placed
    if kind not in _DTYPES and kind not in _UNREADABLE:
        raise damaged(path, f"constant {name!r} is of the unknown element type {kind[:40]!r}")
    if offset < 0 or size < 0 or offset + size > len(data):
        raise damaged(path, f"constant {name!r} ends at byte {offset + size} of a bin of {len(data)} bytes")
    bits = _UNREADABLE[kind] if kind in _UNREADABLE else 8 * np.dtype(_DTYPES[kind]).itemsize
    needed = None if bits is None else (prod(shape) * bits + 7) // 8
    if needed is not None and needed != size:
        raise damaged(path, f"constant {name!r} needs {needed} bytes and has {size}")
    if kind in _UNREADABLE:
        return IrConstant(kind, shape, None, f"ctk does not read numbers of type {kind}")
    return IrConstant(kind, shape, _loader(data[offset : offset + size], kind, shape))


def _loader(view: memoryview, kind: str, shape: tuple[int, ...]) -> Callable[[], NDArray[Any]]:
    dtype = np.dtype(_DTYPES[kind])

    def load() -> NDArray[Any]:
        if dtype == np.bool_:  # a byte of another value than 0 and 1 must not become a truth value as it is
            return np.asarray(np.frombuffer(view, np.uint8) != 0).reshape(shape)
        values: NDArray[Any] = np.frombuffer(view, dtype).reshape(shape)
        if kind == "bf16":  # the upper half of a float32
            return (values.astype(np.uint32) << 16).view(np.float32)
        return values

    return load
