"""The ways to write a conversion (DESIGN §4): `caffe->onnx`, `caffe:onnx`, `caffe2onnx`, and the unquoted one."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from converters.api import FORMATS
from toolkit.errors import UsageFault
from toolkit.nearest import did_you_mean

_ALIASES = {"ir": "openvino", "pytorch": "torch", "ascend": "om"}
_SEPARATED = re.compile(r"([A-Za-z]+)\s*(?:->|=>|:|→|2)\s*([A-Za-z]+)")
_UNQUOTED = re.compile(r"([A-Za-z]+)-")


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
    found = _UNQUOTED.fullmatch(word)
    if found is None or found.group(1).lower() not in {*FORMATS, *_ALIASES}:
        return None
    for name in (*FORMATS, *_ALIASES):
        file = Path(name)
        with suppress(OSError):
            out, there = os.fstat(1), file.lstat()
            if (out.st_dev, out.st_ino) == (there.st_dev, there.st_ino) and file.is_file():
                if there.st_size == 0:
                    file.unlink()
                return _format(found.group(1)), _format(name)
    raise UsageFault(
        "CTK602",
        f"{word!r} names no target format",
        notes=[
            'quote the conversion, "caffe->onnx", or write caffe:onnx; an unquoted > is taken by the shell'
        ],
    )
