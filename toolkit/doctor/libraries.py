"""Python libraries and outside tools: which are here, and what a missing one would enable."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

from pydantic import BaseModel, ConfigDict

DISTRIBUTION = "colorization-toolkit"
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_AT_LEAST = re.compile(r">=\s*(\d+(?:\.\d+)*)")


class FoundLibrary(BaseModel):
    """A library, installed or not.

    Attributes:
        name: Distribution name.
        version: Installed version; null when it is not installed.
        needed: Whether ctk cannot work without it.
        at_least: The lowest version that ctk takes, where it says so.
        ok: Installed, and not too old.
        enables: What it is for.
        get: The command that installs it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: str | None
    needed: bool
    at_least: str | None
    ok: bool
    enables: str
    get: str


class FoundTool(BaseModel):
    """A program outside Python; its path is null when it is not on PATH."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    path: str | None
    enables: str
    get: str


@dataclass(frozen=True, slots=True)
class _Optional:
    name: str
    enables: str


# What the libraries that ctk needs are for; a needed one that is missing here is listed all the same.
_PURPOSES = {
    "numpy": "all arithmetic",
    "onnx": "writing and reading ONNX",
    "onnxruntime": "the backend onnxruntime",
    "opencv-python-headless": "the backend opencv, and the presets of the founding systems",
    "openvino": "the backend openvino, and writing OpenVINO IR",
    "pandas": "tables as CSV (ctk bench --csv)",
    "platformdirs": "finding the cache folder",
    "protobuf": "reading prototxt and caffemodel",
    "pydantic": "documents (--json)",
    "requests": "ctk fetch",
    "rich": "tables and progress",
    "scikit-image": "the built-in pictures of ctk demo",
    "scipy": "special functions in layers (scipy.special), and scikit-image",
    "threadpoolctl": "the number of threads of caffe-reference",
    "typer": "the command line",
}
# DESIGN §7, without those above. Where this version has no verb for one yet, its text says so.
_OPTIONAL = (
    _Optional("torch", "the backend torch; ctk train, in a later version"),
    _Optional("nncf", "precision i8, in a later version"),
    _Optional("matplotlib", "plots in reports, in a later version"),
    _Optional("jinja2", "HTML reports, in a later version"),
    _Optional("ray", "work spread over several machines, in a later version"),
)


def libraries(requirements: Sequence[str] | None = None) -> tuple[FoundLibrary, ...]:
    """Needed libraries first, then optional ones; versions come from metadata, nothing is imported.

    Args:
        requirements: Requirement lines of ctk; those of the installed distribution by default.
    """
    lines = _own_requirements() if requirements is None else requirements
    needed = [_needed(line) for line in lines if "extra" not in line.partition(";")[2]]
    return (*sorted(needed, key=lambda library: library.name), *(_optional(item) for item in _OPTIONAL))


def tools() -> tuple[FoundTool, ...]:
    """Programs that ctk calls or will call."""
    return (
        FoundTool(
            name="atc",
            path=shutil.which("atc"),
            enables="compiling OM files for Ascend, in a later version",
            get="install Ascend CANN Toolkit from hiascend.com, then: source set_env.sh",
        ),
    )


def _own_requirements() -> list[str]:
    try:
        return requires(DISTRIBUTION) or list(_PURPOSES)
    except PackageNotFoundError:
        return list(_PURPOSES)


def _needed(line: str) -> FoundLibrary:
    match = _NAME.match(line)
    name = match[1] if match is not None else line.strip()
    bound = _AT_LEAST.search(line.partition(";")[0])
    at_least = bound[1] if bound is not None else None
    found = _version(name)
    return FoundLibrary(
        name=name,
        version=found,
        needed=True,
        at_least=at_least,
        ok=found is not None and (at_least is None or not _older(found, at_least)),
        enables=_PURPOSES.get(name, "ctk itself"),
        get=f"pip install '{name}{f'>={at_least}' if at_least else ''}'",
    )


def _optional(item: _Optional) -> FoundLibrary:
    found = _version(item.name)
    return FoundLibrary(
        name=item.name,
        version=found,
        needed=False,
        at_least=None,
        ok=found is not None,
        enables=item.enables,
        get=f"pip install {item.name}",
    )


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _older(found: str, bound: str) -> bool:
    """Compares the leading numbers only; enough for bounds that are plain releases."""
    numbers = [[int(part) for part in re.findall(r"\d+", _release(text))] for text in (found, bound)]
    length = max(map(len, numbers))
    left, right = (part + [0] * (length - len(part)) for part in numbers)
    return left < right


def _release(text: str) -> str:
    match = re.match(r"\d+(?:\.\d+)*", text)
    return match[0] if match is not None else "0"
