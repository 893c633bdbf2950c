"""Inspects whatever files are given, or a model card's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from converters.caffe_files import CaffeFiles, from_card
from converters.inspection.caffe_inspection import inspect_caffe
from converters.inspection.caffemodel_inspection import inspect_caffemodel
from converters.inspection.document import InspectDocument
from converters.inspection.given_files import sorted_out
from converters.inspection.onnx_inspection import inspect_onnx
from converters.options import ConvertOptions
from toolkit.errors import UsageFault
from toolkit.models.card import model_card


def inspect_files(
    paths: Sequence[Path] = (),
    *,
    model: str | None = None,
    weights: Literal["released", "synthetic"] | None = None,
    ignore_unknown_fields: bool = False,
) -> InspectDocument:
    """Tells what a network is.

    Args:
        paths: An ONNX file, a prototxt, a prototxt and a caffemodel, or a caffemodel; none for a model card.
        model: Model card; `colorization-v2-norebal` without files.
        weights: Which weights of the model card.
        ignore_unknown_fields: Unknown prototxt fields are warnings.

    Raises:
        BadInput: The files are wrong (CTK501 to CTK510, CTK517).
        UsageFault: CTK601 when files or options do not go together, CTK603 for an unknown model.
        EnvironmentFailed: CTK403 when released weights were asked for and are absent, CTK409 when the cache
            cannot be written.
    """
    if not paths:
        files = from_card(model, ConvertOptions(weights=weights))
        return inspect_caffe(files, ignore_unknown_fields=ignore_unknown_fields)
    if weights is not None:
        raise UsageFault(
            "CTK601", "--weights chooses among a model card's weights, but files were given",
            notes=["leave it out, or name no files"],
        )  # fmt: skip
    given = sorted_out(paths)
    card = model_card(model) if model else None
    if given.onnx is not None:
        return inspect_onnx(given.onnx, model)
    if given.prototxt is not None:
        name = model or given.prototxt.stem or "network"
        caffe = CaffeFiles(given.prototxt, given.caffemodel, name, card)
        return inspect_caffe(caffe, ignore_unknown_fields=ignore_unknown_fields)
    assert given.caffemodel is not None  # one of the three is there
    return inspect_caffemodel(given.caffemodel, model or given.caffemodel.stem or "network")
