"""Parses the xml of an OpenVINO IR, which nobody vouches for: every number and every edge in it is checked."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from converters.openvino.ir_network import DYNAMIC, IrLayer, IrNetwork, IrPort, IrSource, Placed
from toolkit.content import HEAD_BYTES, refuse_stand_in
from toolkit.errors import BadInput, Where
from toolkit.files import opened

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_BYTES = 2**27
"""The largest xml that is read; those of networks with ten thousand layers have a tenth of it."""
_VERSIONS = (10, 11)  # those that have edges between ports and a bin beside them
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_UNESCAPED_COMMA = re.compile(r"(?<!\\),")
_MOST_DEPTH = 16
# Ports spell some element types otherwise than ``data`` does (openvino/src/core/src/type/element_type.cpp).
_PRECISIONS = {"fp64": "f64", "fp32": "f32", "fp16": "f16", "bool": "boolean", "bin": "u1"}
_PLACE = ("offset", "size")
_BODIES = frozenset({"body", "then_body", "else_body"})


class IrDamage(Exception):
    """What is wrong with an IR; the reader adds the file."""


def read_xml(path: Path) -> IrNetwork:
    """Reads the xml alone.

    Raises:
        BadInput: CTK501 when it cannot be opened, CTK502 when it is something else, CTK520 when it is damaged
            or larger than `MOST_BYTES`.
    """
    with opened(path, "OpenVINO IR") as file:
        size = file.seek(0, 2)
        if size > MOST_BYTES:
            raise damaged(path, f"its xml has {size} bytes, more than {MOST_BYTES}")
        file.seek(0)
        data = file.read(size)  # a bound alone would be allocated as a whole
    refuse_stand_in(data[:HEAD_BYTES], path, "ir")
    try:
        root = _parsed(data)
        if root.tag != "net":
            raise BadInput(
                "CTK502", f"this is no OpenVINO IR but an xml of {root.tag!r}", Where(file=str(path))
            )
        return _network(root)
    except IrDamage as error:
        raise damaged(path, str(error)) from error


def damaged(path: Path, why: str) -> BadInput:
    """The error about an IR that cannot be used."""
    return BadInput(
        "CTK520",
        f"the OpenVINO IR cannot be used: {why}",
        Where(file=str(path)),
        ["convert it again, or copy both files, NAME.xml and NAME.bin, again"],
    )


def _parsed(data: bytes) -> Element:
    from xml.etree.ElementTree import ParseError, TreeBuilder, XMLParser

    class WithoutDoctype(TreeBuilder):
        """Refuses what could define entities, before any is read; no IR has it."""

        def doctype(self, name: str, pubid: str | None, system: str | None) -> None:  # noqa: ARG002
            raise IrDamage("it has a document type, which no IR has")

    parser = XMLParser(target=WithoutDoctype())  # noqa: S314
    try:
        parser.feed(data)
        root: Element = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        raise IrDamage(f"its xml cannot be read: {error}") from error
    return root


def _network(root: Element) -> IrNetwork:
    version = _number(root.get("version", ""), "the version")
    if version not in _VERSIONS:
        raise IrDamage(f"it is of IR version {version}; ctk reads {_VERSIONS[0]} and {_VERSIONS[-1]}")
    layers: dict[int, IrLayer] = {}
    placed: dict[int, Placed] = {}
    for element in root.iterfind("layers/layer"):
        layer = _layer(element)
        if layer.id in layers:
            raise IrDamage(f"two of its layers have the id {layer.id}")
        layers[layer.id] = layer
        if layer.type == "Const":
            placed[layer.id] = _place(element, layer)
    if not layers:
        raise IrDamage("it has no layers")
    wired = _wired(layers, _edges(root, layers))
    return IrNetwork(
        name=root.get("name", ""),
        version=version,
        layers={i: wired[i] for i in _order(wired)},
        rt_info=dict(_texts(root.find("rt_info"))),
        placed=placed,
    )


def _layer(element: Element) -> IrLayer:
    name, kind = element.get("name", ""), element.get("type", "")
    number = _number(element.get("id", ""), f"the id of layer {name!r}")
    data = element.find("data")
    attributes = {} if data is None else {k: v for k, v in data.items() if kind != "Const" or k not in _PLACE}
    marks = {item.get("name") for item in element.iterfind("rt_info/attribute")}
    return IrLayer(
        id=number,
        name=name,
        type=kind,
        version=element.get("version", ""),
        attributes=attributes,
        inputs=tuple(_port(port, name) for port in element.iterfind("input/port")),
        outputs=tuple(_port(port, name) for port in element.iterfind("output/port")),
        is_decompression=kind == "Convert" and "decompression" in marks,
        has_body=any(child.tag in _BODIES for child in element),
    )


def _port(element: Element, layer: str) -> IrPort:
    what = f"a port of layer {layer!r}"
    precision = element.get("precision", "").lower()
    dims = tuple(_size(dim.text or "", what) for dim in element.iterfind("dim"))
    names = _UNESCAPED_COMMA.split(element.get("names", ""))
    return IrPort(
        _number(element.get("id", ""), what),
        _PRECISIONS.get(precision, precision),
        dims,
        tuple(name.replace("\\,", ",") for name in names if name),
    )


def _place(element: Element, layer: IrLayer) -> Placed:
    data = element.find("data")
    stated = {} if data is None else dict(data.items())
    what = f"constant {layer.name!r}"
    shape = stated.get("shape", "")
    sizes = tuple(_size(text, what) for text in shape.split(",")) if shape.strip() else ()
    if DYNAMIC in sizes:
        raise IrDamage(f"{what} has an open size")
    if len(layer.outputs) != 1 or layer.outputs[0].dims != sizes:
        raise IrDamage(f"{what} states two shapes")
    offset, size = (_number(stated.get(key, ""), f"the {key} of {what}") for key in _PLACE)
    return Placed(stated.get("element_type", ""), sizes, offset, size)


def _edges(root: Element, layers: Mapping[int, IrLayer]) -> dict[tuple[int, int], IrSource]:
    """By layer and input port, what is read there."""
    found: dict[tuple[int, int], IrSource] = {}
    slots = {
        (layer.id, port.id): slot for layer in layers.values() for slot, port in enumerate(layer.outputs)
    }
    for edge in root.iterfind("edges/edge"):
        words = ("from-layer", "from-port", "to-layer", "to-port")
        start, start_port, end, end_port = (
            _number(edge.get(word, ""), f"{word} of an edge") for word in words
        )
        if (start, start_port) not in slots or end not in layers:
            raise IrDamage(
                f"an edge leads from layer {start} to layer {end}, but one of its ends is not there"
            )
        if (end, end_port) in found:
            raise IrDamage(f"two edges lead to one input of layer {layers[end].name!r}")
        found[end, end_port] = IrSource(start, slots[start, start_port])
    inputs = {(layer.id, port.id) for layer in layers.values() for port in layer.inputs}
    for end, end_port in found.keys() - inputs:
        raise IrDamage(
            f"an edge leads to port {end_port} of layer {layers[end].name!r}, which has no such input"
        )
    return found


def _wired(layers: Mapping[int, IrLayer], edges: Mapping[tuple[int, int], IrSource]) -> dict[int, IrLayer]:
    wired = {}
    for layer in layers.values():
        missing = next((port.id for port in layer.inputs if (layer.id, port.id) not in edges), None)
        if missing is not None or (layer.type == "Result" and not layer.inputs):
            raise IrDamage(f"nothing leads to an input of layer {layer.name!r}")
        sources = tuple(edges[layer.id, port.id] for port in layer.inputs)
        wired[layer.id] = replace(layer, sources=sources)
    return wired


def _order(layers: Mapping[int, IrLayer]) -> Iterator[int]:
    """Ids so that every layer stands behind what it reads; as in the file where that is such an order."""
    place = {number: at for at, number in enumerate(layers)}
    waiting = {number: len({s.layer for s in layer.sources}) for number, layer in layers.items()}
    readers: dict[int, set[int]] = {}
    for number, layer in layers.items():
        for source in layer.sources:
            readers.setdefault(source.layer, set()).add(number)
    ready = [(place[number], number) for number, count in waiting.items() if not count]
    heapq.heapify(ready)
    done = 0
    while ready:
        _, number = heapq.heappop(ready)
        done += 1
        yield number
        for reader in readers.get(number, ()):
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, (place[reader], reader))
    if done < len(layers):
        raise IrDamage("its edges lead in a circle")


def _texts(element: Element | None, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """``rt_info`` flattened; names that are no xml names stand in an attribute."""
    if depth > _MOST_DEPTH:
        raise IrDamage("its rt_info is nested too deeply")
    for child in element if element is not None else ():
        name = f"{path}{child.get('name', child.tag) if child.tag == 'info' else child.tag}"
        value = child.get("value")
        if value is not None:
            yield name, value
        yield from _texts(child, f"{name}.", depth + 1)


def _number(text: str, what: str) -> int:
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped):
        raise IrDamage(f"{what} is {stripped[:40]!r}, which is no number")
    return int(stripped)


def _size(text: str, what: str) -> int:
    size = _number(text, f"a size of {what}")
    if size < DYNAMIC:
        raise IrDamage(f"{what} has a size of {size}")
    return size
