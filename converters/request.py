"""What a conversion route is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from converters.options import ConvertOptions


@dataclass(frozen=True, slots=True)
class ConversionRequest:
    """One conversion, whatever its formats; the route itself finds out what the files are.

    Attributes:
        files: The network's files as the user named them, in any order; none for a model card.
        model: Model card that the user named, or None.
        output: File or folder to write, None for the route's default place; a text that ends with a slash is a
            folder, which is made.
        options: Everything else.
    """

    files: tuple[Path, ...] = ()
    model: str | None = None
    output: Path | str | None = None
    options: ConvertOptions = field(default_factory=ConvertOptions)
