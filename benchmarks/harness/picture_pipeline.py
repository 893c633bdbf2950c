"""The five stages of a picture from a preset and a loaded artifact."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.stage_timing import Pipeline
from toolkit.backends.protocol import BackendInfo, Session
from toolkit.errors import BadInput
from toolkit.pictures import decode, encode
from toolkit.presets.preset import PreparedPicture, Preset

_Inferred: TypeAlias = tuple[NDArray[np.float32], NDArray[np.float64]]


def picture_pipeline(session: Session, preset: Preset, *, suffix: str = ".png") -> Pipeline:
    """Decode, pre, infer, post and encode, ready to be timed or simply run one after another.

    ``infer`` gives the network's output beside what ``pre`` kept, so that ``post`` has both.

    Args:
        session: A loaded artifact with one input and one output (head ``ab``).
        preset: Pre- and postprocessing for its input's size.
        suffix: Format of the coloured picture, ``.png`` or ``.jpg``.

    Raises:
        BadInput: CTK516 when the artifact has not one input and one output.
    """
    source, target = only_input_and_output(session.info())

    def infer(prepared: PreparedPicture) -> _Inferred:
        output = session.run({source: prepared.input}, [target])[target]
        session.synchronise()
        return output, prepared.kept

    def post(inferred: _Inferred) -> NDArray[np.uint8]:
        return preset.post(*inferred)

    return Pipeline(
        decode=lambda data: decode(data, "picture"),
        pre=preset.pre,
        infer=infer,
        post=post,
        encode=lambda rgb: encode(rgb, suffix),
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
            notes=["convert it with --head ab"],
        )
    return next(iter(info.inputs)), next(iter(info.outputs))
