"""A copy of an artifact that gives the values inside as well, so that they can be compared layer by layer."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from benchmarks.layer_walk.ir_exposing import expose_ir
from benchmarks.layer_walk.onnx_exposing import expose_onnx
from toolkit.atomic import write_failures_named
from toolkit.backends.openvino_reading import format_of

PREFIX = "every-value-"


def with_every_value(artifact: Path, folder: Path, names: Collection[str] | None = None) -> Path:
    """Makes a copy whose graph outputs are the artifact's own and the values inside.

    Of an IR only the xml is written anew: its bin is linked where the file system can, else copied. The external
    data of an ONNX file are copied, for onnx refuses a file that has two names. A runtime may optimise the copy otherwise than the artifact, since it can no
    longer merge layers over a value that is asked for: the copy is for looking, never for timing.

    Args:
        artifact: An ONNX file, or the xml of an IR.
        folder: Where the copy goes; it is made.
        names: Values wanted, by the names that they have in the artifact; those that it lacks are passed
            over. By default every value of real numbers that has a name.

    Returns:
        The copy's main file.

    Raises:
        BadInput: CTK501 or CTK502 for the file, CTK517 or CTK520 when it is damaged.
        EnvironmentFailed: CTK401 or CTK402 when the copy cannot be written.
    """
    target = folder / f"{PREFIX}{artifact.name}"
    with write_failures_named(folder):
        folder.mkdir(parents=True, exist_ok=True)
    expose = expose_ir if format_of(artifact) == "openvino" else expose_onnx
    expose(artifact, target, None if names is None else frozenset(names))
    return target
