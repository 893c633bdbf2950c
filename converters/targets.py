"""Where a conversion writes, and whether it may (DESIGN §4: `-o`, `--force`, names that ctk chooses)."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from toolkit.artifact import is_artifact_document, sidecar_of
from toolkit.atomic import write_failures_named
from toolkit.errors import EnvironmentFailed, UsageFault, Where

DEFAULT_FOLDER = Path("ctk-out")
_SUFFIX = {"onnx": ".onnx", "openvino": ".xml"}
# Formats whose files are known by their suffix alone: OpenVINO finds the bin by the name of the xml.
_SUFFIX_DEMANDED = frozenset({"openvino"})


def choose_target(output: Path | str | None, stem: str, model: str, target_format: str) -> Path:
    """The file to write.

    Args:
        output: What `-o` says: a file, or a folder (one that exists, or a path that ends with a slash).
        stem: Name without suffix that ctk chooses.
        model: Name of the model, for the default folder.
        target_format: Format of the artifact.

    Raises:
        UsageFault: CTK601 when a file is named whose suffix is not the format's, where the format demands it.
    """
    suffix = _SUFFIX[target_format]
    name = stem + suffix
    if output is None:
        return DEFAULT_FOLDER / model / target_format / name
    path = Path(output)
    if str(output).endswith("/") or os.path.isdir(path):  # noqa: PTH112 - raises never
        return path / name
    if target_format in _SUFFIX_DEMANDED and path.suffix != suffix:
        what = f"a file of the format {target_format} is named NAME{suffix}, not {path.name!r}"
        raise UsageFault("CTK601", what, notes=["a folder ends with a slash"])
    return path


def check_target(
    target: Path,
    sources: Sequence[Path],
    *,
    ours: bool,
    force: bool,
    parts: Mapping[Path, Callable[[], bool]] | None = None,
) -> None:
    """Refuses to write over something that is not ours.

    Args:
        target: The file to be written.
        sources: Files that are being read.
        ours: Whether the file there was written by ctk.
        force: `--force`.
        parts: Further files of the artifact, each with a function that tells whether ctk wrote the one there.

    Raises:
        UsageFault: CTK601 when the target or its sidecar is one of the sources.
        EnvironmentFailed: CTK401 when one of them is no regular file or no possible name, CTK406 when ctk
            did not write it.
    """
    sidecar = sidecar_of(target)
    for file in (sidecar, target, *(parts or {})):
        with write_failures_named(file):
            if file.exists() and not file.is_file():
                raise OSError(errno.EINVAL, "it is not a regular file")
        if any(_same(source, file) for source in sources):
            what = "the sidecar of the target" if file is sidecar else "the target"
            raise UsageFault("CTK601", f"{what} is one of the sources: {file}")
    if force:
        return
    if target.exists() and not ours:
        raise _not_ours("the target exists and was not written by ctk", target)
    for part, is_ours in (parts or {}).items():
        if part.exists() and not is_ours():
            raise _not_ours("the target exists and was not written by ctk", part)
    if sidecar.exists() and not is_artifact_document(sidecar):
        raise _not_ours("the place of the sidecar is taken by a file that ctk did not write", sidecar)


def check_report(
    report: Path | None, target: Path, sources: Sequence[Path], parts: Iterable[Path] = ()
) -> None:
    """Refuses to write the document over what was read, or over what was written just before.

    Args:
        report: What `--json` says, or None.
        target: The file to be written.
        sources: Files that are being read.
        parts: Further files of the artifact.

    Raises:
        UsageFault: CTK601 when ``report`` is one of the sources, the target, its sidecar or one of its parts.
    """
    if report is None:
        return
    taken = [(target, "the target"), (sidecar_of(target), "the sidecar of the target")]
    taken += [(part, "a part of the target") for part in parts]
    taken += [(source, "one of the sources") for source in sources]
    for file, what in taken:
        if _same(report, file):
            raise UsageFault("CTK601", f"--json {report} is {what}", notes=["choose another file"])


def _same(one: Path, other: Path) -> bool:
    """Whether two paths are one file, also where it does not exist yet."""
    with suppress(OSError, ValueError):
        return one.samefile(other)
    with suppress(OSError, ValueError):
        return os.path.realpath(one) == os.path.realpath(other)
    return False


def _not_ours(what: str, file: Path) -> EnvironmentFailed:
    return EnvironmentFailed(
        "CTK406",
        what,
        Where(file=str(file)),
        ["add --force to replace it, or choose another place with -o"],
    )
