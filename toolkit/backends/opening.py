"""Backends by name, and the artifacts that they load."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit import plugins
from toolkit.artifacts import artifact_path
from toolkit.backends.listing import (
    OWN,
    backend_class,
    distribution_of,
    formats_of,
    refuse_missing_runtime,
)
from toolkit.backends.protocol import Backend, Session
from toolkit.backends.threads import thread_count
from toolkit.content import HEAD_BYTES, describe, sniff
from toolkit.errors import BadInput, CtkError, EnvironmentFailed, UsageFault, Where
from toolkit.files import opened
from toolkit.nearest import did_you_mean

# Formats that a file's first bytes tell. A caffemodel is not among them: many a binary file begins like one.
_TOLD = {"prototxt": "caffe", "onnx": "onnx", "ir": "openvino", "om": "om"}
_UNTOLD = {"unknown", "caffemodel"}


def load(
    artifact_or_model: Path | str,
    backend: str = "onnxruntime",
    *,
    threads: int | None = None,
    precision: str = "f32",
    device: str | None = None,
    **options: Any,
) -> Session:
    """Opens an artifact, or a model by its name, in a backend; offered as ``toolkit.load``.

    Args:
        artifact_or_model: The artifact's main file. As text also the name of a model card, where no file has
            that name: its artifact, in the backend's first format that can be made, is made on demand and
            kept in the cache.
        backend: A registered backend; `toolkit.backends.listing.backends` lists them.
        threads: Number of threads that compute; the physical cores by default.
        precision: ``f32``, ``f16``, ``bf16``, or ``native`` for whatever the runtime would choose.
        device: Where to compute, in the runtime's own words; its CPU by default.
        options: Further options of that very backend.

    Returns:
        A session, which `with` closes. What is really executed is in its `info`.

    Raises:
        BadInput: CTK501 when it is neither a file nor a model, CTK502 when the file is no artifact; the code
            of its format when it is damaged.
        UsageFault: CTK603 for an unknown backend, CTK604 for a format, precision, device or option that it
            does not take, CTK601 for a thread count below 1, CTK602 when no format of it can be made.
        EnvironmentFailed: CTK404 when the backend or its runtime is missing or fails, CTK407 for more
            threads than logical processors, CTK408 when memory runs out.
    """
    refuse_missing_runtime(backend)
    artifact = artifact_path(artifact_or_model, formats_of(backend, backend_class(backend)))
    return open_backend(backend, artifact, threads, precision=precision, device=device, **options)


def open_backend(
    name: str,
    artifact: Path,
    threads: int | None = None,
    *,
    precision: str = "f32",
    device: str | None = None,
    **options: Any,
) -> Session:
    """Loads an artifact's file into the backend of that name; arguments and errors as `load`."""
    backend = backend_class(name)
    refuse_missing_runtime(name)
    refuse_format(name, formats_of(name, backend), Path(artifact))
    thread_count(threads)
    # What was not asked for is not passed on: a backend is free to leave out what it has no use for.
    asked = {"precision": precision if precision != "f32" else None, "device": device}
    given = options | {word: value for word, value in asked.items() if value is not None}
    _refuse_unknown_options(name, backend, given)
    try:
        return backend.load(Path(artifact), threads=threads, **given)
    except CtkError:
        raise
    except Exception as error:
        stranger = _stranger_behind(name)
        if stranger is None:
            raise  # a bug of ctk's own
        raise EnvironmentFailed(
            "CTK404",
            f"the backend {name!r} failed: {type(error).__name__}: {error}",
            notes=[f"it belongs to {stranger}: tell its authors"],
        ) from error


def refuse_format(name: str, formats: Sequence[str], artifact: Path) -> None:
    """Checks by its first bytes, never by its suffix, that a file is of a format that a backend loads.

    Args:
        name: The backend.
        formats: What it loads. A file that tells nothing, and every file where one of them is a format that
            ctk does not know, is left to the backend.
        artifact: The file.

    Raises:
        BadInput: CTK501 when it cannot be read, CTK502 when it is no artifact at all.
        UsageFault: CTK604 when it is an artifact of another format.
    """
    with opened(artifact, "artifact") as file:
        kind = sniff(file.read(HEAD_BYTES))
    notes = ["it loads: " + ", ".join(formats)]
    place = Where(file=str(artifact))
    if kind in _TOLD:
        if _TOLD[kind] not in formats:
            what = f"the backend {name} does not load the format {_TOLD[kind]}"
            raise UsageFault("CTK604", what, place, notes)
    elif kind not in _UNTOLD and set(formats) <= set(_TOLD.values()):
        what = f"this is no artifact that the backend {name} loads but {describe(kind)}"
        raise BadInput("CTK502", what, place, notes)


def loads(name: str, artifact: Path) -> bool:
    """Whether a backend takes files of this one's format; raises as `refuse_format`, except CTK604."""
    try:
        refuse_format(name, formats_of(name, backend_class(name)), artifact)
    except UsageFault:
        return False
    return True


def _refuse_unknown_options(name: str, backend: type[Backend], options: Mapping[str, Any]) -> None:
    parameters = inspect.signature(backend.load).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    known = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    for word in options:
        if word not in known:
            what = f"the backend {name} has no option {word!r}"
            raise UsageFault("CTK604", what, notes=did_you_mean(word, known))


def _stranger_behind(name: str) -> str | None:
    """The distribution that registered a backend, where that is not ctk."""
    owner = distribution_of(plugins.members(plugins.BACKENDS).get(name))
    return None if owner == OWN else owner
