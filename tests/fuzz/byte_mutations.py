"""Mutations that know nothing of the format: flips, cuts, insertions, moves."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

Mutation = Callable[[bytes, Random], bytes]
_TELLING = (
    b"\x00",
    b"\xff",
    b"\x80",
    b"\x7f",
    b"\n",
    b"{",
    b"}",
    b'"',
    b"\xef\xbb\xbf",
    b"<html>",
    b"\xa2\x06",
)


def mutate_bytes(data: bytes, random: Random) -> bytes:
    """One to four random byte mutations."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        data = random.choice(_MUTATIONS)(data, random)
    return data


def _flip_bit(data: bytes, random: Random) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]


def _set_byte(data: bytes, random: Random) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return (
        data[:at] + bytes([random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))]) + data[at + 1 :]
    )


def _cut_end(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _cut_middle(data: bytes, random: Random) -> bytes:
    start, end = _range(data, random)
    return data[:start] + data[end:]


def _insert(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data) + 1)
    new = random.choice((random.choice(_TELLING), random.randbytes(random.randint(1, 16))))
    return data[:at] + new * random.choice((1, 1, 1, 50)) + data[at:]


def _duplicate(data: bytes, random: Random) -> bytes:
    start, end = _range(data, random)
    return data[:end] + data[start:end] + data[end:]


def _swap(data: bytes, random: Random) -> bytes:
    a, b = _range(data, random)
    c = random.randint(b, min(len(data), b + 64))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def _zero(data: bytes, random: Random) -> bytes:
    start, end = _range(data, random)
    return data[:start] + bytes(end - start) + data[end:]


def _range(data: bytes, random: Random) -> tuple[int, int]:
    start = random.randrange(len(data) + 1)
    return start, min(len(data), start + random.choice((1, 2, 4, 8, 64, 1024)))


_MUTATIONS: tuple[Mutation, ...] = (
    _flip_bit,
    _set_byte,
    _cut_end,
    _cut_middle,
    _insert,
    _duplicate,
    _swap,
    _zero,
)
