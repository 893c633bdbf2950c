"""Mutations of a prototxt that know its tokens: numbers, names, types, braces, fields, layers."""

# ruff: noqa: SIM905 - lists of words read better
from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

from tests.fuzz.layer_types import TYPES

Tokens = list[str]
Mutation = Callable[[Tokens, Random], None]
_TOKEN = re.compile(
    r"#[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[A-Za-z_]\w*|[-+]?[\d.][\w.+-]*|\s+|.", re.DOTALL
)
_NUMBERS = (
    "0 -0 1 -1 2 3 7 16 100 65536 1000000 2147483647 2147483648 -2147483648 4294967295 4294967296 1e10"
    " 9223372036854775807 9223372036854775808 -9223372036854775808 1e308 1e309 -1e308 1e-45 0.5 -0.5 nan inf -inf 0x7fffffff 010 1."
).split()
_NAMES = (
    '""', '"/"', '"a/b c"', '"it\'s"', "'\\\"'", '"\\n"', '"\\000"', '"\\377"', '"ü"', '"\u202e"', '"\U0001f600"',
    '"data"', '"." ".."', '"' + "n" * 300 + '"', "'..%2f'", '"x@y"', '"x~2"', '"class8_ab"',
)  # fmt: skip


def mutate_text(data: bytes, random: Random) -> bytes:
    """One to four token mutations."""
    tokens = _TOKEN.findall(data.decode("utf-8", "surrogateescape"))
    for _ in range(random.choice((1, 1, 1, 3))):
        tokens = [token for token in tokens if token]
        if tokens:
            random.choice(_MUTATIONS)(tokens, random)
    return "".join(tokens).encode("utf-8", "surrogateescape")


def _pick(tokens: Tokens, random: Random, wanted: Callable[[str], object]) -> int | None:
    places = [i for i, token in enumerate(tokens) if wanted(token)]
    return random.choice(places) if places else None


def _is_number(token: str) -> bool:
    return token[0] in "0123456789.-+" and any(c.isdigit() for c in token)


def _is_quoted(token: str) -> bool:
    return token[0] in "\"'"


def _is_word(token: str) -> bool:
    return token[0].isalpha()


def _number(tokens: Tokens, random: Random) -> None:
    at = _pick(tokens, random, _is_number)
    if at is not None:
        tokens[at] = random.choice(_NUMBERS)


def _name(tokens: Tokens, random: Random) -> None:
    at = _pick(tokens, random, _is_quoted)
    if at is not None:
        tokens[at] = random.choice(_NAMES)


def _swap_quoted(tokens: Tokens, random: Random) -> None:
    """Names, blobs and types exchanged: cycles, dangling bottoms, duplicate tops, other types."""
    a, b = (_pick(tokens, random, _is_quoted) for _ in range(2))
    if a is not None and b is not None:
        tokens[a], tokens[b] = tokens[b], tokens[a]


def _copy_quoted(tokens: Tokens, random: Random) -> None:
    a, b = (_pick(tokens, random, _is_quoted) for _ in range(2))
    if a is not None and b is not None:
        tokens[a] = tokens[b]


def _type(tokens: Tokens, random: Random) -> None:
    """Another known type in place of one; in V1 the enum's word."""
    places = [i for i, token in enumerate(tokens) if token == "type"]
    values = [i + 2 + (tokens[i + 2].isspace()) for i in places if i + 3 < len(tokens)]
    values = [i for i in values if _is_quoted(tokens[i]) or _is_word(tokens[i])]
    if values:
        at = random.choice(values)
        known = random.choice(TYPES)
        tokens[at] = f'"{known}"' if _is_quoted(tokens[at]) else known.upper()


def _brace(tokens: Tokens, random: Random) -> None:
    at = _pick(tokens, random, "{}<>[]:".__contains__)
    if at is not None:
        tokens[at] = random.choice(("", "{", "}", "<", ">", "[", "]", tokens[at] * 2, tokens[at] * 100))


def _word(tokens: Tokens, random: Random) -> None:
    a, b = (_pick(tokens, random, _is_word) for _ in range(2))
    if a is not None and b is not None:
        tokens[a] = random.choice(
            (tokens[b], "x" + tokens[a], "true", "MAX", "AVE", "SUM", "TRAIN", "stride_h")
        )


def _drop_token(tokens: Tokens, random: Random) -> None:
    del tokens[random.randrange(len(tokens))]


def _field(tokens: Tokens, random: Random) -> None:
    """A ``name: value`` pair repeated, once or often, where it stands."""
    at = _pick(tokens, random, ":".__eq__)
    if at is not None and at >= 1:
        end = at + 2 + (at + 2 < len(tokens) and tokens[at + 1].isspace())
        pair = [" ", *tokens[at - 1 : end], " "]
        tokens[end:end] = pair * random.choice((1, 1, 2, 40))


def _blocks(tokens: Tokens) -> list[tuple[int, int]]:
    """Start and end of every ``name {...}``, the name included."""
    found, open_at = [], []
    for i, token in enumerate(tokens):
        if token == "{":
            open_at.append(i)
        elif token == "}" and open_at:
            start = open_at.pop()
            while start and (tokens[start].isspace() or tokens[start] in "{:"):
                start -= 1
            found.append((start, i + 1))
    return found


def _block(tokens: Tokens, random: Random) -> None:
    """A block removed, repeated, moved, or put into another."""
    found = _blocks(tokens)
    if not found:
        return
    start, end = random.choice(found)
    block = [*tokens[start:end], "\n"]
    how = random.randrange(4)
    if how in {0, 2}:
        del tokens[start:end]
    if how:
        at = random.choice([i for i, token in enumerate([*tokens, "}"]) if token in "}\n"])
        tokens[at:at] = block * (random.choice((1, 1, 30)) if how == 3 else 1)


def _swap_blocks(tokens: Tokens, random: Random) -> None:
    found = sorted(_blocks(tokens))
    if len(found) < 2:
        return
    (a, b), (c, d) = sorted(random.sample(found, 2))
    if b <= c:
        tokens[a:d] = [*tokens[c:d], *tokens[b:c], *tokens[a:b]]


def _shape(tokens: Tokens, random: Random) -> None:
    """A ``dim`` more or less, of any size."""
    at = _pick(tokens, random, "dim".__eq__)
    if at is not None:
        tokens[at:at] = [f" dim: {random.choice(_NUMBERS)} "] * random.choice((1, 1, 3, 40))


_MUTATIONS: tuple[Mutation, ...] = (
    _number,
    _number,
    _number,
    _name,
    _swap_quoted,
    _copy_quoted,
    _type,
    _brace,
    _word,
    _drop_token,
    _field,
    _block,
    _swap_blocks,
    _shape,
)
