"""`ctk doctor`: what is installed, and what each missing piece would enable."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from toolkit.commands.options import JsonTarget, PrintSchema, Quiet

if TYPE_CHECKING:
    from toolkit.doctor.report import DoctorDocument


def command(quiet: Quiet = False, json_target: JsonTarget = None, schema: PrintSchema = False) -> None:
    """Show what is installed, what each missing piece would enable, and how to get it.

    The exit status is 4 when ctk itself lacks something; missing optional pieces are no failure.

    Examples:
      ctk doctor
      ctk doctor --json - | jq -r '.libraries[] | select(.ok | not) | .get'
    """
    from toolkit.doctor.report import DoctorDocument, examine
    from toolkit.documents import deliver, print_schema
    from toolkit.errors import EnvironmentFailed
    from toolkit.messages import set_quiet, warn

    if schema:
        print_schema(DoctorDocument)
        return
    set_quiet(quiet)
    found = examine()
    if not deliver(found, json_target):
        _print(found)
    for text in found.warnings:
        warn(text)
    if found.problems:
        things = "1 thing is" if len(found.problems) == 1 else f"{len(found.problems)} things are"
        raise EnvironmentFailed(
            "CTK404", f"ctk cannot work as installed: {things} missing", notes=found.problems
        )


def _print(found: DoctorDocument) -> None:
    from toolkit.commands.table import print_table

    sys.stdout.write(f"ctk {found.ctk}, Python {found.python} ({found.executable}), {found.system}\n\n")
    print_table(["", "library", "version", "for", "how to get it"], _library_rows(found))
    sys.stdout.write("\n")
    print_table(["", "registered", "name", "by", "module"], _member_rows(found))
    sys.stdout.write("\n" + "\n".join([*_processor_lines(found), *_place_lines(found)]) + "\n")


def _library_rows(found: DoctorDocument) -> list[list[str]]:
    rows = [
        [
            _mark(library.ok, library.needed),
            library.name,
            library.version or "not installed",
            library.enables,
            "" if library.ok else library.get,
        ]
        for library in found.libraries
    ]
    tools = [
        [
            _mark(tool.path is not None, False),
            tool.name,
            tool.path or "not on PATH",
            tool.enables,
            "" if tool.path else tool.get,
        ]
        for tool in found.tools
    ]
    return rows + tools


def _member_rows(found: DoctorDocument) -> list[list[str]]:
    return [
        [
            _mark(member.problem is None, member.own),
            member.kind,
            member.name,
            member.distribution or "unknown",
            member.problem or member.module,
        ]
        for member in found.members
    ]


def _processor_lines(found: DoctorDocument) -> list[str]:
    cpu = found.processor
    lines = [f"processor  {cpu.name or 'unknown'}, {cpu.logical_cores or 'unknown'} logical cores"]
    if cpu.features is None:
        return [*lines, "           its features cannot be read here"]
    return lines + [
        f"           {word:4} {' '.join(names) or 'no instructions of its own'}"
        for word, names in cpu.features.items()
    ]


def _place_lines(found: DoctorDocument) -> list[str]:
    place = found.cache
    state = ("can be written" if place.writable else "cannot be written") + (
        "" if place.exists else ", not made yet"
    )
    free = "unknown" if place.free_bytes is None else f"{place.free_bytes / 1e9:.1f} GB"
    lines = [f"cache      {place.home} ({state}, {free} free)"]
    for weights in found.weights:
        released = "in the cache" if weights.released else f"not here: ctk fetch {weights.model}"
        synthetic = "in the cache" if weights.synthetic else "made on demand"
        lines.append(f"weights    {weights.model}: released {released}; synthetic {synthetic}")
    return lines


def _mark(ok: bool, needed: bool) -> str:
    return "ok" if ok else ("MISSING" if needed else "-")
