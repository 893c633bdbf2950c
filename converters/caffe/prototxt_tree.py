"""The fields of a prototxt as written, each with its place: for messages to the user, and to leave fields out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NoReturn

from converters.caffe.prototxt_tokens import SourceText, Token, tokens, unescape
from toolkit.errors import BadInput

# Caffe's messages nest five deep; text_format and this reader recurse once for each level.
_MAX_DEPTH = 64
_CLOSING = {"{": "}", "<": ">"}


@dataclass(frozen=True, slots=True)
class Block:
    """One message in braces.

    Attributes:
        fields: Its fields, in the order of the file.
        opening: The brace that opens it; None for the file itself.
        closing: The brace, or end of the file, that ends it.
    """

    fields: list[Field]
    opening: Token | None
    closing: Token


# A scalar is one token, a sign and its number, or several literals that protobuf joins.
Scalar = tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One field as written.

    Attributes:
        name: Its name.
        token: The token of the name.
        values: One value, or those of a list in brackets.
        brackets: The brackets, where it is a list.
    """

    name: str
    token: Token
    values: list[Block | Scalar] = field(default_factory=list)
    brackets: tuple[Token, Token] | None = None

    @property
    def blocks(self) -> Iterator[Block]:
        """The values that are messages."""
        return (value for value in self.values if isinstance(value, Block))


def read_tree(source: SourceText, take: Callable[[BadInput], None] | None = None) -> Block:
    """The fields of a text, known or not.

    Args:
        source: The text.
        take: Takes faults of syntax; where it returns, reading goes on at the next layer.

    Raises:
        BadInput: CTK503 where the text is not text format, whatever the schema.
    """
    return _Reader(source, take).block(None, 0)


def text_of(value: Scalar) -> str | None:
    """The text of a scalar that is made of string literals, None for any other."""
    if value[0].kind != "string":
        return None
    try:
        return b"".join(unescape(token.text) for token in value).decode("utf-8")
    except ValueError:
        return None


def child_text(block: Block, name: str) -> str | None:
    """The text of a block's first field of that name, such as a layer's name."""
    for child in block.fields:
        if child.name == name and child.values and not isinstance(child.values[0], Block):
            return text_of(child.values[0])
    return None


class _Reader:
    def __init__(self, source: SourceText, take: Callable[[BadInput], None] | None) -> None:
        self._source = source
        self._take_fault = take
        self._tokens = tokens(source)
        self._next = next(self._tokens)

    def block(self, opening: Token | None, depth: int) -> Block:
        if depth > _MAX_DEPTH:
            self._fail(f"the messages are nested more than {_MAX_DEPTH} deep", opening or self._next)
        closing = _CLOSING[opening.text] if opening else ""
        fields: list[Field] = []
        while True:
            token = self._take()
            if token.kind == "identifier":
                fields += [self._field(token, depth)] if depth else self._outermost(token)
            elif token.text == closing and token.kind in {"symbol", "end"}:
                return Block(fields, opening, token)
            else:
                self._fail_in_block(token, opening)

    def _outermost(self, name: Token) -> list[Field]:
        """A field of the file itself; when it is faulty, the text up to the next layer is skipped."""
        try:
            return [self._field(name, 0)]
        except BadInput as fault:
            if self._take_fault is None:
                raise
            self._take_fault(fault)
        while self._next.kind != "end" and self._next.text not in {"layer", "layers"}:
            self._take()
        return []

    def _field(self, name: Token, depth: int) -> Field:
        colon = self._accept(":")
        bracket = self._accept("[")
        if bracket is None:
            found = Field(name.text, name, [self._value(name, colon is not None, depth)])
        else:
            values, closing = self._list(name, colon is not None, depth)
            found = Field(name.text, name, values, (bracket, closing))
        self._accept(",") or self._accept(";")
        return found

    def _list(self, name: Token, colon: bool, depth: int) -> tuple[list[Block | Scalar], Token]:
        if closing := self._accept("]"):
            return [], closing
        values = []
        while True:
            values.append(self._value(name, colon, depth))
            if closing := self._accept("]"):
                return values, closing
            if not self._accept(","):
                token = self._take()
                self._fail(f"expected ',' or ']' in the list of {name.text}, found {shown(token)}", token)

    def _value(self, name: Token, colon: bool, depth: int) -> Block | Scalar:
        token = self._take()
        if token.kind == "symbol" and token.text in _CLOSING:
            return self.block(token, depth + 1)
        if not colon:
            self._fail(f"expected ':' or '{{' after {name.text}, found {shown(token)}", token)
        if token.kind == "string":
            return (token, *self._more_literals())
        if token.text == "-" and self._next.kind in {"number", "identifier"}:
            return (token, self._take())
        if token.kind not in {"number", "identifier"}:
            self._fail(f"expected a value for {name.text}, found {shown(token)}", token)
        return (token,)

    def _more_literals(self) -> Iterator[Token]:
        while self._next.kind == "string":
            yield self._take()

    def _take(self) -> Token:
        token = self._next
        if token.kind != "end":
            self._next = next(self._tokens)
        return token

    def _accept(self, symbol: str) -> Token | None:
        if self._next.kind != "symbol" or self._next.text != symbol:
            return None
        return self._take()

    def _fail_in_block(self, token: Token, opening: Token | None) -> NoReturn:
        if opening is None:
            self._fail(f"expected the name of a field, found {shown(token)}", token)
        expected = f"expected the name of a field or {_CLOSING[opening.text]!r}, found {shown(token)}"
        line = self._source.where(opening.start).line
        self._fail(expected, token, f"the {opening.text!r} that is still open is on line {line}")

    def _fail(self, what: str, token: Token, *notes: str) -> NoReturn:
        raise BadInput("CTK503", what, self._source.where(token.start), notes)


def shown(token: Token) -> str:
    """A token as it appears in a message: quoted, and cut to a length for one line."""
    if token.kind == "end":
        return "the end of the file"
    return quoted(token.text)


def quoted(text: str) -> str:
    """A piece of the user's text for a message of one line."""
    return repr(text if len(text) <= 40 else text[:37] + "...")
