"""What a caffemodel alone holds: layers and blobs, and whose weights they are."""

from __future__ import annotations

from collections import Counter
from math import prod
from pathlib import Path

from converters.caffe.caffemodel import StoredLayer, read_caffemodel
from converters.caffe.schema import V1LayerParameter
from converters.caffe.stored_blob import StoredBlob
from converters.caffe.unknown_fields import warn_of_unknown_fields
from converters.inspection.document import InspectDocument, StoredBlobFacts, StoredLayerFacts
from converters.inspection.given_files import inspected_file, shown
from converters.inspection.parameter_totals import Counted, totals
from toolkit.models.card import weights_kind


def inspect_caffemodel(path: Path, model: str) -> InspectDocument:
    """Reads a caffemodel without its network.

    Args:
        path: The file.
        model: Name of the model, for the document.

    Raises:
        BadInput: CTK501, CTK502, CTK509.
    """
    stored = read_caffemodel(path)
    warn_of_unknown_fields(stored)
    file = inspected_file(path, "caffemodel")
    layers = [_layer(layer) for layer in stored.layers]
    remarks = ["without a prototxt neither shapes of the picture nor the order of layers are known"]
    odd = [
        shown(layer.name)
        for layer in stored.layers
        if any(prod(blob.shape) != blob.values.size for blob in layer.blobs)
    ]
    if odd:
        remarks.append(f"the shape of a blob does not fit its numbers in: {', '.join(odd)}")
    return InspectDocument(
        format="caffe",
        model=shown(model),
        weights=weights_kind(file.sha256 or ""),
        network=shown(stored.name),
        files=[file],
        layer_count=len(layers),
        layer_types=dict(Counter(layer.type for layer in layers)),
        parameters=totals(
            Counted(
                layer.name,
                blob.elements,
                "batch_norm_factors" if layer.type == "BatchNorm" and index == 2 else None,
            )
            for layer in layers
            for index, blob in enumerate(layer.blobs)
        ),
        stored_layers=layers,
        remarks=remarks,
    )


def _layer(layer: StoredLayer) -> StoredLayerFacts:
    return StoredLayerFacts(
        name=shown(layer.name), type=_type(layer.type), blobs=[_blob(blob) for blob in layer.blobs]
    )


def _blob(blob: StoredBlob) -> StoredBlobFacts:
    return StoredBlobFacts(dims=list(blob.shape), elements=blob.values.size, dtype=blob.values.dtype.name)


def _type(stored: str) -> str:
    """V1 files have numbers for types."""
    names = {str(number): name for name, number in V1LayerParameter.LayerType.items()}
    return names.get(stored, shown(stored))
