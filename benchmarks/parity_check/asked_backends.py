"""Which backends a call of `benchmarks.parity` means, and the files that they run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.harness.arms_of import SLOW
from toolkit.backends.listing import backend_class, backends
from toolkit.backends.opening import loads
from toolkit.errors import Inconclusive, UsageFault


def asked_backends(
    named: Sequence[str], artifacts: Mapping[str, Path] | Path | None, reference: str
) -> tuple[list[str], dict[str, Path]]:
    """Names of the backends in order, and artifacts by backend.

    Args:
        named: Those that were named.
        artifacts: Main files by backend; or one file for every backend that loads its format.
        reference: What they are held against: without a word it is not among them, nor is `caffe-reference`,
            which takes far too long.

    Raises:
        UsageFault: CTK603 for an unknown backend, CTK601 for the artifact of one that is not to run.
        BadInput: CTK501 or CTK502 for a file that cannot be read or is no artifact.
        Inconclusive: CTK301 when no backend is left.
    """
    by_backend = dict(artifacts) if isinstance(artifacts, Mapping) else {}
    for name in [*named, *by_backend]:
        backend_class(name)
    strange = [name for name in by_backend if named and name not in named]
    if strange:
        raise UsageFault(
            "CTK601",
            f"an artifact is given for {strange[0]}, which is not among the backends to check",
            notes=[f"name it too: --backend {strange[0]}; or leave every --backend out"],
        )
    names = list(dict.fromkeys([*named, *(by_backend if not named else ())]))
    if not names:
        names = [one.name for one in backends() if one.installed and one.name not in {SLOW, reference}]
        if isinstance(artifacts, Path):
            names = [name for name in names if loads(name, artifacts)]
    if not names:
        raise Inconclusive(
            "CTK301",
            "nothing was compared: no installed backend can run this",
            notes=["`ctk doctor` lists them"],
        )
    if isinstance(artifacts, Path):
        by_backend = dict.fromkeys(names, artifacts)
    return names, by_backend
