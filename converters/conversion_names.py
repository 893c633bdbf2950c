"""The ways to write a conversion (DESIGN §4): `caffe->onnx`, `caffe:onnx`, `caffe2onnx`, and the unquoted one."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from converters.api import FORMATS
from toolkit.errors import UsageFault
from toolkit.nearest import did_you_mean

_ALIASES = {"ir": "openvino", "pytorch": "torch", "ascend": "om"}
_SEPARATED = re.compile(r"([A-Za-z]+)\s*(?:->|=>|:|→|2)\s*([A-Za-z]+)")
_UNQUOTED = re.compile(r"([A-Za-z]+)-")
# Options behind which a word such as ``caffe-`` is a value.
_TAKE_NAMES = frozenset({"-o", "--output", "--onnx", "--json", "--model", "--prototxt", "--caffemodel"})
# The word of an unquoted conversion whose file has been removed already, and the conversion.
_undone: ContextVar[tuple[str, tuple[str, str]] | None] = ContextVar("undone_redirection", default=None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the words of a command line ask for.

    Attributes:
        source: Source format, or None when not said.
        to: Target format, or None when not said.
        files: The words that are files.
        redirected: Whether an unquoted ``>`` took standard output, whose empty file was removed.
    """

    source: str | None
    to: str | None
    files: tuple[Path, ...]
    redirected: bool = False


def read_words(words: Sequence[str], source: str | None, to: str | None) -> Wanted:
    """Tells conversions from files among the positional words.

    Args:
        words: Positional words of the command line.
        source: What `--from` says.
        to: What `--to` says.

    Raises:
        UsageFault: CTK602 for an unknown format; CTK601 when two words or options contradict.
    """
    pairs: list[tuple[str, str]] = []
    files: list[Path] = []
    redirected = False
    for word in words:
        pair = _pair(word)
        unquoted = None if pair else _unquoted_pair(word)
        if unquoted is not None:
            redirected = True
            pair = unquoted
        if pair is None:
            files.append(Path(word))
        else:
            pairs.append(pair)
    for said, which in ((source, 0), (to, 1)):
        if said is not None:
            known = _format(said)
            for pair in pairs:
                if pair[which] != known:
                    what = f"{'->'.join(pair)} and --{('from', 'to')[which]} {said} contradict each other"
                    raise UsageFault("CTK601", what)
    if len(set(pairs)) > 1:
        raise UsageFault("CTK601", f"two conversions are named: {' and '.join('->'.join(p) for p in pairs)}")
    first = pairs[0] if pairs else (_format(source) if source else None, _format(to) if to else None)
    return Wanted(first[0], first[1], tuple(files), redirected)


def undo_redirection(words: Sequence[str]) -> None:
    """Removes the empty file of an unquoted conversion, and sends what would go there to standard error.

    For the raw words of a command line, before anything can fail about them; `read_words` then still knows
    what was meant.
    """
    _undone.set(None)
    for before, word in pairwise(("", *words)):
        pair = None if before in _TAKE_NAMES else _redirected_pair(word)
        if pair is not None:
            os.dup2(2, 1)
            _undone.set((word, pair))
            return


def _pair(word: str) -> tuple[str, str] | None:
    """``caffe->onnx``, ``caffe:onnx`` or ``caffe2onnx``; None for anything that is no conversion."""
    found = _SEPARATED.fullmatch(word)
    if found is None or Path(word).is_file():
        return None
    left, right = found.group(1).lower(), found.group(2).lower()
    known = {*FORMATS, *_ALIASES}
    if left not in known and right not in known:
        return None
    return _format(left), _format(right)


def _format(word: str) -> str:
    name = _ALIASES.get(word.lower(), word.lower())
    if name not in FORMATS:
        raise UsageFault("CTK602", f"unknown format {word!r}", notes=did_you_mean(word, FORMATS))
    return name


def _unquoted_pair(word: str) -> tuple[str, str] | None:
    """`ctk convert caffe->onnx` typed unquoted: the word is ``caffe-`` and the shell made a file ``onnx``.

    The file is recognised as standard output itself, and removed when it is empty, as it always is unless
    it was appended to.
    """
    if not _is_unquoted(word):
        return None
    undone = _undone.get()
    pair = undone[1] if undone is not None and undone[0] == word else _redirected_pair(word)
    if pair is not None:
        return pair
    raise UsageFault(
        "CTK602",
        f"{word!r} names no target format",
        notes=[
            'quote the conversion, "caffe->onnx", or write caffe:onnx; an unquoted > is taken by the shell'
        ],
    )


def _is_unquoted(word: str) -> bool:
    found = _UNQUOTED.fullmatch(word)
    return found is not None and found.group(1).lower() in {*FORMATS, *_ALIASES}


def _redirected_pair(word: str) -> tuple[str, str] | None:
    """The conversion whose second half names the file that standard output goes to; removes it when empty."""
    if not _is_unquoted(word):
        return None
    with suppress(OSError):
        out = os.fstat(1)
        for name in os.listdir():  # noqa: PTH208 - `caffe->ONNX` makes a file of that spelling
            if name.lower() not in {*FORMATS, *_ALIASES}:
                continue
            there = os.lstat(name)
            if (out.st_dev, out.st_ino) == (there.st_dev, there.st_ino) and stat.S_ISREG(there.st_mode):
                if there.st_size == 0:
                    Path(name).unlink()
                return _format(word[:-1]), _format(name)
    return None
