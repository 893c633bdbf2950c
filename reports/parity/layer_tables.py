"""Where a pair departs from the reference: layers, and weights that are not the source's."""

from __future__ import annotations

from benchmarks.parity_document import LayerError, ParityDocument, ParityPair
from reports.bench.canvas import Canvas, Cell
from reports.bench.figures import counted
from reports.parity.figures import NOTHING, pair_name, scientific

_STYLES = {"pass": "", "fail": "bold red", "absent": "yellow"}
_ROUNDING = {True: "rounding", False: "MORE", None: NOTHING}


def show_layers(document: ParityDocument, canvas: Canvas) -> None:
    """Prints the first divergent and the first amplifying layer of each pair, and all layers where they were walked."""
    pairs = [pair for pair in document.pairs if pair.layers or _first(pair) != (None, None)]
    if not pairs:
        return
    canvas.head("Layer by layer, each one's own output over all inputs")
    for pair in pairs:
        divergent, amplifying = _first(pair)
        bad = "bold red" if divergent is not None else ""
        canvas.line(
            f"{pair_name(pair)}: first divergent layer {divergent or 'none'}, first amplifying layer "
            f"{amplifying or 'none'}{_count(pair)}",
            bad,
        )
    for pair in pairs:
        if pair.layers:
            canvas.head(f"Layers of {pair_name(pair)}")
            _show_table(pair, canvas)
    canvas.line(
        "divergent: the first whose own output breaks the rule, over its whole blob; amplifying: the first whose error is "
        "over ten times that of what it read, and more than rounding of the executed precision explains; its own part: what "
        "it makes of the values that it was given, examined where it breaks the rule or the error grows"
    )


def show_weights(document: ParityDocument, canvas: Canvas) -> None:
    """Prints the blobs of the source that an artifact does not hold as they were; once for each artifact."""
    rows: list[list[str]] = []
    seen: set[tuple[str, str | None]] = set()
    for pair in document.pairs:
        if (pair.backend, pair.artifact) in seen:
            continue
        seen.add((pair.backend, pair.artifact))
        rows += [
            [pair.backend, one.layer, one.name, one.kind, scientific(one.max_abs), one.detail or ""]
            for one in pair.weights
        ]
    if rows:
        canvas.head("Weights that are not the source's")
        canvas.table(("backend", "layer", "name", "kind", "max |d|", ""), rows, right=(4,))


def _first(pair: ParityPair) -> tuple[str | None, str | None]:
    return pair.first_divergent_layer, pair.first_amplifying_layer


def _count(pair: ParityPair) -> str:
    if not pair.layers:
        return ""
    absent = sum(1 for layer in pair.layers if layer.status == "absent")
    missing = f", {absent} of them not given by this backend" if absent else ""
    return f" ({counted(len(pair.layers), 'value')}{missing})"


def _show_table(pair: ParityPair, canvas: Canvas) -> None:
    heads = ("layer", "type", "value", "max |d|", "max rel", "growth", "its own part", "status")
    canvas.table(heads, [_row(layer) for layer in pair.layers], right=(3, 4, 5))


def _row(layer: LayerError) -> list[str | Cell]:
    return [
        layer.layer,
        layer.type,
        layer.blob,
        scientific(layer.max_abs),
        scientific(layer.max_rel),
        _times(layer.growth),
        _ROUNDING[layer.explained_by_rounding],
        Cell(layer.status, _STYLES[layer.status]),
    ]


def _times(growth: float | None) -> str:
    if growth is None:
        return NOTHING
    return f"{growth:.1f}×" if growth < 1e4 else f"{growth:.0e}×"
