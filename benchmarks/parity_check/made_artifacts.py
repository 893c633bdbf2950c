"""The artifact that each backend runs: one that the user named, or one made from the network's sources."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from benchmarks.parity_check.subject import Subject
from toolkit.backends.listing import backend_class, formats_of, refuse_missing_runtime
from toolkit.errors import UsageFault

# What a route says about a format that it cannot make, or not with these options.
_NOT_THIS_ONE = frozenset({"CTK602", "CTK604"})


class Artifacts:
    """Finds or makes artifacts; each format is made once.

    Args:
        subject: The network.
        given: Main files that the user named, by backend.
        folder: Where artifacts of the user's own network are made; those of a model card lie in the cache.
    """

    def __init__(self, subject: Subject, given: dict[str, Path], folder: Path) -> None:
        self._subject = subject
        self._given = given
        self._folder = folder
        self._made: dict[str, Path] = {}

    def of(self, backend: str) -> Path:
        """The main file for a backend.

        Raises:
            UsageFault: CTK603 for an unknown backend, CTK602 or CTK604 when no format of it can be made.
            EnvironmentFailed: CTK404 when its runtime is missing.
            CtkError: As the conversion raises.
        """
        refuse_missing_runtime(backend)
        if backend in self._given:
            return self._given[backend]
        return self.from_sources(backend)

    def from_sources(self, backend: str) -> Path:
        """The main file for a backend that is the reference, made from the network's sources; raises as `of`.

        Never one that the user named to be checked: it would be held against itself.
        """
        refuse_missing_runtime(backend)
        return self.in_one_of(formats_of(backend, backend_class(backend)))

    def is_temporary(self, artifact: str | None) -> bool:
        """Whether a file is removed when the run ends."""
        return artifact is not None and Path(artifact).is_relative_to(self._folder.absolute())

    def in_one_of(self, formats: tuple[str, ...]) -> Path:
        """The main file in the first of some formats that can be made; raises as `of`."""
        refusal: UsageFault | None = None
        for wanted in formats:
            try:
                if wanted not in self._made:
                    self._made[wanted] = self._make(wanted)
                return self._made[wanted]
            except UsageFault as fault:
                if fault.code not in _NOT_THIS_ONE:
                    raise
                refusal = refusal or fault
        raise refusal or UsageFault("CTK602", "the backend loads no format")

    def caffe(self) -> Path:
        """The prototxt, with the caffemodel of the same stem beside it."""
        prototxt, caffemodel = self._subject.prototxt, self._subject.caffemodel
        if prototxt is None:
            raise UsageFault(
                "CTK602", "no conversion leads to caffe", notes=["give the prototxt and caffemodel"]
            )
        if caffemodel is None and not prototxt.with_suffix(".caffemodel").exists():
            return prototxt
        if caffemodel == prototxt.with_suffix(".caffemodel"):
            return prototxt
        # A backend looks for the caffemodel beside the prototxt, under its stem.
        side_by_side = self._folder / "caffe"
        side_by_side.mkdir(exist_ok=True)
        linked = side_by_side / prototxt.name
        for link, file in ((linked, prototxt), (linked.with_suffix(".caffemodel"), caffemodel)):
            if file is not None and not link.exists():
                link.symlink_to(file.absolute())
        return linked

    def _make(self, wanted: str) -> Path:
        subject = self._subject
        if wanted == "caffe":
            return self.caffe()
        if subject.card is not None:
            from converters.on_demand import artifact_for

            return artifact_for(
                subject.card.name,
                format=wanted,
                head=cast(Any, subject.head),
                mean=cast(Any, subject.mean),
                weights=cast(Any, subject.weights),
            )
        return self._converted(wanted)

    def _converted(self, wanted: str) -> Path:
        from converters.api import convert
        from converters.source_format import source_format

        subject = self._subject
        files = [
            file for file in (subject.prototxt, subject.caffemodel, subject.artifact) if file is not None
        ]
        if source_format(files) == wanted:
            return files[0]
        return convert(files, to=wanted, output=f"{self._folder}/{wanted}/").path
