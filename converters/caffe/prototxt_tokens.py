"""Tokens of protobuf's text format, cut by the rules of the C++ tokenizer that Caffe uses.

Only needed where `google.protobuf.text_format` refuses a text, or to tell a place in it: reading a correct
prototxt does not pass through here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NoReturn

from toolkit.errors import BadInput, Where

# A number may carry the `f` of C; hexadecimal and octal ones are integers. A letter or dot that follows at
# once is an error (io/tokenizer.cc, "Need space between number and identifier").
_NUMBER = (
    r"(?:0[xX][0-9a-fA-F]++|0[0-7]++|(?:(?:0|[1-9][0-9]*+)(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?[fF]?)"
    r"(?![0-9A-Za-z_.])"
)
_TOKEN = re.compile(
    r"(?P<skip>(?:[ \t\r\n\v\f]++|\#[^\n]*+)++)"
    r"|(?P<identifier>[A-Za-z_][A-Za-z0-9_]*+)"
    rf"|(?P<number>{_NUMBER})"
    r"|(?P<string>\"(?:[^\"\\\n]++|\\[^\n])*+\"|'(?:[^'\\\n]++|\\[^\n])*+')"
    r"|(?P<symbol>[{}<>\[\]:;,\-])"
)
_WORD = re.compile(r"[0-9A-Za-z_.+-]{1,40}")
_ESCAPE = re.compile(
    rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL
)
_SIMPLE_ESCAPES = dict(zip(b"abfnrtv\\?'\"", (bytes([c]) for c in b"\a\b\f\n\r\t\v\\?'\""), strict=True))


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    Attributes:
        kind: ``identifier``, ``number``, ``string``, ``symbol``, or ``end`` after the last one.
        text: The token as written.
        start: Offset of its first character in the text.
    """

    kind: str
    text: str
    start: int


class SourceText:
    """A text with its file's name, which can tell the line and column of an offset."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def where(self, offset: int, layer: str | None = None) -> Where:
        """The place of an offset; line and column count from 1, the column in characters."""
        line = bisect_right(self._line_starts, offset)
        return Where(self.file, line, offset - self._line_starts[line - 1] + 1, layer)


def tokens(source: SourceText) -> Iterator[Token]:
    """The tokens of a text one by one, white space and comments left out, an ``end`` token last.

    Raises:
        BadInput: CTK503 at the first character that no token can begin with.
    """
    position, text = 0, source.text
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            _refuse(source, position)
        if match.lastgroup and match.lastgroup != "skip":
            yield Token(match.lastgroup, match.group(), position)
        position = match.end()
    yield Token("end", "", len(text))


def unescape(literal: str) -> bytes:
    """The bytes of one string literal, quotes included in the argument.

    Raises:
        ValueError: An escape that C++ refuses too.
    """
    return _ESCAPE.sub(_unescaped, literal[1:-1].encode("utf-8", "surrogatepass"))


def _unescaped(match: re.Match[bytes]) -> bytes:
    octal, byte, short, long, simple = match.groups()
    if octal:
        return bytes([int(octal, 8) & 0xFF])  # \400 and above wrap, as a C++ char does
    if byte:
        return bytes([int(byte, 16)])
    if short or long:
        return chr(int(short or long, 16)).encode("utf-8")
    if simple[0] not in _SIMPLE_ESCAPES:
        raise ValueError(f"there is no escape \\{simple.decode('utf-8', 'replace')} in a quoted text")
    return _SIMPLE_ESCAPES[simple[0]]


def _refuse(source: SourceText, position: int) -> NoReturn:
    character = source.text[position]
    word = _WORD.match(source.text, position)
    if character in "\"'":
        what = "a quoted text does not end on its line"
    elif character.isascii() and (character.isdigit() or character == ".") and word:
        what = f"{word.group()!r} is not a number"
    else:
        what = f"unexpected character {character!r}"
    raise BadInput("CTK503", what, source.where(position))
