"""Which blobs of the source an artifact does not hold as they were, by `ctk diff`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.parity_document import WeightDifference
from toolkit.errors import Inconclusive

if TYPE_CHECKING:
    from converters.caffe.network import Net
    from converters.diff.document import DiffDocument, Lonely, StructureDifference, WeightComparison

MISSING, EXTRA = "missing", "extra"
"""Kinds beside those of ctk.diff/1: a blob that only one side has."""
_FOLLOWS = frozenset({"opset", "shape"})
"""What needs no word of its own: an operator set is an option, and shapes follow from attributes and wiring."""
_FILLED = {"filler": "the filler of the prototxt", "random-filler": "a random filler"}


@dataclass(frozen=True, slots=True)
class SourceDifferences:
    """What an artifact holds otherwise than its source.

    Attributes:
        weights: Blobs, in the order of the layers.
        graph: Differences of layers and wiring (a dilation, an epsilon), one sentence each.
        layers: Layers that any of these is about, in the order of the network where that is known.
        remarks: What `ctk diff` remarks, such as options that the artifact was made with.
    """

    weights: list[WeightDifference]
    graph: list[str]
    layers: list[str]
    remarks: list[str] = field(default_factory=list)


def compare_weights(
    prototxt: Path, caffemodel: Path | None, artifact: Path, net: Net | None = None
) -> list[WeightDifference]:
    """Blobs that differ; arguments and errors as `compare_with_source`."""
    return compare_with_source(prototxt, caffemodel, artifact, net).weights


def compare_with_source(
    prototxt: Path, caffemodel: Path | None, artifact: Path, net: Net | None = None
) -> SourceDifferences:
    """Compares an artifact with the Caffe files it should have been made from.

    Args:
        prototxt: The definition.
        caffemodel: The weights; None where fillers define every blob.
        artifact: An ONNX file, or the xml of an IR.
        net: The network that was meant, where it ends earlier than the prototxt: blobs of other layers are
            then not missed. Its layers give the order.

    Raises:
        BadInput: A file cannot be read.
    """
    from converters.diff.comparing import diff_models

    with _words(prototxt, caffemodel, artifact) as (source, made):
        try:
            document = diff_models(source, made)
        except Inconclusive:  # nothing to compare on one side: a network without weights
            return SourceDifferences([], [], [])
    return _differences(document, None if net is None else [layer.name for layer in net.layers])


@contextmanager
def _words(prototxt: Path, caffemodel: Path | None, artifact: Path) -> Iterator[tuple[str, str]]:
    """The two models as `ctk diff` takes them; a comma in a path would be taken for the end of a name."""
    files = [prototxt, *([caffemodel] if caffemodel is not None else [])]
    if not any("," in str(file) for file in files):
        yield ",".join(map(str, files)), str(artifact)
        return
    with TemporaryDirectory(prefix="ctk-source-") as folder:
        links = []
        for file, suffix in zip(files, (".prototxt", ".caffemodel"), strict=False):
            links.append(Path(folder) / f"net{suffix}")
            links[-1].symlink_to(file.absolute())
        yield ",".join(map(str, links)), str(artifact)


def _differences(document: DiffDocument, known: Sequence[str] | None) -> SourceDifferences:
    layers = _Layers(known)
    found = [_compared(row, layers) for row in document.weights if not row.same]
    for kind, rows in ((MISSING, document.only_in_a), (EXTRA, document.only_in_b)):
        # Constants that a converter makes are no blobs; where they matter, the graph differs too.
        found += [_lonely(row, kind, layers) for row in rows if row.what == "weight"]
    if known is not None:
        found = [row for row in found if row.kind != MISSING or row.layer in layers.order]
    found.sort(key=lambda row: layers.place(row.layer))
    structure = [row for row in document.structure if row.aspect not in _FOLLOWS]
    lacking = [
        row for row in document.only_in_a if row.what in {"layer", "node"} and layers.is_meant(row.name)
    ]
    names = [*(row.name for row in structure), *(row.name for row in lacking)]
    named = {row.layer for row in found} | {layers.of(name) for name in names}
    return SourceDifferences(
        found,
        [_sentence(row) for row in structure]
        + [f"{row.name}: only the source has this {row.type}" for row in lacking],
        sorted(named - {""}, key=layers.place),
        list(document.remarks),
    )


class _Layers:
    """Caffe layers by the names that other formats derive from them."""

    def __init__(self, known: Sequence[str] | None) -> None:
        self.order: Mapping[str, int] = {
            name: place for place, name in reversed(list(enumerate(known or ())))
        }

    def of(self, name: str) -> str:
        """The layer whose blob or node it is: ``LAYER.role``, ``LAYER`` or ``LAYER/part``; empty for none."""
        if name in self.order:
            return name
        for mark in (".", "/"):
            stem, found, _ = name.rpartition(mark)
            if found and (stem in self.order or not self.order):
                return stem
        return "" if self.order else name

    def is_meant(self, name: str) -> bool:
        """Whether a node belongs to a layer that the network has, or nobody knows."""
        return not self.order or self.of(name) in self.order

    def place(self, layer: str) -> int:
        """Where it stands in the network; behind all for one that is not there."""
        return self.order.get(layer, len(self.order))


def _compared(row: WeightComparison, layers: _Layers) -> WeightDifference:
    name = row.name_b or row.name
    return WeightDifference(
        layer=layers.of(row.name) or layers.of(name) or row.name,
        name=row.name,
        kind=row.kind,
        detail=_detail([row.detail], row.origin, row.origin_b),
        max_abs=_finite(row.max_abs),
    )


def _lonely(row: Lonely, kind: str, layers: _Layers) -> WeightDifference:
    side = "the artifact has no such array" if kind == MISSING else "the source has no such array"
    return WeightDifference(layer=layers.of(row.name), name=row.name, kind=kind, detail=side, max_abs=None)


def _detail(known: Collection[str | None], origin: str | None, origin_b: str | None) -> str | None:
    """What is known, and where the numbers come from, where that is a filler on one side alone."""
    parts = [part for part in known if part]
    if origin_b in _FILLED and origin != origin_b:
        parts.append(f"the artifact has {_FILLED[origin_b]}, the source has {origin or 'other numbers'}")
    if origin in _FILLED and origin != origin_b:
        parts.append(f"the source has {_FILLED[origin]} alone")
    return "; ".join(parts) or None


def _sentence(row: StructureDifference) -> str:
    detail = f" {row.detail}" if row.detail else ""
    return f"{row.name}: {row.aspect}{detail} is {row.a!r} in the source, {row.b!r} in the artifact"


def _finite(value: float | None) -> float | None:
    return value if value is not None and value != float("inf") else None
