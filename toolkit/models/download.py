"""Downloads one released file from the first address that gives exactly it.

No server is believed: a file counts when its size and SHA-256 are those of the model card, and only then gets
its name. What arrived before is kept as ``FILE.part`` and continued by Range, at the same address or another
(a mirror that serves something else is found out by the hash, and the download begins anew there).
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.atomic import write_all
from toolkit.cache import cache_failures_named
from toolkit.hashing import remember_sha256, sha256_file
from toolkit.models.card import FileCard
from toolkit.models.http import Refused, open_stream, plain_reason, transport_errors
from toolkit.models.unexpected import unexpected_content

if TYPE_CHECKING:
    import requests

_CHUNK_BYTES = 1 << 16
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_WORTH_ANOTHER_TRY = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait and how often to try.

    Attributes:
        connect_s: Seconds for a connection.
        read_s: Seconds without a byte.
        address_s: Seconds for one address in all.
        idle_tries: Tries in a row that bring nothing new before an address is given up.
        most_tries: Tries at one address, those that bring something included.
        pause_s: Before the second try; doubled each time.
        redirects: Most redirections followed.
    """

    connect_s: float = 10.0
    read_s: float = 30.0
    address_s: float = 3600.0
    idle_tries: int = 3
    most_tries: int = 20
    pause_s: float = 0.25
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Attempt:
    """Why an address did not give the file: an error code and a sentence."""

    address: str
    code: str
    reason: str


@dataclass(slots=True)
class _Job:
    card: FileCard
    target: Path
    patience: Patience
    progress: Callable[[int], None]
    part: Path = field(init=False)
    one_piece: bool = False  # whether the part holds one response of one server, from its first byte on

    def __post_init__(self) -> None:
        self.part = self.target.with_name(self.target.name + ".part")

    @property
    def have(self) -> int:
        try:
            return self.part.stat().st_size
        except OSError:
            return 0

    @property
    def notes(self) -> Path:
        return self.part.with_name(self.part.name + ".json")

    def start_over(self) -> None:
        for path in (self.part, self.notes):
            path.unlink(missing_ok=True)


def download(
    card: FileCard,
    target: Path,
    addresses: Sequence[str],
    patience: Patience | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[str | None, list[Attempt]]:
    """Fetches a file to ``target``, trying the addresses in turn.

    Args:
        card: Size and SHA-256 of the file.
        target: Where it goes; its folder must exist. Written only when the hash is right.
        addresses: http or https.
        patience: Timeouts and tries.
        progress: Told how many bytes of the file have arrived so far.

    Returns:
        The address that gave the file, or None; and why each address before it did not.

    Raises:
        EnvironmentFailed: CTK402 or CTK409 when the part cannot be written.
    """
    job = _Job(card, target, patience or Patience(), progress)
    attempts: list[Attempt] = []
    with cache_failures_named(target):
        for address in addresses:
            refusal = _from_address(job, address)
            if refusal is None:
                _put_in_place(job)
                return address, attempts
            attempts.append(Attempt(address, refusal.code, refusal.reason))
    return None, attempts


def _from_address(job: _Job, address: str) -> Refused | None:
    """Tries one address until the part is the file; returns why not, or None."""
    deadline = time.monotonic() + job.patience.address_s
    best, idle, refusal = job.have, 0, Refused("CTK403", "no try was made")
    for _ in range(job.patience.most_tries):
        try:
            if job.have != job.card.bytes:
                _one_try(job, address, deadline)
            _check(job)
        except Refused as error:
            refusal = error
        except transport_errors() as error:
            refusal = plain_reason(error, job.patience.connect_s, job.patience.read_s)
        else:
            return None
        idle = 0 if job.have > best else idle + 1
        best = max(best, job.have)
        if not refusal.again or idle >= job.patience.idle_tries or time.monotonic() > deadline:
            break
        time.sleep(job.patience.pause_s * 2 ** max(idle - 1, 0))
    return refusal


def _one_try(job: _Job, address: str, deadline: float) -> None:
    if job.have > job.card.bytes:
        job.start_over()
    have, known_tag = job.have, _etag_of(job, address)
    headers = {"Range": f"bytes={have}-"} if have else {}
    if have and known_tag:
        headers["If-Range"] = known_tag
    with open_stream(address, headers, job.patience) as response:
        start = _where_it_starts(job, response, have, known_tag)
        if start == 0:
            _remember_etag(job, address, response)
        _receive(job, response, start, deadline)


def _where_it_starts(job: _Job, response: requests.Response, have: int, known_tag: str | None) -> int:
    """The offset of the response's first byte in the file; refuses responses that cannot be the file."""
    status = response.status_code
    if status == 206 and have:
        _check_range(job, response, have, known_tag)
        return have
    if status == 416:
        job.start_over()
        raise Refused("CTK403", "the server refused to continue where the download had stopped", again=True)
    if status != 200:
        text = f"HTTP {status} {response.reason or ''}".strip()
        raise Refused("CTK403", text, again=status in _WORTH_ANOTHER_TRY)
    declared = response.headers.get("Content-Length", "")
    size = int(declared[:18]) if declared.isdecimal() else job.card.bytes
    if size != job.card.bytes:
        # A page that says the file is gone is named; of anything larger than the file nothing is read.
        found = unexpected_content(next(response.iter_content(4096), b"")) if size < job.card.bytes else None
        raise Refused(
            "CTK502" if found else "CTK514",
            found or f"it declares {size} bytes; the file has {job.card.bytes}",
        )
    return 0


def _check_range(job: _Job, response: requests.Response, have: int, known_tag: str | None) -> None:
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    total = match.group(3) if match else ""
    if total not in {"*", str(job.card.bytes)}:
        job.start_over()
        raise Refused("CTK514", f"its file has {total or 'an unknown number of'} bytes, not {job.card.bytes}")
    tag = response.headers.get("ETag")
    if match is None or int(match.group(1)) != have or (known_tag and tag and tag != known_tag):
        job.start_over()
        raise Refused("CTK403", "it did not continue the file where it had stopped", again=True)


def _receive(job: _Job, response: requests.Response, start: int, deadline: float) -> None:
    job.one_piece = start == 0
    done = start
    with job.part.open("ab" if start else "wb", buffering=0) as file:
        for chunk in response.iter_content(_CHUNK_BYTES):
            found = unexpected_content(chunk[:4096]) if done == 0 else None
            if found:
                raise Refused("CTK502", found)
            if done + len(chunk) > job.card.bytes:
                job.start_over()
                raise Refused("CTK514", f"it sends more than the {job.card.bytes} bytes of the file")
            write_all(file, chunk)
            done += len(chunk)
            job.progress(done)
            if time.monotonic() > deadline:
                raise Refused("CTK403", f"not done after {job.patience.address_s:g} s")


def _check(job: _Job) -> None:
    """Whether the part is the file; otherwise refuses, and removes a part of wrong content."""
    if job.have < job.card.bytes:
        reason = f"it ended after {job.have} of {job.card.bytes} bytes"
        raise Refused("CTK403", reason, again=True)
    digest = sha256_file(job.part)
    if digest != job.card.sha256:
        mixed = not job.one_piece
        job.start_over()
        raise Refused("CTK514", f"sha256 is {digest}, not {job.card.sha256}", again=mixed)


def _put_in_place(job: _Job) -> None:
    with job.part.open("rb") as file:
        os.fsync(file.fileno())
    job.part.replace(job.target)
    job.notes.unlink(missing_ok=True)
    remember_sha256(job.target, job.card.sha256)


def _etag_of(job: _Job, address: str) -> str | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        facts = json.loads(job.notes.read_text("utf-8"))
        if facts["address"] == address and isinstance(facts["etag"], str):
            return str(facts["etag"])
    return None


def _remember_etag(job: _Job, address: str, response: requests.Response) -> None:
    tag = response.headers.get("ETag", "")
    strong = (
        tag if tag.startswith('"') and len(tag) < 1000 else None
    )  # a weak one does not promise equal bytes
    job.notes.write_text(json.dumps({"address": address, "etag": strong}), "utf-8")
