"""Where the layers of a network stand in its prototxt, found only when a message to the user needs it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cached_property

from converters.caffe.prototxt_tokens import SourceText, Token
from converters.caffe.prototxt_tree import Block, child_text, read_tree
from toolkit.errors import BadInput, Where

# From the index of a layer, as it is counted where the function is given, to its place.
Locate = Callable[[int], Where]
_STEP = re.compile(r"(?P<name>\w+)(?:\[(?P<index>\d+)\])?")


class SourceLayers:
    """The layers of a prototxt in the order of the file, by index."""

    def __init__(self, text: str, file: str) -> None:
        self._source = SourceText(text, file)

    @property
    def file(self) -> str:
        """The file's name, as the user gave it."""
        return self._source.file

    def where(self, index: int, dotted_path: str = "") -> Where:
        """The place of the layer that stands at this position in the file, or of one of its fields.

        Args:
            index: Counts the file's `layer` and `layers` blocks from 0.
            dotted_path: A field inside the layer, such as ``pooling_param.pad`` or ``bottom[1]``; as much of
                it as is written there counts.
        """
        if index >= len(self._layers):
            return Where(self.file)
        start, block = self._layers[index]
        place = self._source.where(_descend(start, block, dotted_path).start)
        return Where(place.file, place.line, place.column, name_of_layer(block))

    @cached_property
    def _layers(self) -> list[tuple[Token, Block]]:
        try:
            tree = read_tree(self._source)
        except BadInput:
            # text_format reads a few spellings that Caffe does not, such as `+1`; then no place is known.
            return []
        return [
            (found.token if found.brackets is None else block.opening or found.token, block)
            for found in tree.fields
            if found.name in {"layer", "layers"}
            for block in found.blocks
        ]


class LayerLines:
    """The lines of a network's layers after upgrades and phase rules.

    Args:
        source: The layers of the file.
        origins: For each layer of the network its position in the file, None for one that was made on reading.
    """

    def __init__(self, source: SourceLayers, origins: Sequence[int | None]) -> None:
        self._source = source
        self._origins = tuple(origins)

    def where(self, index: int, dotted_path: str = "") -> Where:
        """The place of a layer of the network, or of one of its fields (see `SourceLayers.where`)."""
        origin = self._origins[index]
        return Where(self._source.file) if origin is None else self._source.where(origin, dotted_path)


def name_of_layer(block: Block) -> str | None:
    """The name in a layer's block; a V0 layer has it one level below."""
    name = child_text(block, "name")
    if name is None:
        inner = (inner for found in block.fields if found.name == "layer" for inner in found.blocks)
        name = next((child_text(block, "name") for block in inner), None)
    return name


def _descend(start: Token, block: Block, dotted_path: str) -> Token:
    for step in filter(None, dotted_path.split(".")):
        match = _STEP.fullmatch(step)
        if match is None:
            break
        values = [
            (found.token if found.brackets is None else _first(value), value)
            for found in block.fields
            if found.name == match["name"]
            for value in found.values
        ]
        index = int(match["index"] or 0)
        if index >= len(values):
            break
        start, value = values[index]
        if not isinstance(value, Block):
            break
        block = value
    return start


def _first(value: Block | tuple[Token, ...]) -> Token:
    return (value.opening or value.closing) if isinstance(value, Block) else value[0]
