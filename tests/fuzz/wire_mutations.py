"""Mutations of a caffemodel that know its fields: swapped, repeated, resized, lied about."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from random import Random

from tests.fuzz.byte_mutations import mutate_bytes
from tests.fuzz.wire_tree import FIXED32, FIXED64, LENGTH, VARINT, Node, messages, read_model, write

Fields = list[Node]
Mutation = Callable[[Fields, int, Random], None]
_HUGE = (
    0,
    1,
    2,
    127,
    128,
    2**16,
    2**31 - 1,
    2**31,
    2**32,
    2**40,
    2**62,
    2**63 - 1,
    2**63,
    2**64 - 1,
    2**65,
    2**80,
)
_NUMBERS = b"\0\0\xc0\x7f", b"\0\0\x80\x7f", b"\0\0\x80\xff", b"\0\0\0\x80", b"\xff\xff\x7f\x7f", b"\1\0\0\0"


def mutate_wire(data: bytes, random: Random) -> bytes:
    """One to three structural mutations; of a golden file that is no wire format, byte mutations."""
    try:
        tree = read_model(data)
    except (ValueError, KeyError, IndexError):
        return mutate_bytes(data, random)
    for _ in range(random.choice((1, 1, 2, 3))):
        places = [fields for fields in messages(tree) if fields]
        if not places:
            break
        fields = random.choice(places)
        random.choice(_MUTATIONS)(fields, random.randrange(len(fields)), random)
    return write(tree)


def _delete(fields: Fields, at: int, random: Random) -> None:
    del fields[at]


def _duplicate(fields: Fields, at: int, random: Random) -> None:
    copies = random.choice((1, 1, 2, 40))
    fields[at:at] = [deepcopy(fields[at]) for _ in range(copies)]


def _swap(fields: Fields, at: int, random: Random) -> None:
    other = random.randrange(len(fields))
    fields[at], fields[other] = fields[other], fields[at]


def _swap_values(fields: Fields, at: int, random: Random) -> None:
    other = random.randrange(len(fields))
    fields[at].value, fields[other].value = fields[other].value, fields[at].value


def _number(fields: Fields, at: int, random: Random) -> None:
    fields[at].number = random.choice((0, 1, 2, 4, 5, 6, 7, 8, 50, 99, 100, 2**29 - 1, 2**29))


def _wire_type(fields: Fields, at: int, random: Random) -> None:
    fields[at].kind = random.choice((VARINT, FIXED64, LENGTH, 3, 4, FIXED32, 6, 7))


def _varint(fields: Fields, at: int, random: Random) -> None:
    numeric = [node for node in fields if isinstance(node.value, int)] or [fields[at]]
    node = random.choice(numeric)
    if isinstance(node.value, int):
        node.value = random.choice((*_HUGE, node.value + 1, max(0, node.value - 1)))
    else:
        node.length_lie = random.choice((-1, 1, -8, 8, 2**20, 2**31, 2**62, 2**64))


def _resize(fields: Fields, at: int, random: Random) -> None:
    node = fields[at]
    if isinstance(node.value, bytes):
        by = random.choice((-4, -1, 1, 4, 64, -len(node.value)))
        node.value = node.value[:by] if by < 0 else node.value + random.randbytes(by)
    else:
        _varint(fields, at, random)


def _odd_numbers(fields: Fields, at: int, random: Random) -> None:
    """NaN, infinities, minus zero, largest and smallest numbers inside the data of a blob."""
    node = fields[at]
    if isinstance(node.value, bytes) and len(node.value) >= 4:
        place = random.randrange(len(node.value) // 4) * 4
        node.value = node.value[:place] + random.choice(_NUMBERS) + node.value[place + 4 :]
    else:
        _varint(fields, at, random)


def _garble(fields: Fields, at: int, random: Random) -> None:
    node = fields[at]
    if isinstance(node.value, bytes):
        node.value = mutate_bytes(node.value, random)
    elif isinstance(node.value, list):
        node.value = mutate_bytes(write(node.value), random)
    else:
        _varint(fields, at, random)


def _unpack(fields: Fields, at: int, random: Random) -> None:
    """A packed field written as single numbers, some of them with another tag between."""
    node = fields[at]
    if not isinstance(node.value, bytes) or len(node.value) > 4096:
        return
    single, size = random.choice(((FIXED32, 4), (FIXED64, 8)))
    parts = [node.value[i : i + size] for i in range(0, len(node.value), size)]
    fields[at : at + 1] = [Node(node.number, single, part) for part in parts]
    if random.random() < 0.5:
        fields.insert(random.randint(at, len(fields)), Node(random.choice((1, 5, 8, 77)), VARINT, 1))


def _nest(fields: Fields, at: int, random: Random) -> None:
    node = fields[at]
    for _ in range(random.choice((1, 2, 500))):
        node = Node(random.choice((2, 7, 100, node.number)), LENGTH, write([node]))
    fields[at] = node


_MUTATIONS: tuple[Mutation, ...] = (
    _delete,
    _duplicate,
    _swap,
    _swap_values,
    _number,
    _wire_type,
    _varint,
    _varint,
    _resize,
    _odd_numbers,
    _garble,
    _unpack,
    _nest,
)
