"""Brings released files into the cache: from the addresses of a model card, or from a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from toolkit.atomic import atomic_writer
from toolkit.cache import cache_failures_named, filling, use
from toolkit.content import refuse_stand_in
from toolkit.documents import Document
from toolkit.errors import BadInput, CtkError, EnvironmentFailed, Where
from toolkit.files import opened
from toolkit.hashing import HashingWriter, remember_sha256, remembered_sha256
from toolkit.models.card import FileCard, FileKind, ModelCard
from toolkit.models.download import Patience, download
from toolkit.models.store import model_paths

Status = Literal["present", "fetched", "copied", "derived", "planned", "failed"]
_CHUNK_BYTES = 1 << 20
_MOST_FILES = 10_000


class FailedAddress(BaseModel):
    """An address that did not give the file, with an error code and the reason."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str
    code: str
    reason: str


class FetchedFile(BaseModel):
    """What became of one file.

    Attributes:
        path: Where it lies, or would lie.
        source: Address or file it came from; null for one that was there, or was derived.
        attempts: Addresses that failed before.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FileKind
    file_name: str
    path: str
    bytes: int
    sha256: str
    status: Status
    source: str | None = None
    addresses: tuple[str, ...] = ()
    attempts: tuple[FailedAddress, ...] = ()


class FetchDocument(Document):
    """``ctk.fetch/1``: which files of a model were brought into the cache, and from where."""

    schema_: Literal["ctk.fetch/1"] = Field(default="ctk.fetch/1", alias="schema")
    model: str
    licence: str
    folder: str
    files: tuple[FetchedFile, ...]


def fetch_file(
    card: ModelCard,
    kind: FileKind,
    addresses: Sequence[str],
    *,
    patience: Patience | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> FetchedFile:
    """Downloads one file of a model unless it is there already.

    Args:
        card: The model.
        kind: Which of its files.
        addresses: Tried in turn.
        patience: Timeouts and tries.
        progress: Told the bytes that have arrived.

    Returns:
        What became of it; status ``failed`` when no address gave it.

    Raises:
        EnvironmentFailed: CTK402 or CTK409 when the cache cannot be written.
    """
    file, target = card.file(kind), model_paths(card.name, "released").of(kind)
    with _writing(target):
        if _is_there(file, target):
            return _became(file, target, "present")
        source, attempts = download(file, target, addresses, patience, progress)
    failed = tuple(FailedAddress(address=a.address, code=a.code, reason=a.reason) for a in attempts)
    status: Status = "failed" if source is None else "fetched"
    return _became(file, target, status, source).model_copy(update={"attempts": failed})


def copy_file(card: ModelCard, kind: FileKind, origin: Path) -> FetchedFile:
    """Copies one file of a model from a folder, or from a file, after checking its SHA-256.

    Args:
        card: The model.
        kind: Which of its files.
        origin: The file, or a folder that has it under its released name or another.

    Raises:
        BadInput: CTK501 when there is no such file, CTK502 when it is something else, CTK514 when its size
            or SHA-256 is not the released one.
        EnvironmentFailed: CTK402 or CTK409 when the cache cannot be written.
    """
    file, target = card.file(kind), model_paths(card.name, "released").of(kind)
    source = _find(file, origin)
    with _writing(target):
        if _is_there(file, target):
            return _became(file, target, "present")
        with atomic_writer(target) as out:
            _copy_checked(file, source, HashingWriter(out))
        remember_sha256(target, file.sha256)
    return _became(file, target, "copied", str(source))


def planned_file(card: ModelCard, kind: FileKind, addresses: Sequence[str]) -> FetchedFile:
    """What `fetch_file` would do: status ``present`` or ``planned``; writes nothing."""
    file, target = card.file(kind), model_paths(card.name, "released").of(kind)
    there = target.is_file() and target.stat().st_size == file.bytes
    result = _became(file, target, "present" if there else "planned")
    return result.model_copy(update={"addresses": tuple(addresses)})


def no_address_left(card: ModelCard, files: Sequence[FetchedFile]) -> EnvironmentFailed:
    """The error for files that no address gave, with every reason and how to supply them by hand."""
    failed = [file for file in files if file.status == "failed"]
    names = ", ".join(file.file_name for file in failed)
    notes = [f"{a.address}: {a.reason} ({a.code})" for file in failed for a in file.attempts]
    notes += [
        f"by hand: get {file.file_name} ({file.bytes} bytes, sha256 {file.sha256}) from anywhere"
        for file in failed
    ]
    notes += [
        f"then: ctk fetch {card.name} --from FOLDER",
        f"or name another mirror: ctk fetch {card.name} --address {failed[0].kind}=URL",
        "synthetic weights need no download: --weights synthetic",
    ]
    return EnvironmentFailed("CTK403", f"no address gave {names}", notes=notes)


def with_addresses(card: ModelCard, kind: FileKind, extra: Mapping[FileKind, Sequence[str]]) -> list[str]:
    """The addresses of a file: those the user named first, then those of the card."""
    return list(dict.fromkeys([*extra.get(kind, ()), *card.file(kind).addresses]))


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """The right to write a file of the cache, its folder made."""
    with filling(target.parent), cache_failures_named(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        use(target.parent)
        try:
            yield
        finally:
            with suppress(OSError):
                target.parent.rmdir()  # only when nothing came of it and it is empty


def _is_there(file: FileCard, target: Path) -> bool:
    return (
        target.is_file()
        and target.stat().st_size == file.bytes
        and remembered_sha256(target, file.kind) == file.sha256
    )


def _became(file: FileCard, target: Path, status: Status, source: str | None = None) -> FetchedFile:
    return FetchedFile(
        kind=file.kind, file_name=file.file_name, path=str(target), bytes=file.bytes, sha256=file.sha256,
        status=status, source=source,
    )  # fmt: skip


def _find(file: FileCard, origin: Path) -> Path:
    if not origin.is_dir():
        return origin
    named = origin / file.file_name
    if named.exists():
        return named
    try:
        inside = sorted(origin.iterdir())[:_MOST_FILES]
        same_size = [path for path in inside if path.is_file() and path.stat().st_size == file.bytes]
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput("CTK501", f"the folder cannot be read: {reason}", Where(file=str(origin))) from error
    if not same_size:
        raise BadInput(
            "CTK501",
            f"there is no {file.file_name} and no other file of {file.bytes} bytes",
            Where(file=str(origin)),
            [f"wanted: {file.file_name}, {file.bytes} bytes, sha256 {file.sha256}"],
        )
    return same_size[0]


def _copy_checked(file: FileCard, source: Path, sink: HashingWriter) -> None:
    with opened(source, file.kind) as data:
        head = data.read(4096)
        if file.kind != "prototxt":
            refuse_stand_in(head, source, "npy" if file.kind == "coefficients" else file.kind)
        sink.write(head)
        while sink.bytes <= file.bytes and (chunk := data.read(_CHUNK_BYTES)):
            sink.write(chunk)
    if sink.bytes != file.bytes:
        size = f"more than {file.bytes}" if sink.bytes > file.bytes else str(sink.bytes)
        raise _not_the_released(file, source, f"it has {size} bytes, not {file.bytes}")
    if sink.hexdigest() != file.sha256:
        raise _not_the_released(file, source, f"sha256 is {sink.hexdigest()}, not {file.sha256}")


def _not_the_released(file: FileCard, source: Path, what: str) -> CtkError:
    return BadInput(
        "CTK514",
        f"this is not the released {file.kind}: {what}",
        Where(file=str(source)),
        ["own weights need no fetching: give the files to `ctk convert` itself"],
    )
