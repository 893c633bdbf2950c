"""All problems of a Caffe network at once: the readers' own rules, told not to stop at the first (`faults.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from converters.caffe.build import NetOptions, Outline, outline_net
from converters.caffe.caffemodel import Caffemodel, StoredLayer, read_caffemodel
from converters.caffe.faults import CollectedFaults, UnreadableError
from converters.caffe.network import Net
from converters.caffe.prototxt import read_prototxt
from converters.caffe.unknown_fields import warn_of_unknown_fields
from converters.inspection.document import InspectDocument, Problem, UncheckedLayer
from converters.inspection.given_files import shown
from toolkit.errors import BadInput, Where, printable

# With these there is no file to speak of.
_NO_SUCH_FILE = frozenset({"CTK501", "CTK502"})


def outline_as_far_as_possible(
    prototxt: Path, faults: CollectedFaults, *, ignore_unknown_fields: bool = False
) -> Outline:
    """The layers of a network that nothing is wrong with.

    Args:
        prototxt: The definition.
        faults: Gets everything that is wrong.
        ignore_unknown_fields: Unknown prototxt fields are warnings.

    Raises:
        BadInput: CTK501, CTK502.
    """
    try:
        text = read_prototxt(prototxt, ignore_unknown_fields=ignore_unknown_fields, faults=faults)
        return outline_net(text, NetOptions(ignore_unknown_fields=ignore_unknown_fields), faults)
    except UnreadableError:
        pass
    except BadInput as fault:
        if fault.code in _NO_SUCH_FILE:
            raise
        faults.add(fault)
    return Outline(Net("", str(prototxt), (), (), (), {}), (), ())


def read_weights(path: Path, faults: CollectedFaults) -> Caffemodel | None:
    """The caffemodel; None when it is damaged.

    Args:
        path: The file.
        faults: Gets the damage.

    Raises:
        BadInput: CTK501, CTK502.
    """
    try:
        caffemodel = read_caffemodel(path)
        warn_of_unknown_fields(caffemodel)
    except BadInput as fault:
        if fault.code in _NO_SUCH_FILE:
            raise
        faults.add(fault)
        return None
    return caffemodel


def unused_layers(caffemodel: Caffemodel, outline: Outline) -> list[BadInput]:
    """One entry for each layer with blobs whose name the network does not have; no conversion minds those."""
    names = {layer.name for layer in outline.definitions}
    spare: dict[str, StoredLayer] = {
        layer.name: layer for layer in caffemodel.layers if layer.blobs and layer.name not in names
    }
    return [
        BadInput(
            "CTK510",
            "the caffemodel stores a layer that the network does not have",
            Where(file=str(caffemodel.file), layer=shown(name)),
        )
        for name in spare
    ]


def listed_problems(faults: CollectedFaults, unused: Sequence[BadInput], prototxt: Path) -> list[Problem]:
    """The problems of a document: those of the prototxt by line, then the others.

    Args:
        faults: What would stop a conversion.
        unused: What would not.
        prototxt: The file whose lines count.
    """

    def place(fault: BadInput) -> tuple[bool, int]:
        return fault.where.file != str(prototxt), fault.where.line or 0

    return [
        *(_problem(fault, stops=True) for fault in sorted(faults.found, key=place)),
        *(_problem(fault, stops=False) for fault in unused),
    ]


def unchecked(faults: CollectedFaults) -> list[UncheckedLayer]:
    """Layers that could not be checked, in the order of the network, but those with a problem of their own."""
    # Many layers may stand on one line.
    faulty = {(fault.where.line, fault.where.layer) for fault in faults.found}
    return [
        UncheckedLayer(
            name=layer.name,
            type=layer.type,
            file=layer.where.file and shown(layer.where.file),
            line=layer.where.line,
            unknown_bottom=layer.message.bottom[layer.bottoms.index(bottom)],
        )
        for layer, bottom in faults.unknown
        if (layer.where.line, layer.where.layer) not in faulty
    ]


def problem_text(problem: Problem) -> str:
    """A problem on one line: code, what, where, and its notes."""
    fault = BadInput(problem.code, problem.what, _where(problem))
    return "; ".join([fault.headline, *map(printable, problem.notes)])


def refuse_problems(document: InspectDocument) -> None:
    """Ends with an error when a conversion of the files would.

    Raises:
        BadInput: The first problem; where there are several, its code, and how many there are.
    """
    stopping = [problem for problem in document.problems if problem.stops_conversion]
    if not stopping:
        return
    first = stopping[0]
    what = first.what if len(stopping) == 1 else f"{len(stopping)} problems; the first: {first.what}"
    raise BadInput(first.code, what, _where(first), first.notes)


def _problem(fault: BadInput, *, stops: bool) -> Problem:
    where = fault.where
    return Problem(
        code=fault.code,
        what=fault.what,
        file=where.file and shown(where.file),
        line=where.line,
        column=where.column,
        layer=where.layer,
        notes=list(fault.notes),
        stops_conversion=stops,
    )


def _where(problem: Problem) -> Where:
    return Where(problem.file, problem.line, problem.column, problem.layer)
