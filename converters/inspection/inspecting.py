"""Inspects whatever files are given, or a model card's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from converters.caffe_files import CaffeFiles, from_card
from converters.inspection.asked_backends import refuse_backends_that_cannot_be_asked, with_lacking
from converters.inspection.caffe_inspection import inspect_caffe
from converters.inspection.caffemodel_inspection import inspect_caffemodel
from converters.inspection.document import InspectDocument
from converters.inspection.given_files import sorted_out
from converters.inspection.ir_inspection import inspect_ir
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
    backends: Sequence[str] = (),
) -> InspectDocument:
    """Tells what a network is.

    Args:
        paths: An ONNX file, the xml of an OpenVINO IR (its bin may be named too), a prototxt, a prototxt and a caffemodel, or a caffemodel; none for a model card.
        model: Model card; `colorization-v2-norebal` without files.
        weights: Which weights of the model card.
        ignore_unknown_fields: Unknown prototxt fields are warnings.
        backends: Backends that are asked what they lack of the network.

    Raises:
        BadInput: The files are wrong (CTK501 to CTK510, CTK517, CTK520).
        UsageFault: CTK601 when files or options do not go together, CTK603 for an unknown model or backend,
            CTK604 when a backend takes no form of the network.
        EnvironmentFailed: CTK403 when released weights were asked for and are absent, CTK404 when a backend is not
            installed, CTK409 when the cache cannot be written.
    """
    refuse_backends_that_cannot_be_asked(backends)
    document, asked = _inspected(paths, model, weights, ignore=ignore_unknown_fields)
    if not backends:
        return document
    if document.stored_layers is not None:
        raise UsageFault(
            "CTK601", "a caffemodel alone has no network that a backend could be asked about",
            notes=["give the prototxt with it, or alone"],
        )  # fmt: skip
    return with_lacking(
        document, backends, asked, ConvertOptions(ignore_unknown_fields=ignore_unknown_fields)
    )


def _inspected(
    paths: Sequence[Path],
    model: str | None,
    weights: Literal["released", "synthetic"] | None,
    *,
    ignore: bool,
) -> tuple[InspectDocument, Sequence[Path] | str]:
    """The document, and what a backend is asked about: the files that were read, or a model card's name."""
    if not paths:
        files = from_card(model, ConvertOptions(weights=weights))
        return inspect_caffe(files, ignore_unknown_fields=ignore), files.name
    if weights is not None:
        raise UsageFault(
            "CTK601", "--weights chooses among a model card's weights, but files were given",
            notes=["leave it out, or name no files"],
        )  # fmt: skip
    given = sorted_out(paths)
    card = model_card(model) if model else None
    if given.onnx is not None:
        return inspect_onnx(given.onnx, model), [given.onnx]
    if given.ir is not None:
        return inspect_ir(given.ir, model), [given.ir]
    if given.prototxt is not None:
        name = model or given.prototxt.stem or "network"
        caffe = CaffeFiles(given.prototxt, given.caffemodel, name, card)
        return inspect_caffe(caffe, ignore_unknown_fields=ignore), [given.prototxt]
    assert given.caffemodel is not None  # one of the four is there
    alone = given.caffemodel
    return inspect_caffemodel(alone, model or alone.stem or "network"), [alone]
