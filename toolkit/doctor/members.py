"""Verbs, backends and routes that are registered, and whether their modules can be found."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from importlib.util import find_spec
from typing import Literal

from pydantic import BaseModel, ConfigDict

from toolkit import plugins
from toolkit.doctor.libraries import DISTRIBUTION

Kind = Literal["verb", "backend", "route"]
_GROUPS: tuple[tuple[Kind, str], ...] = (
    ("verb", plugins.COMMANDS),
    ("backend", plugins.BACKENDS),
    ("route", plugins.CONVERTERS),
)


class FoundMember(BaseModel):
    """A registered entry point.

    Attributes:
        kind: What it is.
        name: Its name, such as ``onnxruntime``.
        distribution: Who registered it; null when unknown.
        module: Where it is said to be.
        problem: Why that module cannot be found; null when it can.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    name: str
    distribution: str | None
    module: str
    problem: str | None

    @property
    def own(self) -> bool:
        """Whether ctk itself registered it."""
        return self.distribution == DISTRIBUTION


def registered_members() -> tuple[FoundMember, ...]:
    """All entry points of ctk's three groups; their modules are looked up, not imported."""
    return tuple(_found(kind, point) for kind, group in _GROUPS for point in plugins.members(group).values())


def _found(kind: Kind, point: EntryPoint) -> FoundMember:
    return FoundMember(
        kind=kind,
        name=point.name,
        distribution=point.dist.name if point.dist is not None else None,
        module=point.module,
        problem=_problem(point.module),
    )


def _problem(module: str) -> str | None:
    try:
        # This imports the packages above the module, never the module itself.
        spec = find_spec(module)
    except Exception as error:  # a package of another distribution may raise anything
        return f"{type(error).__name__}: {error}"
    return None if spec is not None else f"there is no module {module}"
