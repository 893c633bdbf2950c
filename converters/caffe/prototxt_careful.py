r"""The careful reading of a prototxt: for texts that protobuf's Python reader refuses at first.

It accepts what the C++ reader in Caffe accepts and Python's does not (`- 1`, escapes such as `\?`, bools and
enums as octal or hexadecimal numbers), leaves unknown fields out when asked to, and says what is wrong, and
where, when the text cannot be read. The reading itself stays with `google.protobuf.text_format`: it gets the
same fields again, one token on each line, so that the line it names tells the token.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NoReturn

from google.protobuf import text_format
from google.protobuf.descriptor import FieldDescriptor

from converters.caffe.faults import STOP_AT_FIRST, Faults, UnreadableError
from converters.caffe.prototxt_locations import name_of_layer
from converters.caffe.prototxt_tokens import SourceText, Token, unescape
from converters.caffe.prototxt_tree import Block, Field, Scalar, quoted, read_tree, shown
from converters.caffe.schema import NetParameter
from toolkit.errors import BadInput, Where
from toolkit.messages import warn
from toolkit.nearest import did_you_mean

_WANTED = {
    FieldDescriptor.TYPE_INT32: "an integer from -2147483648 to 2147483647",
    FieldDescriptor.TYPE_UINT32: "an integer from 0 to 4294967295",
    FieldDescriptor.TYPE_INT64: "an integer of 64 bits",
    FieldDescriptor.TYPE_FLOAT: "a number",
    FieldDescriptor.TYPE_DOUBLE: "a number",
    FieldDescriptor.TYPE_BOOL: "true or false",
    FieldDescriptor.TYPE_STRING: "a UTF-8 text in quotes",
    FieldDescriptor.TYPE_MESSAGE: "a block in braces",
}
# Types in the spelling of the other form of layers.
_OTHER_FORM = {
    ("ctk.caffe.LayerParameter.type", "identifier"): (
        'a `layer` block takes its type in quotes, such as type: "Convolution"',
    ),
    ("ctk.caffe.V1LayerParameter.type", "string"): (
        "a `layers` block is the old form, with types such as CONVOLUTION",
    ),
}
# Every value that is wrong costs one more reading of the whole text.
_MOST_PARSES = 20
# Fields of a solver's prototxt that no network has: the two files are easily confused.
_SOLVER_FIELDS = {
    "net",
    "train_net",
    "test_net",
    "net_param",
    "base_lr",
    "lr_policy",
    "max_iter",
    "solver_mode",
}


def read_carefully(
    text: str, file: str, *, ignore_unknown_fields: bool, faults: Faults = STOP_AT_FIRST
) -> NetParameter:
    """Reads a text that the quick way refused, or says why it cannot be read.

    Args:
        text: The prototxt.
        file: Its name, for messages.
        ignore_unknown_fields: Leave out fields that the schema lacks, with one warning each.
        faults: Takes what is wrong. Where it does not raise, faulty fields are left out.

    Raises:
        BadInput: CTK503 for a fault of syntax or value, CTK504 for an unknown field.
        UnreadableError: The faults were collected, and what is left is no network.
    """
    source = SourceText(text, file)
    lost: list[BadInput] = []

    def take(fault: BadInput) -> None:
        faults.add(fault)
        lost.append(fault)

    writing = _Rewriting(source, ignore_unknown_fields, faults)
    writing.block(read_tree(source, take), NetParameter.DESCRIPTOR, None)
    net = _parsed(source, writing, faults)
    if lost or net is None:
        raise UnreadableError
    return net


def _parsed(source: SourceText, writing: _Rewriting, faults: Faults) -> NetParameter | None:
    """The message; None when so many values are wrong, or a whole layer, that none can be made."""
    for _ in range(_MOST_PARSES):
        net = NetParameter()
        try:
            text_format.Parse("\n".join(line.text for line in writing.lines), net)
        except text_format.ParseError as error:
            number = error.GetLine()
            try:
                _refuse_value(source, writing.lines, error)
            except BadInput as fault:
                faults.add(fault)
            if number is None or not writing.leave_out(number - 1):
                return None
        else:
            return net
    return None


@dataclass(frozen=True, slots=True)
class _Line:
    """One token of the rewritten text: what is given to protobuf, where it stood, and what it is part of."""

    text: str
    token: Token
    field: FieldDescriptor | None
    layer: str | None


class _Rewriting:
    """Writes the known fields of a tree again, one token on each line."""

    def __init__(self, source: SourceText, ignore_unknown_fields: bool, faults: Faults) -> None:
        self.lines: list[_Line] = []
        self._source = source
        self._ignore = ignore_unknown_fields
        self._faults = faults
        self._spans: list[tuple[int, int]] = []  # first and last line of every field, inner ones first

    def leave_out(self, index: int) -> bool:
        """Empties the lines of the innermost field around a line; False when that is a layer or unknown."""
        first, last = next((span for span in self._spans if span[0] <= index <= span[1]), (0, -1))
        for i in range(first, last + 1):
            self.lines[i] = replace(self.lines[i], text="")
        field = self.lines[first].field if first <= last else None
        return field is not None and field.name not in {"layer", "layers"}

    def block(self, block: Block, message: Any, layer: str | None) -> None:
        seen: dict[str, Field] = {}
        for found in block.fields:
            field = message.fields_by_name.get(found.name)
            if field is None:
                self._unknown(found, message, layer)
                continue
            if not field.is_repeated and found.name in seen:
                self._given_twice(found, seen[found.name], layer)
                continue
            seen[found.name] = found
            first = len(self.lines)
            try:
                self._field(found, field, layer)
                if self._faults is not STOP_AT_FIRST:
                    self._spans.append((first, len(self.lines) - 1))
            except BadInput as fault:
                self._faults.add(fault)
                del self.lines[first:]

    def _field(self, found: Field, field: FieldDescriptor, layer: str | None) -> None:
        self._write(found.name, found.token, field, layer)
        self._write(":", found.token, field, layer)
        if found.brackets is None:
            self._value(found.values[0], field, layer)
            return
        self._write("[", found.brackets[0], field, layer)
        for index, value in enumerate(found.values):
            if index:
                self._write(",", found.token, field, layer)
            self._value(value, field, layer)
        self._write("]", found.brackets[1], field, layer)

    def _value(self, value: Block | Scalar, field: FieldDescriptor, layer: str | None) -> None:
        if not isinstance(value, Block):
            self._scalar(value, field, layer)
            return
        opening = value.opening or value.closing
        if field.name in {"layer", "layers"}:
            layer = name_of_layer(value) or layer
        self._write("{", opening, field, layer)
        if field.message_type is None:
            _refuse_token(self._source, self.lines[-1])
        self.block(value, field.message_type, layer)
        self._write("}", value.closing, field, layer)

    def _scalar(self, value: Scalar, field: FieldDescriptor, layer: str | None) -> None:
        if value[0].kind == "string":
            self._write(self._literal(value, layer), value[0], field, layer)
        else:
            self._write(_spelled("".join(token.text for token in value), field), value[0], field, layer)

    def _literal(self, value: Scalar, layer: str | None) -> str:
        # One literal for all that protobuf joins, with nothing in it that the two readers take differently.
        where = self._source.where(value[0].start, layer)
        try:
            data = b"".join(unescape(token.text) for token in value)
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            what = f"the escapes in this text give byte 0x{data[error.start]:02x}, which is not UTF-8"
            raise BadInput("CTK503", what, where) from error
        except ValueError as error:
            raise BadInput("CTK503", str(error), where) from error
        return '"' + "".join(chr(c) if chr(c).isalnum() and c < 128 else f"\\{c:03o}" for c in data) + '"'

    def _write(self, text: str, token: Token, field: FieldDescriptor, layer: str | None) -> None:
        self.lines.append(_Line(text, token, field, layer))

    def _unknown(self, found: Field, message: Any, layer: str | None) -> None:
        where = self._source.where(found.token.start, layer)
        if self._ignore:
            warn(f"the unknown field {quoted(found.name)} of {message.name} is ignored ({where})")
            return
        notes = [*did_you_mean(found.name[:80], message.fields_by_name)]
        if message.name == "NetParameter" and found.name in _SOLVER_FIELDS:
            notes = ["this looks like a solver's prototxt; give the prototxt of the network instead"]
        notes.append("--ignore-unknown-fields turns this into a warning")
        what = f"{message.name} has no field {quoted(found.name)}"
        self._faults.add(BadInput("CTK504", what, where, notes))

    def _given_twice(self, found: Field, first: Field, layer: str | None) -> None:
        line = self._source.where(first.token.start).line
        where = self._source.where(found.token.start, layer)
        note = f"it can be given only once; the first is on line {line}"
        self._faults.add(BadInput("CTK503", f"{found.name} is given twice", where, [note]))


def _spelled(text: str, field: FieldDescriptor) -> str:
    """A value in the spelling of Python's reader, where only C++ knows the one given."""
    if field.type == FieldDescriptor.TYPE_BOOL or (
        field.type == FieldDescriptor.TYPE_ENUM and text[0] in "-0"
    ):
        number = _integer(text)
        return text if number is None else str(number)
    return text


def _integer(text: str) -> int | None:
    digits = text.removeprefix("-")
    if len(digits) > 20:
        return None
    octal = len(digits) > 1 and digits.isdigit() and digits[0] == "0"
    try:
        number = int(digits, 8 if octal else 0)
    except ValueError:
        return None
    return -number if text.startswith("-") else number


def _refuse_value(source: SourceText, lines: list[_Line], error: text_format.ParseError) -> NoReturn:
    number = error.GetLine()
    if number is None or not 0 < number <= len(lines):
        raise BadInput("CTK503", "the text cannot be read", Where(source.file), [str(error)[:200]]) from error
    _refuse_token(source, lines[number - 1])


def _refuse_token(source: SourceText, line: _Line) -> NoReturn:
    where = source.where(line.token.start, line.layer)
    field = line.field
    if field is None:
        raise BadInput("CTK503", f"unexpected {shown(line.token)}", where)
    notes: tuple[str, ...] = ()
    if field.enum_type is not None:
        wanted = f"a {field.enum_type.name}"
        notes = did_you_mean(line.token.text, field.enum_type.values_by_name)
    else:
        wanted = _WANTED[field.type]
    what = quoted(line.text) if line.token.text == "-" else shown(line.token)
    notes = _OTHER_FORM.get((field.full_name, line.token.kind), notes)
    raise BadInput("CTK503", f"{field.name} takes {wanted}, not {what}", where, notes)
