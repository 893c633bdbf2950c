"""The colour head of a network, apart from the rest: from the probabilities of the bins to ab."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.layer_walk.exposing import with_every_value
from benchmarks.layer_walk.extracting import extract
from benchmarks.layer_walk.named_values import named_values
from benchmarks.layer_walk.piece import Piece, is_caffe, layers_before, piece_of
from benchmarks.parity_check.child_process import Job
from converters.caffe.network import Net
from toolkit.errors import BadInput, Where


def colour_head(net: Net, ab: str) -> Piece | None:
    """The last layers that make ab, back to the softmax whose probabilities they read.

    Args:
        net: The network; its parameters are not needed.
        ab: Its output.

    Returns:
        A piece that starts from the probabilities alone; None where the network has none to start from.
    """
    before = layers_before(net, next(layer.name for layer in net.layers if ab in layer.tops))
    probabilities = {top for layer in before if layer.type == "Softmax" for top in layer.tops}
    for count in range(1, len(before)):
        piece = piece_of(before, count)
        if len(piece.starts) == 1 and probabilities.issuperset(piece.starts):
            return piece
    return None


def jobs_apart(job: Job, net: Net, head: Piece, folder: Path) -> tuple[Job, Job]:
    """An artifact in two: what gives the probabilities for the network's input, and what makes ab of them.

    Args:
        job: How the whole artifact is run.
        net: The network with its parameters.
        head: Its colour head.
        folder: Where what has to be written goes.

    Returns:
        The two jobs. The first runs a copy that gives the probabilities as well, the second the part that makes ab
        of an input with their name; where the artifact is a prototxt, the first is asked for that blob as it is.

    Raises:
        BadInput: CTK501, CTK502, CTK517 or CTK520 for the file, CTK516 where it has no value of that name.
        EnvironmentFailed: CTK401 or CTK402 when a copy cannot be written.
    """
    (name,) = head.starts
    whole, part = folder / "probabilities", folder / "head"
    for made in (whole, part):
        made.mkdir()
    artifact = job.artifact
    if not is_caffe(artifact):
        if name not in named_values(artifact):
            raise BadInput("CTK516", f"the graph has no value {name!r}", Where(file=str(artifact)))
        artifact = with_every_value(artifact, whole, [name])
    shaped = {name: np.zeros(net.values[name].shape, np.float32)}
    main, _ = extract(job.artifact, head, shaped, part)
    return replace(job, artifact=artifact, outputs=[name]), replace(
        job, artifact=main, outputs=list(head.ends)
    )
