"""What backends lack of an inspected network, and how that ends `ctk inspect`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from converters.inspection.document import InspectDocument, LackingPart
from converters.inspection.given_files import shown
from converters.options import ConvertOptions
from converters.supported import lacking, refuse_parts
from toolkit.backends.listing import refuse_missing_runtime
from toolkit.backends.protocol import Lacking
from toolkit.errors import BadInput
from toolkit.messages import collected_warnings


def refuse_backends_that_cannot_be_asked(backends: Sequence[str]) -> None:
    """Checks the names of backends and what they need, before a file is read.

    Raises:
        UsageFault: CTK603 for an unknown one; the nearest name is suggested.
        EnvironmentFailed: CTK404 for one that is not installed.
    """
    for backend in backends:
        refuse_missing_runtime(backend)


def with_lacking(
    document: InspectDocument,
    backends: Sequence[str],
    files_or_model: Sequence[Path] | str,
    options: ConvertOptions,
) -> InspectDocument:
    """The document with what each backend lacks.

    Args:
        document: What was told of the network.
        backends: Registered backends.
        files_or_model: The network's files, or a model card's name.
        options: How Caffe files would be converted.

    Returns:
        The document; a backend that could not be asked, for what is wrong with the network, has null.

    Raises:
        UsageFault: CTK604 when a backend takes no form of the network.
        EnvironmentFailed: CTK404 when a runtime fails.
        BadInput: What a backend finds wrong with files that nothing else is wrong with.
    """
    found: dict[str, list[LackingPart] | None] = {}
    remarks = list(document.remarks)
    for backend in dict.fromkeys(backends):
        try:
            with collected_warnings():  # the inspection has told them
                parts = lacking(backend, files_or_model, options)
        except BadInput:
            if not any(problem.stops_conversion for problem in document.problems):
                raise
            found[backend] = None
            remarks.append(f"the backend {backend} could not be asked what it lacks, because of the problems")
        else:
            found[backend] = [_part(part) for part in parts]
    return document.model_copy(update={"lacking": found, "remarks": remarks})


def refuse_lacking_parts(document: InspectDocument) -> None:
    """Ends with an error when a backend that was asked lacks something.

    Raises:
        CheckFailed: CTK103.
    """
    found = {
        backend: [Lacking(part.name, part.type, part.reason) for part in parts or ()]
        for backend, parts in document.lacking.items()
    }
    refuse_parts(found, document.files[0].path)


def _part(part: Lacking) -> LackingPart:
    return LackingPart(name=shown(part.name), type=shown(part.type), reason=shown(part.reason))
