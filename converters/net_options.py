"""Options of a conversion as what the Caffe reader takes."""

from __future__ import annotations

from dataclasses import replace

from converters.caffe.build import NetOptions
from converters.caffe.input_shapes import InputShapes
from converters.options import ConvertOptions
from toolkit.models.card import ModelCard, model_card
from toolkit.models.main_model import MAIN_MODEL


def with_default_head(options: ConvertOptions, card: ModelCard | None) -> ConvertOptions:
    """The options with the head that is meant where none is named: a model card's `ab` (DESIGN §1)."""
    if options.head is not None or options.cut or card is None or "ab" not in card.heads:
        return options
    return replace(options, head="ab")


def net_options(options: ConvertOptions, card: ModelCard | None) -> NetOptions:
    """How the network is read.

    Args:
        options: After `with_default_head`.
        card: The model card that the files belong to; the main model's heads are meant without one.
    """
    heads = (card or model_card(MAIN_MODEL)).heads
    return NetOptions(
        cut=tuple(options.cut),
        input_shapes=InputShapes(options.input_shape, options.batch),
        ignore_unknown_fields=options.ignore_unknown_fields,
        from_blobs=tuple(options.from_blob),
        head=heads[options.head].blob if options.head else None,
    )
