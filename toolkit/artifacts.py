"""An artifact by its file, or by the name of a model: then one made on demand.

What makes artifacts lies above this package and is reached through the entry point ``on-demand`` of the group
``ctk.artifacts``: a function of a model's name and the keyword ``format``, which returns the main file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from toolkit import plugins
from toolkit.errors import BadInput, UsageFault, Where
from toolkit.nearest import did_you_mean

ARTIFACTS = "ctk.artifacts"
ON_DEMAND = "on-demand"
NO_ROUTE = "CTK602"


class Maker(Protocol):
    """What the entry point is; DESIGN §4 has the options of a conversion."""

    def __call__(self, model: str | None = None, *, format: str) -> Path:  # noqa: A002 - DESIGN §1's word
        """The main file of the model's artifact in that format.

        Raises:
            UsageFault: CTK602 when that format cannot be made.
        """
        ...


def artifact_path(given: Path | str, formats: Sequence[str]) -> Path:
    """The main file of an artifact.

    Args:
        given: An artifact's main file; as text also the name of a model card, where no such file exists.
        formats: What a model's artifact may be, the first that can be made is.

    Returns:
        A `Path` as it was given, whether or not it exists; otherwise a file that exists.

    Raises:
        BadInput: CTK501 for a text that names neither a file nor a model.
        UsageFault: CTK602 when none of the formats can be made.
        EnvironmentFailed: As the conversion raises.
    """
    if isinstance(given, Path) or os.path.isfile(given):  # noqa: PTH113 - raises never
        return Path(given)
    from toolkit.models.card import model_cards

    known = model_cards()
    if given not in known:
        raise BadInput(
            "CTK501",
            f"{given!r} is neither a file nor the name of a model",
            Where(file=given),
            did_you_mean(given, known),
        )
    return _made(given, formats)


def _made(model: str, formats: Sequence[str]) -> Path:
    maker: Maker = plugins.load_member(ARTIFACTS, ON_DEMAND, "maker of artifacts")
    for wanted in formats:
        try:
            return maker(model, format=wanted)
        except UsageFault as fault:
            if fault.code != NO_ROUTE:
                raise
    raise UsageFault(
        NO_ROUTE,
        f"no conversion makes an artifact of {model} in a format that is loaded here: {', '.join(formats)}",
        notes=["give the artifact's file instead of the model's name"],
    )
