"""`ctk cache`: what the cache holds, and how to empty it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Literal

import typer
from pydantic import BaseModel, ConfigDict, Field

from toolkit.cache import CacheEntry, cache_home, cache_limit, clear, entries
from toolkit.commands.options import DryRun, JsonTarget, PrintSchema, Quiet
from toolkit.commands.table import print_table
from toolkit.documents import Document, deliver, print_schema
from toolkit.errors import EnvironmentFailed, UsageFault
from toolkit.messages import set_quiet
from toolkit.nearest import did_you_mean


class CachedFolder(BaseModel):
    """One folder of the cache."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["model", "artifact"]
    name: str
    path: str
    bytes: int
    last_used: datetime
    in_use: bool


class CacheDocument(Document):
    """``ctk.cache/1``: what the cache holds, and what `ctk cache clear` removed (or would).

    Attributes:
        removed: Null unless something was to be removed.
        dry_run: Whether ``removed`` is only what would be.
    """

    schema_: Literal["ctk.cache/1"] = Field(default="ctk.cache/1", alias="schema")
    home: str
    limit_bytes: int
    total_bytes: int
    entries: tuple[CachedFolder, ...]
    removed: tuple[CachedFolder, ...] | None = None
    dry_run: bool = False


command = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@command.callback()
def show(
    context: typer.Context, quiet: Quiet = False, json_target: JsonTarget = None, schema: PrintSchema = False
) -> None:
    """Show what the cache holds: models, and artifacts made on demand.

    It lies under $CTK_HOME (by default in the user's cache folder). Above $CTK_CACHE_LIMIT bytes (by default
    8 GiB) what was not used for longest is removed, except released weights.

    For example:

      ctk cache

      ctk cache clear --artifacts --dry-run

      ctk cache clear --model colorization-v2
    """
    if context.invoked_subcommand is not None:
        return
    if schema:
        print_schema(CacheDocument)
        return
    set_quiet(quiet)
    document = _document(entries())
    if not deliver(document, json_target):
        _print(document)


@command.command("clear")
def clear_entries(
    model: Annotated[
        list[str] | None,
        typer.Option("--model", metavar="NAME", help="Remove this model's files. Repeatable."),
    ] = None,
    artifacts: Annotated[bool, typer.Option("--artifacts", help="Remove artifacts made on demand.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Remove everything.")] = False,
    dry_run: DryRun = False,
    quiet: Quiet = False,
    json_target: JsonTarget = None,
) -> None:
    """Remove what is named; what another process is using stays, and the exit status is then 4.

    For example:

      ctk cache clear --all
    """
    set_quiet(quiet)
    present = entries()
    chosen = [entry for entry in present if _chooser(present, model or [], artifacts, everything)(entry)]
    removed = [entry for entry in chosen if not entry.in_use] if dry_run else clear(chosen)
    left = present if dry_run else entries()
    document = _document(left, removed, dry_run)
    if not deliver(document, json_target) and not quiet:
        sys.stdout.write(_removal(document))
    gone = {entry.path for entry in removed}
    busy = [entry.name for entry in chosen if entry.path not in gone]
    if busy:
        raise EnvironmentFailed(
            "CTK409",
            f"in use by another process and not removed: {', '.join(busy)}",
            notes=["try again later"],
        )


def _chooser(
    present: Sequence[CacheEntry], models: Sequence[str], artifacts: bool, everything: bool
) -> Callable[[CacheEntry], bool]:
    """What the options choose; refuses options that choose nothing.

    Raises:
        UsageFault: CTK601 without any option, CTK603 for a model that is not in the cache.
    """
    if not (models or artifacts or everything):
        raise UsageFault(
            "CTK601", "nothing to clear was named", notes=["say --model NAME, --artifacts or --all"]
        )
    there = {entry.name.split("/")[0] for entry in present if entry.kind == "model"}
    for name in models:
        if name not in there:
            raise UsageFault(
                "CTK603", f"the model {name!r} is not in the cache", notes=did_you_mean(name, there)
            )
    kinds = {"artifact"} if artifacts else set()
    return lambda entry: everything or entry.kind in kinds or entry.name.split("/")[0] in models


def _document(
    present: Sequence[CacheEntry], removed: Sequence[CacheEntry] | None = None, dry_run: bool = False
) -> CacheDocument:
    return CacheDocument(
        home=str(cache_home()),
        limit_bytes=cache_limit(),
        total_bytes=sum(entry.bytes for entry in present),
        entries=tuple(_folder(entry) for entry in present),
        removed=None if removed is None else tuple(_folder(entry) for entry in removed),
        dry_run=dry_run,
    )


def _folder(entry: CacheEntry) -> CachedFolder:
    return CachedFolder.model_validate(
        {
            "kind": entry.kind, "name": entry.name, "path": str(entry.path), "bytes": entry.bytes,
            "last_used": entry.last_used, "in_use": entry.in_use,
        }
    )  # fmt: skip


def _print(document: CacheDocument) -> None:
    rows = [
        [
            folder.kind,
            folder.name,
            _megabytes(folder.bytes),
            folder.last_used.astimezone().strftime("%Y-%m-%d %H:%M"),
            "in use" if folder.in_use else "",
        ]
        for folder in reversed(document.entries)
    ]
    if rows:
        print_table(["what", "name", "size", "last used", ""], rows, right=(2,))
    total, limit = _megabytes(document.total_bytes), _megabytes(document.limit_bytes)
    sys.stdout.write(f"{total} of at most {limit} in {document.home}\n")


def _removal(document: CacheDocument) -> str:
    verb = "would remove" if document.dry_run else "removed"
    removed = document.removed or ()
    lines = [f"{verb} {folder.kind} {folder.name} ({_megabytes(folder.bytes)})" for folder in removed]
    return "\n".join(lines or ["nothing to remove"]) + "\n"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
