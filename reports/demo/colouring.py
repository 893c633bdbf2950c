"""The built-in pictures, coloured by an artifact."""

from __future__ import annotations

from pathlib import Path

from benchmarks.harness.picture_pipeline import picture_pipeline
from benchmarks.harness.pictures import samples
from reports.demo.document import ColouredPicture
from toolkit.atomic import write_atomically
from toolkit.backends.opening import open_backend
from toolkit.presets.registry import preset_named


def colour_pictures(
    artifact: Path, backend: str, preset: str, threads: int | None, folder: Path
) -> list[ColouredPicture]:
    """Colours every built-in picture and writes it as PNG.

    Args:
        artifact: Main file.
        backend: What runs it.
        preset: Pre- and postprocessing.
        threads: Threads that compute; the physical cores when None.
        folder: Where to; it exists.

    Raises:
        CtkError: What the backend raises; CTK401 or CTK402 when a picture cannot be written.
    """
    found = []
    with open_backend(backend, artifact, threads) as session:
        pipeline = picture_pipeline(session, preset_named(preset))
        for sample in samples():
            ready = pipeline.pre(pipeline.decode(sample.data))
            target = folder / f"{sample.name}.png"
            write_atomically(target, pipeline.encode(pipeline.post(pipeline.infer(ready))))
            found.append(ColouredPicture(picture=sample.name, path=str(target)))
    return found
