"""Where a conversion writes, and whether it may (DESIGN §4: `-o`, `--force`, names that ctk chooses)."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from toolkit.artifact import sidecar_of
from toolkit.atomic import write_failures_named
from toolkit.errors import EnvironmentFailed, UsageFault, Where

DEFAULT_FOLDER = Path("ctk-out")
_SUFFIX = {"onnx": ".onnx"}


def choose_target(output: Path | str | None, stem: str, model: str, target_format: str) -> Path:
    """The file to write.

    Args:
        output: What `-o` says: a file, or a folder (one that exists, or a path that ends with a slash).
        stem: Name without suffix that ctk chooses.
        model: Name of the model, for the default folder.
        target_format: Format of the artifact.
    """
    name = stem + _SUFFIX[target_format]
    if output is None:
        return DEFAULT_FOLDER / model / target_format / name
    path = Path(output)
    return path / name if str(output).endswith("/") or os.path.isdir(path) else path  # noqa: PTH112 - raises never


def check_target(target: Path, sources: Sequence[Path], *, ours: bool, force: bool) -> None:
    """Refuses to write over something that is not ours.

    Args:
        target: The file to be written.
        sources: Files that are being read.
        ours: Whether the file there was written by ctk.
        force: `--force`.

    Raises:
        UsageFault: CTK601 when the target is one of the sources.
        EnvironmentFailed: CTK401 when it or its sidecar is no regular file or no possible name, CTK406 when ctk
            did not write it.
    """
    for file in (sidecar_of(target), target):
        with write_failures_named(file):
            if file.exists() and not file.is_file():
                raise OSError(errno.EINVAL, "it is not a regular file")
    if not target.exists():
        return
    if any(source.exists() and source.samefile(target) for source in sources):
        raise UsageFault("CTK601", f"the target is one of the sources: {target}")
    if not ours and not force:
        raise EnvironmentFailed(
            "CTK406",
            "the target exists and was not written by ctk",
            Where(file=str(target)),
            ["add --force to replace it, or choose another place with -o"],
        )
