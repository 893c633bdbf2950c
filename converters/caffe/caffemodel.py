"""A caffemodel read in place: layer names, types and blobs as views of the mapped file (DESIGN §8.1).

The weights never pass through protobuf's parser; everything of a layer except its blobs does, so that
fields nobody knows can be named. V0, V1 and V2 files are read alike: only names and blobs matter, since
Caffe matches by layer name (`caffe_semantics.md` §5).
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

from converters.caffe.stored_blob import StoredBlob, read_blob
from converters.caffe.wire import LENGTH, Field, WireDamage, fields, signed
from toolkit.content import refuse_stand_in
from toolkit.errors import BadInput, Where
from toolkit.files import opened


@dataclass(frozen=True, slots=True)
class StoredLayer:
    """One layer of a caffemodel.

    Attributes:
        name: Caffe layer name.
        type: Type as stored (a V2 string, a V0 string, or a V1 number as text).
        blobs: In the order of the layer's definition.
    """

    name: str
    type: str
    blobs: tuple[StoredBlob, ...]


@dataclass(frozen=True, slots=True)
class Caffemodel:
    """What a caffemodel holds.

    Attributes:
        file: Path as given.
        data: The mapped bytes; blobs are views of them.
        name: Name of the network in the file.
        layers: All layers, in file order, those without blobs too.
    """

    file: Path
    data: memoryview
    name: str
    layers: tuple[StoredLayer, ...]

    def by_name(self) -> dict[str, list[StoredLayer]]:
        """Layers by name; of equal names all, in file order, the last of which Caffe keeps."""
        found: dict[str, list[StoredLayer]] = {}
        for layer in self.layers:
            found.setdefault(layer.name, []).append(layer)
        return found


# Field numbers per generation of the layer message: name, type, blobs.
_V2 = (1, 2, 7)
_V1 = (4, 5, 6)
_V0 = (1, 2, 50)
# Bounds on objects per file, so that a file of empty messages cannot ask for many times its size.
_MOST_LAYERS = 200_000
_MOST_BLOBS = 256
_MOST_BLOBS_IN_FILE = 100_000
_MOST_FIELDS = 1 << 19  # beside the layers
_MOST_LAYER_FIELDS = 1 << 16
_MOST_NAME_BYTES = 1 << 16


def read_caffemodel(path: Path) -> Caffemodel:
    """Maps a caffemodel and finds its blobs.

    Raises:
        BadInput: CTK501 when it cannot be opened, CTK502 when it is something else (HTML page, Git LFS
            pointer, ONNX file ...), CTK509 when it is cut or damaged.
    """
    data = _mapped(path)
    refuse_stand_in(bytes(data[:4096]), path, "caffemodel")
    try:
        return _parse(path, data)
    except WireDamage as damage:
        raise BadInput(
            "CTK509",
            f"the caffemodel is damaged or cut short: {damage.reason} at byte {damage.position} of {len(data)}",
            Where(file=str(path)),
            ["compare its size and sha256 with the source; `ctk fetch` gets and checks the released file"],
        ) from damage


def _mapped(path: Path) -> memoryview:
    with opened(path, "caffemodel") as file:
        size = file.seek(0, 2)
        if size == 0:
            raise BadInput(
                "CTK502",
                "the caffemodel is empty",
                Where(file=str(path)),
                ["the download or copy of it failed"],
            )
        return memoryview(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))


def _parse(path: Path, data: memoryview) -> Caffemodel:
    name = ""
    layers: list[StoredLayer] = []
    blobs = 0
    for field in fields(data, 0, len(data), _MOST_FIELDS):
        if field.number == 1 and field.kind == LENGTH:
            name = _text(data, field)
        elif field.number == 100:
            layers.append(_layer(data, _message(field), _V2))
            blobs += len(layers[-1].blobs)
        elif field.number == 2:
            layers.append(_legacy_layer(data, _message(field)))
            blobs += len(layers[-1].blobs)
        if len(layers) > _MOST_LAYERS or blobs > _MOST_BLOBS_IN_FILE:
            most = f"{_MOST_LAYERS} layers or {_MOST_BLOBS_IN_FILE} blobs"
            raise WireDamage(field.tag_start, f"more than {most}")
    return Caffemodel(path, data, name, tuple(layers))


def _layer(data: memoryview, whole: Field, numbers: tuple[int, int, int]) -> StoredLayer:
    name_number, type_number, blobs_number = numbers
    name = kind = ""
    blobs: list[StoredBlob] = []
    for field in fields(data, whole.start, whole.end, _MOST_LAYER_FIELDS):
        if field.number == blobs_number:
            blobs.append(read_blob(data, _message(field).start, field.end))
            if len(blobs) > _MOST_BLOBS:
                raise WireDamage(field.tag_start, f"a layer with more than {_MOST_BLOBS} blobs")
        elif field.number == name_number and field.kind == LENGTH:
            name = _text(data, field)
        elif field.number == type_number:
            kind = _text(data, field) if field.kind == LENGTH else str(signed(field.value))
    return StoredLayer(name, kind, tuple(blobs))


def _legacy_layer(data: memoryview, whole: Field) -> StoredLayer:
    """A ``layers`` entry: V1, or V0 when it wraps an inner ``layer`` (field 1)."""
    inner = None
    for field in fields(data, whole.start, whole.end, _MOST_LAYER_FIELDS):
        if field.number == 1 and field.kind == LENGTH:
            inner = field
    outer = _layer(data, whole, _V1)
    if inner is None:
        return outer
    old = _layer(data, inner, _V0)
    return StoredLayer(old.name, old.type, old.blobs + outer.blobs)


def _message(field: Field) -> Field:
    if field.kind != LENGTH:
        raise WireDamage(field.tag_start, f"field {field.number} is not a message")
    return field


def _text(data: memoryview, field: Field) -> str:
    if field.end - field.start > _MOST_NAME_BYTES:
        raise WireDamage(field.tag_start, f"a name of more than {_MOST_NAME_BYTES} bytes")
    return bytes(data[field.start : field.end]).decode("utf-8", "surrogateescape")
