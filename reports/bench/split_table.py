"""The published split and other published claims beside what was measured here (benchmark_method.md §9)."""

from __future__ import annotations

from benchmarks.bench_document import BenchDocument, Claim, ReferenceSplit
from benchmarks.claims.split import reference_split
from reports.bench.canvas import Canvas, Cell
from reports.bench.figures import milliseconds
from toolkit.models.main_model import MAIN_MODEL


def show_split(document: BenchDocument, canvas: Canvas) -> None:
    """Prints the published row, one of each run, and what each split says; never a speed-up across machines."""
    split = document.reference_split
    ours = _splits(document)
    canvas.head("The published split beside ours (different machines: no speed-up can be read from it)")
    canvas.table(
        ("row", "device", "total ms", "infer ms", "rest ms", "infer share %", "state"),
        [_published(split.published, canvas), *(_ours(document, one) for one in ours)],
        right=(2, 3, 4, 5),
    )
    if split.published.arithmetic:
        canvas.line(f"published infer: {split.published.arithmetic}")
    canvas.line(f"source: {split.published.source}")
    if document.model.name != MAIN_MODEL:
        canvas.line(f"the published figures are of {MAIN_MODEL}, ours of {document.model.name}")
    for one in ours:
        _show_answers(one, canvas)
    _show_others(document, canvas)


def _splits(document: BenchDocument) -> list[ReferenceSplit]:
    """The document's own split, and the same of its other runs where it has one."""
    own = document.reference_split
    if own.arm is None:
        return [own]
    others = [reference_split(run, own.published) for run in document.runs if run.arm != own.arm]
    return [own, *(one for one in others if one.arm is not None)]


def _published(claim: Claim, canvas: Canvas) -> list[str | Cell]:
    infer: str | Cell = milliseconds(claim.infer_ms)
    if claim.state == "implausible" and claim.infer_ms is not None:
        infer = canvas.struck(milliseconds(claim.infer_ms))
    rest = None if None in (claim.total_ms, claim.infer_ms) else _minus(claim.total_ms, claim.infer_ms)
    state = f"published, infer implausible (floor {milliseconds(claim.floor_ms)} ms)"
    if claim.state != "implausible":
        state = f"published, {claim.state}"
    return [
        claim.name, claim.device, milliseconds(claim.total_ms), infer, milliseconds(rest),
        _share(claim.infer_ms, claim.total_ms), state,
    ]  # fmt: skip


def _ours(document: BenchDocument, split: ReferenceSplit) -> list[str | Cell]:
    device = document.machine.cpu or "an unknown processor"
    if split.arm is None:
        return ["ours", device, "-", "-", "-", "-", "not measured here"]
    origin = next((run.origin for run in document.runs if run.arm == split.arm), document.origin)
    return [
        split.arm,
        device,
        milliseconds(split.measured_total_ms),
        milliseconds(split.measured_infer_ms),
        milliseconds(split.pre_and_post_ms),
        _share(split.measured_infer_ms, split.measured_total_ms),
        f"{origin}, means per picture, {_pictures(document)}",
    ]


def _show_answers(split: ReferenceSplit, canvas: Canvas) -> None:
    if split.arm is None or split.larger_part is None:
        return
    canvas.line(
        f"{split.arm}: decode, pre, post and encode take {milliseconds(split.pre_and_post_ms)} ms, infer "
        f"{milliseconds(split.measured_infer_ms)} ms: the larger part here is {split.larger_part}"
    )
    canvas.line(
        f"if infer were free, the total would be {milliseconds(split.total_if_infer_were_free_ms)} ms "
        f"instead of {milliseconds(split.measured_total_ms)} ms"
    )


def _show_others(document: BenchDocument, canvas: Canvas) -> None:
    others = [claim for claim in document.claims if claim.name != document.reference_split.published.name]
    if not others:
        return
    canvas.head("Other published claims")
    rows = [
        [c.name, c.device, c.what, milliseconds(c.total_ms), milliseconds(c.infer_ms), c.state, c.source]
        for c in others
    ]
    heads = ("claim", "device", "what", "total ms", "infer ms", "state", "source")
    canvas.table(heads, rows, right=(3, 4))


def _pictures(document: BenchDocument) -> str:
    sizes = [f"{one.width}×{one.height}" for one in document.settings.pictures if one.usable]
    return "pictures of " + (", ".join(dict.fromkeys(sizes)) or "an unknown size")


def _minus(whole: float | None, part: float | None) -> float | None:
    return None if whole is None or part is None else whole - part


def _share(part: float | None, whole: float | None) -> str:
    return "-" if part is None or not whole else f"{100 * part / whole:.1f}"
