"""Where the document goes: JSON with its pictures, and the terminal. One that fails does not stop the others."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks.harness.saved_samples import BLOBS
from benchmarks.parity_document import ParityDocument
from reports.attempt import attempt
from reports.bench.delivery import STANDARD_OUTPUT, keeps_samples
from reports.parity.show import show
from toolkit.atomic import write_atomically
from toolkit.documents import deliver
from toolkit.errors import CtkError
from toolkit.files import read_bounded

# Names come from a document, which may be anybody's.
_PICTURE = re.compile(r"[0-9a-f]{64}\.png")
_MOST_BYTES = 2**30


def delivered(
    document: ParityDocument, json_target: str | None, pictures_in: Path | None, *, summary: bool
) -> list[CtkError]:
    """Writes everything that can be written; the terminal gets its figures whatever fails.

    Args:
        document: What was compared.
        json_target: File, ``-`` for standard output, or None.
        pictures_in: Folder in whose blobs/ the pictures are that the document names.
        summary: Whether the terminal gets the figures too.

    Returns:
        What could not be written.
    """
    failures: list[CtkError] = []
    if json_target is not None and pictures_in is not None and keeps_samples(json_target):
        source, place = pictures_in, Path(json_target).parent
        attempt(failures, lambda: _copy_pictures(document, source, place))
    attempt(failures, lambda: deliver(document, json_target))
    if summary and json_target != STANDARD_OUTPUT:
        attempt(failures, lambda: _shown(document))
    return failures


def _shown(document: ParityDocument) -> None:
    show(document, sys.stdout)
    sys.stdout.flush()  # what cannot be written must show now, among the other failures


def _copy_pictures(document: ParityDocument, source: Path, target: Path) -> None:
    names = [name for pair in document.pairs for one in pair.quality for name in one.pictures.values()]
    for name in dict.fromkeys(names):
        picture, place = source / BLOBS / name, target / BLOBS / name
        if _PICTURE.fullmatch(name) and picture.is_file() and not place.exists():
            write_atomically(place, read_bounded(picture, "picture", _MOST_BYTES))
