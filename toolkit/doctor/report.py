"""The document of `ctk doctor`: what is here, and what ctk itself lacks."""

from __future__ import annotations

import platform
import sys
from typing import Literal

from pydantic import Field

from toolkit.doctor.libraries import FoundLibrary, FoundTool, libraries, tools
from toolkit.doctor.members import FoundMember, registered_members
from toolkit.doctor.places import CachePlace, WeightsOfModel, cache_place, weights_present
from toolkit.doctor.processor import Processor, processor
from toolkit.documents import Document
from toolkit.version import __version__

NEEDED_PYTHON = (3, 11)


class DoctorDocument(Document):
    """``ctk.doctor/1``: what is installed.

    Attributes:
        ctk: Version of ctk.
        python: Version of Python.
        executable: The interpreter.
        system: Operating system and machine.
        problems: What ctk itself lacks, one line each with its remedy; empty when it can work.
        warnings: What works less well than it could.
        verdict: ``pass`` without problems.
    """

    schema_: Literal["ctk.doctor/1"] = Field(default="ctk.doctor/1", alias="schema")
    ctk: str
    python: str
    executable: str
    system: str
    processor: Processor
    libraries: tuple[FoundLibrary, ...]
    tools: tuple[FoundTool, ...]
    members: tuple[FoundMember, ...]
    cache: CachePlace
    weights: tuple[WeightsOfModel, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    verdict: Literal["pass", "fail"]


def examine() -> DoctorDocument:
    """Looks at everything; imports no runtime and writes nothing."""
    found, members, place = libraries(), registered_members(), cache_place()
    problems = (*_python_problems(), *_library_problems(found), *_own_member_problems(members))
    return DoctorDocument(
        ctk=__version__,
        python=platform.python_version(),
        executable=sys.executable,
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        processor=processor(),
        libraries=found,
        tools=tools(),
        members=members,
        cache=place,
        weights=weights_present(),
        problems=problems,
        warnings=(*_foreign_member_warnings(members), *_cache_warnings(place)),
        verdict="fail" if problems else "pass",
    )


def _python_problems() -> list[str]:
    if sys.version_info >= NEEDED_PYTHON:
        return []
    return [f"Python {platform.python_version()} is too old: 3.11 or newer is needed"]


def _library_problems(found: tuple[FoundLibrary, ...]) -> list[str]:
    lacking = [library for library in found if library.needed and not library.ok]
    return [
        f"{library.name} "
        + ("is not installed" if library.version is None else f"{library.version} is too old")
        + f" ({library.enables}): {library.get}"
        for library in lacking
    ]


def _own_member_problems(members: tuple[FoundMember, ...]) -> list[str]:
    return [
        f"the {member.kind} {member.name!r} cannot be found: {member.problem}; install colorization-toolkit again"
        for member in members
        if member.own and member.problem is not None
    ]


def _foreign_member_warnings(members: tuple[FoundMember, ...]) -> list[str]:
    return [
        f"the {member.kind} {member.name!r} of {member.distribution} cannot be found: {member.problem}"
        for member in members
        if not member.own and member.problem is not None
    ]


def _cache_warnings(place: CachePlace) -> list[str]:
    if place.writable:
        return []
    return [f"the cache folder {place.home} cannot be written: set CTK_HOME to a folder that can"]
