"""The pages of `ctk explain`: one Markdown file for each code, with fixed heads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from toolkit.errors import UsageFault
from toolkit.nearest import did_you_mean

HEADS = ("What it means", "Why it is an error", "What to do", "Example")
# The first digit of a code is its family; statuses from DESIGN §4.
EXIT_STATUS_OF_FAMILY = {"1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 64, "7": 70, "8": 130}

_FILE = re.compile(r"(CTK\d{3})\.md")
_WORD = re.compile(r"(?:CTK)?(\d{3})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The page of one code.

    Attributes:
        code: ``CTK`` and three digits.
        title: The first line, without the code.
        exit_status: What a process ends with after this error.
        text: The whole page, Markdown.
    """

    code: str
    title: str
    exit_status: int
    text: str


@cache
def explanations() -> dict[str, Explanation]:
    """All pages by code, in the order of the codes."""
    found = {}
    for path in files("toolkit").joinpath("explain").iterdir():
        name = _FILE.fullmatch(path.name)
        if name is not None:
            found[name[1]] = _page(name[1], path.read_text("utf-8"))
    return dict(sorted(found.items()))


def explanation(word: str) -> Explanation:
    """The page of a code.

    Args:
        word: ``CTK503``, ``ctk503`` or ``503``.

    Raises:
        UsageFault: CTK603 when there is no such code; the nearest one is suggested.
    """
    pages = explanations()
    number = _WORD.fullmatch(word.strip())
    code = f"CTK{number[1]}" if number is not None else word
    if code not in pages:
        raise UsageFault(
            "CTK603",
            f"no error has the code {word!r}",
            notes=[*did_you_mean(code, pages), "`ctk explain` lists all codes"],
        )
    return pages[code]


def _page(code: str, text: str) -> Explanation:
    title = text.partition("\n")[0].removeprefix(f"# {code}").strip()
    return Explanation(code, title, EXIT_STATUS_OF_FAMILY[code[3]], text)
