"""Reads a network from its prototxt, in every spelling and version that Caffe reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import text_format

from converters.caffe.faults import STOP_AT_FIRST, Faults
from converters.caffe.phase import kept_layers
from converters.caffe.prototxt_careful import read_carefully
from converters.caffe.prototxt_locations import LayerLines, SourceLayers
from converters.caffe.schema import NetParameter
from converters.caffe.upgrade import upgrade_net
from toolkit.content import refuse_stand_in, sniff
from toolkit.errors import BadInput, Where
from toolkit.files import opened

_HEAD_BYTES = 4096
# Prototxts of networks with a thousand layers take less than 1 MB. The limit keeps a text made to be refused,
# of which the careful reading holds every token, from filling the memory.
_MAX_BYTES = 32 << 20
_LITERAL_OR_COMMENT = re.compile(rb"\"(?:[^\"\\\n]++|\\.)*+\"|'(?:[^'\\\n]++|\\.)*+'|#[^\n]*+")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class RemovedLayer:
    """A layer that does not run at phase TEST, level 0."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class NetText:
    """A network as its prototxt gives it.

    Attributes:
        file: The file's name, as the user gave it.
        message: In the present form (`layer`, string types), with only the layers kept at phase TEST, level 0;
            top-level inputs are an Input layer named ``input``, put first.
        locations: Where the layers of `message` stand in the file.
        removed: The layers that phase rules removed, in file order.
    """

    file: str
    message: NetParameter
    locations: LayerLines
    removed: tuple[RemovedLayer, ...] = ()

    def where(self, index: int, dotted_path: str = "") -> Where:
        """The place of a layer, or of one of its fields, for a message; arguments as `line_of_field`."""
        return self.locations.where(index, dotted_path)

    def line_of(self, index: int) -> int | None:
        """The 1-based line on which ``message.layer[index]`` begins; None for one that was made on reading."""
        return self.where(index).line

    def line_of_field(self, index: int, dotted_path: str) -> int | None:
        """The line of a field of a layer, such as ``pooling_param.pad`` or ``bottom[1]``.

        As much of the path as is written there counts; what is not written gives the line of the layer.
        """
        return self.where(index, dotted_path).line


def read_prototxt(
    path: Path, *, ignore_unknown_fields: bool = False, faults: Faults = STOP_AT_FIRST
) -> NetText:
    """Reads a prototxt file.

    Args:
        path: The file.
        ignore_unknown_fields: Leave out fields that the schema lacks, with one warning each.
        faults: As in `parse_prototxt`.

    Raises:
        BadInput: CTK501 when the file is missing, a folder or unreadable; else as `parse_prototxt`.
        UnreadableError: As `parse_prototxt`.
    """
    data = _read_bytes(Path(path))
    return parse_prototxt(data, str(path), ignore_unknown_fields=ignore_unknown_fields, faults=faults)


def parse_prototxt(
    data: bytes, file: str, *, ignore_unknown_fields: bool = False, faults: Faults = STOP_AT_FIRST
) -> NetText:
    """Reads a prototxt that is in memory.

    Args:
        data: The content of the file.
        file: Its name, for messages.
        ignore_unknown_fields: Leave out fields that the schema lacks, with one warning each.
        faults: Takes what is wrong; where it does not raise, reading goes on as long as a network is left.

    Raises:
        UnreadableError: ``faults`` took what is wrong, and no network is left.
        BadInput: CTK502 when this is no prototxt or has no layers; CTK503 for a fault of syntax or value;
            CTK504 for an unknown field; CTK505 for rules or forms that do not go together; CTK506 for an
            unknown V0 layer type; CTK507 for a parameter that must be given and is not.
    """
    text = _decoded(data, file)
    net = _read_quickly(text)
    if net is None:
        _refuse_other_content(data[:_HEAD_BYTES], file)
        net = read_carefully(text, file, ignore_unknown_fields=ignore_unknown_fields, faults=faults)
    if not net.layer and not net.layers:
        what = "the prototxt has no layers" if data.strip() else "the file is empty"
        raise BadInput("CTK502", f"{what}: there is nothing to convert", Where(file=file))
    source = SourceLayers(text, file)
    _check_required_fields(net, source, faults)
    return _normalised(net, source, faults)


def _normalised(net: NetParameter, source: SourceLayers, faults: Faults) -> NetText:
    origins = upgrade_net(net, source.where)
    where = LayerLines(source, origins).where
    kept = kept_layers(net, where, faults)
    removed: tuple[RemovedLayer, ...] = ()
    if not kept:
        raise BadInput("CTK505", "no layer is left at phase TEST", Where(file=source.file))
    if len(kept) < len(net.layer):
        running = set(kept)
        removed = tuple(
            RemovedLayer(layer.name, layer.type)
            for index, layer in enumerate(net.layer)
            if index not in running
        )
        layers = [net.layer[index] for index in kept]
        net.ClearField("layer")
        net.layer.extend(layers)
    return NetText(source.file, net, LayerLines(source, [origins[index] for index in kept]), removed)


def _read_bytes(path: Path) -> bytes:
    with opened(path, "prototxt") as file:
        head = file.read(_HEAD_BYTES)
        if b"\0" in head:
            # No need to read 129 MB of weights to say that they are not a prototxt.
            _refuse_other_content(head, str(path))
        data = head + file.read(_MAX_BYTES - len(head))
        if len(data) == _MAX_BYTES and file.read(1):
            raise BadInput(
                "CTK502", "this is not a prototxt: it is larger than 32 MiB", Where(file=str(path))
            )
        return data


def _decoded(data: bytes, file: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse_other_content(data[:_HEAD_BYTES], file)
        # Comments may be in any encoding; Caffe does not look at them.
        without = _LITERAL_OR_COMMENT.sub(lambda m: b"" if m[0].startswith(b"#") else m[0], data)
        try:
            return without.decode("utf-8-sig")
        except UnicodeDecodeError as second:
            line = without.count(b"\n", 0, second.start) + 1
            byte = without[second.start]
            raise BadInput(
                "CTK503",
                f"the text is not UTF-8: byte 0x{byte:02x}",
                Where(file, line),
                ["save the file as UTF-8; names of layers and blobs must be UTF-8 as well"],
            ) from error


def _read_quickly(text: str) -> NetParameter | None:
    # The C escapes of Python's reader are Python's own, so a text that has any is read carefully.
    if "\\" in text:
        return None
    net = NetParameter()
    try:
        text_format.Parse(text, net)
    except (text_format.ParseError, RecursionError):
        return None
    return net


def _refuse_other_content(head: bytes, file: str) -> None:
    """Raises CTK502 where the file is plainly something else; says nothing where it may be a faulty prototxt."""
    kind = sniff(head)
    binary = _CONTROL.search(head) is not None
    if kind in {"caffemodel", "onnx", "unknown", "prototxt"} and not binary:
        return
    if kind == "caffemodel":
        raise BadInput(
            "CTK502",
            "this is not a prototxt but a caffemodel",
            Where(file=file),
            ["give the prototxt first, then the caffemodel"],
        )
    refuse_stand_in(head, Path(file), "prototxt")
    if binary and kind == "unknown":
        raise BadInput("CTK502", "this is not a prototxt but binary data", Where(file=file))


def _check_required_fields(net: NetParameter, source: SourceLayers, faults: Faults) -> None:
    if net.IsInitialized():
        return
    # In every implementation of protobuf, but not in its stubs.
    missing: list[str] = net.FindInitializationErrors()  # type: ignore[attr-defined]
    for name in missing:
        match = re.fullmatch(r"layers?\[(\d+)\]\.(.+)", name)
        where = source.where(int(match[1]), match[2]) if match else Where(file=source.file)
        faults.add(BadInput("CTK507", f"{match[2] if match else name} must be given", where))
