"""`ctk cache`: what the cache holds, and how to empty it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.commands.options import DryRun, JsonTarget, PrintSchema, Quiet
from toolkit.commands.table import print_table
from toolkit.errors import EnvironmentFailed, UsageFault
from toolkit.messages import set_quiet
from toolkit.nearest import did_you_mean

if TYPE_CHECKING:
    from toolkit.cache import CacheEntry
    from toolkit.cache_document import CacheDocument

# Heavy modules are imported inside the function: `ctk --help` loads this file for its first line of help.

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
    from toolkit.cache import entries
    from toolkit.cache_document import CacheDocument, cache_document
    from toolkit.documents import deliver, print_schema

    if context.invoked_subcommand is not None:
        _refuse_options_in_front(quiet, json_target, schema)
        return
    if schema:
        print_schema(CacheDocument)
        return
    set_quiet(quiet)
    document = cache_document(entries())
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
    from toolkit.cache import clear, entries
    from toolkit.cache_document import cache_document
    from toolkit.documents import deliver

    set_quiet(quiet)
    present = entries()
    chosen = [entry for entry in present if _chooser(present, model or [], artifacts, everything)(entry)]
    removed = [entry for entry in chosen if not entry.in_use] if dry_run else clear(chosen)
    left = present if dry_run else entries()
    document = cache_document(left, removed, dry_run)
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


def _refuse_options_in_front(quiet: bool, json_target: str | None, schema: bool) -> None:
    """Options of `ctk cache` count for the list alone; in front of ``clear`` they would do nothing."""
    given = {"--quiet": quiet, "--json": json_target is not None, "--print-schema": schema}
    for option in (name for name, there in given.items() if there):
        raise UsageFault(
            "CTK601",
            f"{option} in front of the word clear has no effect",
            notes=[
                "`ctk cache --print-schema` alone prints it"
                if schema
                else f"write it behind: ctk cache clear … {option}"
            ],
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
