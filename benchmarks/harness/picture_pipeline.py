"""The five stages of a picture from a preset and a loaded artifact."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.own_format import OwnFormats
from benchmarks.harness.stage_timing import Pipeline
from toolkit.backends.protocol import BackendInfo, Session
from toolkit.errors import BadInput
from toolkit.presets.fit import head_of, refuse_unfit
from toolkit.presets.preset import PreparedPicture, Preset

_Inferred: TypeAlias = tuple[NDArray[np.float32], Any]


def picture_pipeline(
    session: Session, preset: Preset, *, suffix: str | None = ".png", mean: str | None = None
) -> Pipeline:
    """Decode, pre, infer, post and encode, ready to be timed or simply run one after another.

    ``infer`` gives the network's output beside what ``pre`` kept, so that ``post`` has both.

    Args:
        session: A loaded artifact with one input and one output, the head that the preset needs.
        preset: All steps but the network, for its input's size.
        suffix: Format of the coloured picture, ``.png`` or ``.jpg``; None for JPEG where the picture was one, else PNG.
        mean: Where the artifact's provenance says that the 50 is subtracted, ``inside`` or ``outside``;
            None where nothing says it.

    Raises:
        BadInput: CTK516 when the artifact has not one input and one output.
        UsageFault: CTK601 when it has another head, or the mean elsewhere, than the preset needs.
    """
    info = session.info()
    source, target = only_input_and_output(info)
    refuse_unfit(preset, head=head_of(info.outputs[target].shape), mean=mean)

    own = OwnFormats()

    def decode(data: bytes) -> NDArray[np.uint8]:
        own.seen(data)
        return preset.decode(data, "picture")

    def infer(prepared: PreparedPicture) -> _Inferred:
        output = session.run({source: prepared.input}, [target])[target]
        session.synchronise()
        return output, prepared.kept

    def post(inferred: _Inferred) -> NDArray[Any]:
        return preset.post(*inferred)

    return Pipeline(
        decode=decode,
        pre=preset.pre,
        infer=infer,
        post=post,
        encode=lambda picture: preset.encode(picture, suffix or own.suffixes[0]),
    )


def only_input_and_output(info: BackendInfo) -> tuple[str, str]:
    """Names of the input and the output of an artifact that has one of each.

    Raises:
        BadInput: CTK516 when it has more or fewer, naming them.
    """
    if len(info.inputs) != 1 or len(info.outputs) != 1:
        raise BadInput(
            "CTK516",
            "colouring a picture needs one input and one output, but the artifact has inputs "
            f"{', '.join(info.inputs) or 'none'} and outputs {', '.join(info.outputs) or 'none'}",
            notes=["convert it with --head ab, or --head bins for the preset omz-demo"],
        )
    return next(iter(info.inputs)), next(iter(info.outputs))
