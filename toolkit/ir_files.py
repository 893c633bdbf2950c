"""OpenVINO IR is a pair of files, NAME.xml and NAME.bin: which belong together, and what the xml says.

The xml is read by expat piece by piece, without trusting it: a document type (and so any entity) is refused,
sizes are bounded, nothing outside the two files is opened. OpenVINO itself reads the xml only afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from toolkit.content import HEAD_BYTES, refuse_stand_in
from toolkit.errors import BadInput, Where
from toolkit.files import opened
from toolkit.hashing import sha256_file
from toolkit.messages import note

SECTION = "ctk"
"""The part of the xml's ``rt_info`` that holds ctk's facts."""
BIN_SHA256 = "bin_sha256"
"""The fact that ties the bin to the xml: its SHA-256."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_XML_BYTES = 2**30
_MOST_DEPTH = 1000  # bodies of loops nest; a genuine IR stays far below
_MOST_FACT_BYTES = 256 * 2**20
_CHUNK_BYTES = 2**20
_NOTES = ("convert it again, or copy both files, NAME.xml and NAME.bin, again",)


@dataclass(frozen=True, slots=True)
class IrFacts:
    """What an IR's xml says about its bin and its making.

    Attributes:
        bin_bytes: The smallest size of the bin that holds every constant: the largest offset + size.
        facts: ctk's facts in ``rt_info`` by key, without `BIN_SHA256`; empty when ctk did not write it.
        bin_sha256: SHA-256 of the bin, or None when nobody noted it.
    """

    bin_bytes: int
    facts: Mapping[str, str] = field(default_factory=dict)
    bin_sha256: str | None = None


def bin_of(xml: Path) -> Path:
    """Where the numbers of an IR lie: the file of the same name with the suffix ``.bin``, as OpenVINO looks for it.

    Raises:
        BadInput: CTK501 when the path has no name (``.``).
    """
    try:
        return xml.with_suffix(".bin")
    except ValueError as error:
        raise BadInput("CTK501", "this is no OpenVINO IR", Where(file=str(xml))) from error


def check_pair(xml: Path, *, sha256: bool = True) -> IrFacts:
    """Checks that xml and bin are there, whole, and belong together.

    Args:
        xml: The xml of an IR.
        sha256: Whether the bin is hashed and held against the xml, where that states a hash (about 0.4 s for
            129 MB), and a note printed where one by ctk has lost it. Its size is always checked.

    Returns:
        What the xml says.

    Raises:
        BadInput: CTK501 when the xml cannot be opened, CTK502 when it is something else, CTK520 when it is
            damaged, or when the bin is missing, cut short or another one's.
    """
    facts = read_facts(xml)
    numbers = bin_of(xml)
    if not numbers.is_file():
        if facts.bin_bytes == 0 and facts.bin_sha256 is None:
            return facts  # a graph without constants needs none
        raise _damaged(f"its file of numbers {numbers.name} is missing", xml)
    size = numbers.stat().st_size
    if size < facts.bin_bytes:
        raise _damaged(f"{numbers.name} has {size} bytes, and the xml needs {facts.bin_bytes}", xml)
    if sha256:
        _check_hash(xml, numbers, facts)
    return facts


def _check_hash(xml: Path, numbers: Path, facts: IrFacts) -> None:
    if facts.bin_sha256 is not None:
        if sha256_file(numbers, "bin") != facts.bin_sha256:
            raise _damaged(f"{numbers.name} is not the file that was written with it", xml)
    elif facts.bin_bytes and facts.facts:  # ctk wrote it, with a hash; other makers state none
        note(
            f"{xml}: whether {numbers.name} was written with it cannot be verified, for it states no sha256 of it"
        )


def read_facts(xml: Path) -> IrFacts:
    """Reads the xml alone; the bin need not be there.

    Raises:
        BadInput: CTK501 when it cannot be opened, CTK502 when it is something else, CTK520 when it is damaged.
    """
    with opened(xml, "OpenVINO IR") as file:
        head = file.read(HEAD_BYTES)
        refuse_stand_in(head, xml, "ir")
        size = file.seek(0, 2)
        if size > _MOST_XML_BYTES:
            raise _damaged(f"its xml has {size} bytes, more than {_MOST_XML_BYTES}", xml)
        file.seek(0)
        return _Reader(xml).read(file)


class _Reader:
    """Walks the xml, and keeps no more of it than `IrFacts`."""

    def __init__(self, xml: Path) -> None:
        self._xml = xml
        self._path: list[str] = []
        self._bin_bytes = 0
        self._facts: dict[str, str] = {}
        self._fact_bytes = 0

    def read(self, file: BinaryIO) -> IrFacts:
        parser = expat.ParserCreate("utf-8")  # as OpenVINO writes, whatever the file itself claims
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            while chunk := file.read(_CHUNK_BYTES):
                parser.Parse(chunk, False)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise _damaged(f"its xml cannot be read: {error}", self._xml) from error
        digest = self._facts.pop(BIN_SHA256, None)
        if digest is not None and not _SHA256.fullmatch(digest):
            raise _damaged("the sha256 of its bin is none", self._xml)
        return IrFacts(self._bin_bytes, self._facts, digest)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._path and name != "net":
            raise _damaged(f"its xml begins with <{name}>, not <net>", self._xml)
        self._path.append(name)
        if len(self._path) > _MOST_DEPTH:
            raise _damaged("its xml nests too deeply", self._xml)
        if name == "data" and "offset" in attributes and "size" in attributes:
            end = self._number(attributes["offset"]) + self._number(attributes["size"])
            self._bin_bytes = max(self._bin_bytes, end)
        if len(self._path) == 4 and self._path[1:3] == ["rt_info", SECTION] and "value" in attributes:
            self._keep(name, attributes["value"])

    def _end(self, _name: str) -> None:
        self._path.pop()

    def _doctype(self, *_declared: object) -> None:
        # Entities could make a small file expand without bound, or name other files.
        raise _damaged("its xml declares a document type, which no IR does", self._xml)

    def _keep(self, key: str, value: str) -> None:
        self._fact_bytes += len(value)
        if self._fact_bytes > _MOST_FACT_BYTES:
            raise _damaged("the provenance in it is too large", self._xml)
        self._facts[key] = value

    def _number(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20):
            raise _damaged(f"{text[:40]!r} is no offset or size in its bin", self._xml)
        return int(text)


def _damaged(why: str, xml: Path) -> BadInput:
    return BadInput("CTK520", f"the OpenVINO IR cannot be used: {why}", Where(file=str(xml)), _NOTES)
