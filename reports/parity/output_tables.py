"""Every output of every backend by the rule: how far, how far it would have to go, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchmarks.parity_check.rule import OutputParity
from benchmarks.parity_document import ParityDocument, ParityPair, RegionError
from reports.bench.canvas import Canvas, Cell
from reports.parity.figures import NOTHING, document_reference, element, pair_name, scientific

INFORMATIVE = "(informative)"
_STYLES = {"pass": "green", "fail": "bold red", "failed": "bold red", "inconclusive": "yellow"}
_REPEATED = {True: "same bits", False: "DIFFERS", None: NOTHING}


def show_outputs(document: ParityDocument, canvas: Canvas) -> None:
    """Prints the verdicts, then where the differences are, then what failed and why."""
    canvas.head(f"Outputs against {document_reference(document)}, the worst of all inputs")
    _show_verdicts(document, canvas)
    if any(pair.outputs for pair in document.pairs):
        canvas.head("Where they are largest")
        _show_places(document, canvas)
    _show_reasons(document, canvas)


def verdict_cell(pair: ParityPair, status: str) -> Cell:
    """A verdict, marked where it decides nothing."""
    return Cell(status if pair.decides else f"{status} {INFORMATIVE}", _STYLES.get(status, ""))


def _show_verdicts(document: ParityDocument, canvas: Canvas) -> None:
    heads = ["backend", "asked", "executed", "output", "max |d|", "smallest rtol", "verdict"]
    if canvas.wide:
        heads[-2:-2] = ["max rel", "RMSE"]
    rows: list[list[str | Cell]] = []
    for pair, output in _rows(document):
        figures: list[str | Cell] = [scientific(output.max_abs) if output else NOTHING]
        if canvas.wide:
            figures += [scientific(output.max_rel), scientific(output.rmse)] if output else [NOTHING, NOTHING]
        rows.append(
            [
                _backend(pair, canvas),
                pair.precision_requested,
                pair.precision_executed or "unknown",
                output.name if output else NOTHING,
                *figures,
                _bound(output, "smallest_passing_rtol"),
                verdict_cell(pair, _status(pair, output)),
            ]
        )
    canvas.table(heads, rows, right=range(4, len(heads) - 1))
    if any(not pair.decides for pair in document.pairs):
        canvas.line(f"{INFORMATIVE}: the runtime's own precision, which does not decide")


def _show_places(document: ParityDocument, canvas: Canvas) -> None:
    heads = ("backend", "asked", "output", "worst element", "input", "border", "interior", "smallest atol", "run twice")  # fmt: skip
    rows = [
        [
            pair.backend,
            pair.precision_requested,
            output.name,
            element(output.worst_index),
            pair.worst_input.get(output.name, NOTHING),
            _largest(pair.border, output.name),
            _largest(pair.interior, output.name),
            _bound(output, "smallest_passing_atol"),
            _REPEATED[pair.deterministic],
        ]
        for pair, output in _rows(document)
        if output is not None
    ]
    canvas.table(heads, rows, right=(5, 6, 7))
    canvas.line(
        "border and interior: max |d| of the ring along the edge, a 16th of the smaller side wide, and of what it encloses"
    )


def _show_reasons(document: ParityDocument, canvas: Canvas) -> None:
    """Reasons of the informative rows alone: those that decide are told with the verdict."""
    for pair in document.pairs:
        if pair.reason is not None and not pair.decides:
            canvas.line(f"{pair_name(pair)}: {pair.reason}", "yellow")


def _rows(document: ParityDocument) -> Iterator[tuple[ParityPair, OutputParity | None]]:
    for pair in document.pairs:
        if not pair.outputs:
            yield pair, None
        for output in pair.outputs:
            yield pair, output


def _status(pair: ParityPair, output: OutputParity | None) -> str:
    """An output's own; the pair's where every output passes and it does not, or where there is none."""
    if output is None or all(one.status == "pass" for one in pair.outputs):
        return pair.verdict
    return output.status


def _backend(pair: ParityPair, canvas: Canvas) -> str:
    """With its version where there is room; without what some runtimes append about their build."""
    if not canvas.wide or pair.runtime_version is None:
        return pair.backend
    return f"{pair.backend} {pair.runtime_version.partition('-')[0]}"


def _bound(output: OutputParity | None, which: str) -> str:
    if output is None:
        return NOTHING
    bound = getattr(output, which)
    # No figure with a difference: no bound would pass, such as against a reference that is zero throughout.
    return "none" if bound is None and output.max_abs else scientific(bound)


def _largest(regions: Mapping[str, RegionError], name: str) -> str:
    return scientific(regions[name].max_abs) if name in regions else NOTHING
