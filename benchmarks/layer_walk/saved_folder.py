"""A folder that appears whole or not at all, and replaces only what was saved the same way."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

from toolkit.atomic import write_failures_named
from toolkit.errors import EnvironmentFailed, Where

MARK = "# A reproducer of `ctk parity`"
"""How the README of such a folder begins."""


def refuse_foreign(target: Path, readme: str) -> None:
    """Checks that a folder may be replaced.

    Raises:
        EnvironmentFailed: CTK406 when something is there that was not saved so.
    """
    if not target.exists() and not target.is_symlink():
        return
    if target.is_dir() and not target.is_symlink():
        file = target / readme
        if not any(target.iterdir()) or (file.is_file() and _begins_with_mark(file)):
            return
    raise EnvironmentFailed(
        "CTK406",
        "the folder for the reproducer exists and holds something else",
        Where(file=str(target)),
        ["name another folder, or move what is there"],
    )


def put_in_place(source: Path, target: Path, readme: str) -> None:
    """Copies a folder beside its target, and renames the copy onto it.

    Raises:
        EnvironmentFailed: CTK401 or CTK402 when that cannot be written, CTK406 as `refuse_foreign`.
    """
    refuse_foreign(target, readme)
    draft = target.with_name(f".{target.name}.ctk-tmp-{secrets.token_hex(4)}")
    try:
        with write_failures_named(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source, draft)
            if target.exists():
                shutil.rmtree(target)
            draft.replace(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _begins_with_mark(file: Path) -> bool:
    with file.open("rb") as readme:
        return readme.read(len(MARK)) == MARK.encode()
