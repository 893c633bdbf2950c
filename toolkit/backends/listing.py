"""The registered backends: what each one loads, and whether the library behind it is installed.

Nothing here imports such a library: a module's place is looked up, and never run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution
from importlib.util import find_spec
from typing import Any

from toolkit import plugins
from toolkit.backends.protocol import Backend
from toolkit.backends.runtime_import import REQUIREMENTS
from toolkit.errors import EnvironmentFailed

OWN = "colorization-toolkit"
# Of ctk's own backends: the module behind each.
_MODULES = {
    "caffe-reference": "numpy",
    "onnxruntime": "onnxruntime",
    "opencv": "cv2",
    "openvino": "openvino",
    "torch": "torch",
}
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)[^;]*$")  # without a marker: always needed


@dataclass(frozen=True, slots=True)
class ListedBackend:
    """A registered backend.

    Attributes:
        name: What `toolkit.load` calls it.
        formats: Formats (DESIGN §1) that it loads, the one made on demand for it first; empty where the
            backend itself cannot be imported.
        distribution: The distribution that registers it; None where that is unknown.
        installed: Whether it can be imported and what it needs is installed.
        missing: Why it is not installed, or None.
        install: What pip installs to mend that, or None.
    """

    name: str
    formats: tuple[str, ...]
    distribution: str | None
    installed: bool
    missing: str | None = None
    install: str | None = None


def backends() -> list[ListedBackend]:
    """All registered backends in the order of the alphabet, whether or not they are installed."""
    return [listed_backend(name) for name in plugins.members(plugins.BACKENDS)]


def listed_backend(name: str) -> ListedBackend:
    """What is known of one backend without loading anything into it.

    Raises:
        UsageFault: CTK603 for a name that nobody registered.
    """
    point = plugins.members(plugins.BACKENDS).get(name)
    owner = distribution_of(point)
    try:
        formats = formats_of(name, backend_class(name))
    except EnvironmentFailed as error:
        return ListedBackend(name, (), owner, installed=False, missing=error.what)
    missing = _missing_module(name) if owner in {OWN, None} else _missing_requirement(owner)
    if missing is None:
        return ListedBackend(name, formats, owner, installed=True)
    module, install = missing
    return ListedBackend(name, formats, owner, False, f"{module}, which is not installed", install)


def refuse_missing_runtime(name: str) -> None:
    """Checks that a backend can be expected to load something, before anything costly is done for it.

    Raises:
        UsageFault: CTK603 for a name that nobody registered.
        EnvironmentFailed: CTK404 naming what it lacks, and what to install.
    """
    backend_class(name)  # whose own error says more where it cannot be imported
    found = listed_backend(name)
    if found.missing is not None and found.install is not None:
        raise EnvironmentFailed(
            "CTK404",
            f"the backend {name} needs {found.missing}",
            notes=[f"install it: pip install '{found.install}'"],
        )


def backend_class(name: str) -> type[Backend]:
    """The class registered under a name.

    Raises:
        UsageFault: CTK603 for a name that nobody registered; the nearest one is suggested.
        EnvironmentFailed: CTK404 when it cannot be imported.
    """
    found: type[Backend] = plugins.load_member(plugins.BACKENDS, name, "backend")
    return found


def formats_of(name: str, backend: Any) -> tuple[str, ...]:
    """The formats that a backend says it loads.

    Raises:
        EnvironmentFailed: CTK404 when it says nothing: then it does not follow the protocol.
    """
    formats = getattr(backend, "formats", None)
    if not isinstance(formats, (tuple, list)) or not formats:
        raise EnvironmentFailed(
            "CTK404",
            f"the backend {name!r} does not follow the protocol: it names no formats that it loads",
            notes=["`formats` is a tuple of format names; docs/backends.md has the whole protocol"],
        )
    return tuple(formats)


def distribution_of(point: EntryPoint | None) -> str | None:
    """The name of the distribution that registers an entry point, or None where that is unknown."""
    return point.dist.name if point is not None and point.dist is not None else None


def _missing_module(name: str) -> tuple[str, str] | None:
    module = _MODULES.get(name)
    if module is None:
        return None
    try:
        found = find_spec(module) is not None
    except (ImportError, ValueError):  # a name that is blocked, or a module without a place
        found = False
    return None if found else (module, REQUIREMENTS[module])


def _missing_requirement(owner: str) -> tuple[str, str] | None:
    """The first distribution that another one cannot do without and that is not there."""
    for text in distribution(owner).requires or ():
        needed = _REQUIREMENT.match(text)
        if needed is None:
            continue
        try:
            distribution(needed[1])
        except PackageNotFoundError:
            return needed[1], text.strip()
    return None
