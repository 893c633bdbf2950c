"""`ctk fetch`: brings the released files of a model into the cache, checked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from toolkit.commands.options import DryRun, JsonTarget, PrintSchema, Quiet
from toolkit.errors import UsageFault
from toolkit.messages import set_quiet
from toolkit.models.main_model import MAIN_MODEL
from toolkit.nearest import did_you_mean

if TYPE_CHECKING:
    from toolkit.models.card import FileKind, ModelCard
    from toolkit.models.fetching import FetchDocument, FetchedFile

# Heavy modules are imported inside the function: `ctk --help` loads this file for its first line of help.

_DERIVED: tuple[FileKind, ...] = ("prototxt", "coefficients")


def command(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Model; `ctk models` lists them.")] = MAIN_MODEL,
    origin: Annotated[
        Path | None,
        typer.Option("--from", metavar="FOLDER", help="Copy the files from here instead of downloading them."),
    ] = None,
    address: Annotated[
        list[str] | None,
        typer.Option(
            "--address", metavar="KIND=URL",
            help="Try this address first; KIND is caffemodel, prototxt or coefficients. Repeatable.",
        ),
    ] = None,
    official: Annotated[
        bool, typer.Option("--official", help="The authors' prototxt and coefficients too, not only the weights.")
    ] = False,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    json_target: JsonTarget = None,
    schema: PrintSchema = False,
) -> None:  # fmt: skip
    """Get the released weights of a model; nothing is used before its size and sha256 are right.

    Only the caffemodel is downloaded: ctk writes the prototxt from its own description of the network and
    derives the coefficients, byte for byte as released. A download that was cut is continued.

    For example:

      ctk fetch

      ctk fetch colorization-v2 --dry-run

      ctk fetch --from ~/Downloads

      ctk fetch --address caffemodel=https://mirror.example/weights.caffemodel
    """
    from toolkit.documents import print_schema
    from toolkit.models.card import model_card
    from toolkit.models.fetching import FetchDocument

    if schema:
        print_schema(FetchDocument)
        return
    set_quiet(quiet)
    card = model_card(name)
    extra = _addresses(address or [])
    if origin is not None and extra:
        raise UsageFault("CTK601", "--from and --address exclude each other: --from downloads nothing")
    wanted: list[FileKind] = ["caffemodel"]
    wanted += [kind for kind in _DERIVED if official or kind in extra]
    files = _bring(card, wanted, extra, origin, dry_run, show=not quiet)
    _deliver(card, files, json_target, quiet)


def _bring(
    card: ModelCard,
    wanted: Sequence[FileKind],
    extra: dict[FileKind, list[str]],
    origin: Path | None,
    dry_run: bool,
    show: bool,
) -> list[FetchedFile]:
    from toolkit.models.fetching import copy_file, fetch_file, planned_file, with_addresses

    files = []
    for kind in wanted:
        addresses = with_addresses(card, kind, extra)
        if dry_run:
            files.append(planned_file(card, kind, [str(origin)] if origin else addresses))
        elif origin is not None:
            files.append(copy_file(card, kind, origin))
        else:
            with _progress(kind, card.file(kind).bytes, show) as progress:
                files.append(fetch_file(card, kind, addresses, progress=progress))
    return files if dry_run or _failed(files) else files + _derived(card, wanted)


def _deliver(card: ModelCard, files: Sequence[FetchedFile], json_target: str | None, quiet: bool) -> None:
    from toolkit.documents import deliver
    from toolkit.models.fetching import FetchDocument, no_address_left
    from toolkit.models.store import model_paths

    folder = model_paths(card.name, "released").folder
    document = FetchDocument(model=card.name, licence=card.licence, folder=str(folder), files=tuple(files))
    taken = deliver(document, json_target)
    if _failed(files):
        raise no_address_left(card, files)
    if not (taken or quiet):
        sys.stdout.write(_text(document))


def _failed(files: Sequence[FetchedFile]) -> bool:
    return any(file.status == "failed" for file in files)


def _derived(card: ModelCard, wanted: Sequence[FileKind]) -> list[FetchedFile]:
    """Writes what was not fetched beside the caffemodel, and says what it is."""
    from converters.caffe.model_files import model_files
    from toolkit.hashing import sha256_file
    from toolkit.models.fetching import FetchedFile

    files = model_files(card.name, "released")
    paths = {"prototxt": files.prototxt, "coefficients": files.coefficients}
    return [
        FetchedFile(
            kind=kind, file_name=paths[kind].name, path=str(paths[kind]), bytes=paths[kind].stat().st_size,
            sha256=sha256_file(paths[kind]), status="derived",
        )
        for kind in _DERIVED if kind not in wanted
    ]  # fmt: skip


def _addresses(words: Sequence[str]) -> dict[FileKind, list[str]]:
    from toolkit.models.card import FileKind

    found: dict[FileKind, list[str]] = {}
    for word in words:
        kind, equals, url = word.partition("=")
        known: FileKind | None = next((k for k in get_args(FileKind) if k == kind), None)
        if not equals or known is None:
            raise UsageFault(
                "CTK601", f"--address {word!r} is not KIND=URL", notes=did_you_mean(kind, get_args(FileKind))
            )
        if not url.startswith(("http://", "https://")):
            raise UsageFault("CTK601", f"--address {word!r} names no http or https address")
        found.setdefault(known, []).append(url)
    return found


def _text(document: FetchDocument) -> str:
    lines = [f"{document.model} (licence {document.licence}), in {document.folder}"]
    for file in document.files:
        lines.append(
            f"  {file.status:8} {file.kind:13} {file.bytes:>11} bytes  sha256 {file.sha256[:12]}…  {Path(file.path).name}"
        )
        lines += [f"           from {file.source}"] if file.source else []
        lines += [f"           would try {address}" for address in file.addresses]
        lines += [f"           not {attempt.address}: {attempt.reason}" for attempt in file.attempts]
    return "\n".join(lines) + "\n"


@contextmanager
def _progress(label: str, total: int, show: bool) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while the block runs, on a terminal only."""
    if not show or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=total)
        yield lambda done: bars.update(task, completed=done)
