"""Where a conversion writes, and whether it may (DESIGN §4: `-o`, `--force`, names that ctk chooses)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolkit.errors import EnvironmentFailed, UsageFault, Where

DEFAULT_FOLDER = Path("ctk-out")
_SUFFIX = {"onnx": ".onnx"}


def choose_target(output: Path | None, stem: str, model: str, target_format: str) -> Path:
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
    if output.is_dir():
        return output / name
    return output


def check_target(target: Path, sources: Sequence[Path], *, ours: bool, force: bool) -> None:
    """Refuses to write over something that is not ours.

    Args:
        target: The file to be written.
        sources: Files that are being read.
        ours: Whether the file there was written by ctk.
        force: `--force`.

    Raises:
        UsageFault: CTK601 when the target is one of the sources.
        EnvironmentFailed: CTK401 when it is no regular file, CTK406 when ctk did not write it.
    """
    if not target.exists():
        return
    if any(source.exists() and source.samefile(target) for source in sources):
        raise UsageFault("CTK601", f"the target is one of the sources: {target}")
    if not target.is_file():
        raise EnvironmentFailed(
            "CTK401", "the target cannot be written: it is not a regular file", Where(file=str(target))
        )
    if not ours and not force:
        raise EnvironmentFailed(
            "CTK406",
            "the target exists and was not written by ctk",
            Where(file=str(target)),
            ["add --force to replace it, or choose another place with -o"],
        )
