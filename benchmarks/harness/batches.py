"""A pipeline over several pictures at a time, for artifacts whose input takes a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.own_format import OwnFormats
from benchmarks.harness.picture_pipeline import only_input_and_output
from benchmarks.harness.stage_timing import Pipeline
from toolkit.backends.protocol import Session
from toolkit.presets.fit import head_of, refuse_unfit
from toolkit.presets.preset import PreparedPicture, Preset

_Inferred: TypeAlias = tuple[NDArray[np.float32], list[Any]]


def batch_pipeline(session: Session, preset: Preset, batch: int, *, mean: str | None) -> Pipeline:
    """The five stages of `batch` pictures: one inference, everything else picture by picture.

    ``decode`` takes a sequence of picture files; JPEG stays JPEG, all others become PNG. The times of a stage are those of the whole batch.

    Args:
        session: A loaded artifact whose input takes batch×1×h×w.
        preset: All steps but the network.
        batch: Pictures in one inference.
        mean: As `picture_pipeline`.

    Raises:
        BadInput: CTK516 when the artifact has not one input and one output.
        UsageFault: CTK601 when it is not what the preset needs.
    """
    info = session.info()
    source, target = only_input_and_output(info)
    refuse_unfit(preset, head=head_of(info.outputs[target].shape), mean=mean)

    own = OwnFormats()

    def decode(files: Sequence[bytes]) -> list[NDArray[np.uint8]]:
        own.seen(*files)
        return [preset.decode(data, "picture") for data in files]

    def encode(pictures: Sequence[NDArray[Any]]) -> list[bytes]:
        return [preset.encode(*one) for one in zip(pictures, own.suffixes, strict=True)]

    def infer(prepared: list[PreparedPicture]) -> _Inferred:
        given = np.concatenate([picture.input for picture in prepared])
        output = session.run({source: given}, [target])[target]
        session.synchronise()
        return output, [picture.kept for picture in prepared]

    def post(inferred: _Inferred) -> list[NDArray[Any]]:
        output, kept = inferred
        return [preset.post(output[i : i + 1], kept[i]) for i in range(batch)]

    return Pipeline(
        decode=decode,
        pre=lambda pictures: [preset.pre(picture) for picture in pictures],
        infer=infer,
        post=post,
        encode=encode,
    )
