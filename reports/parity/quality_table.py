"""What a person would see: the worst picture of every pair, beside grey."""

from __future__ import annotations

from benchmarks.parity_document import GreyBaseline, ParityDocument, ParityPair, PictureQuality
from reports.bench.canvas import Canvas, Cell
from reports.bench.figures import counted
from reports.parity.figures import NOTHING, decibels, differences, plain, scientific

GREY = "grey (ab = 0)"


def show_quality(document: ParityDocument, canvas: Canvas) -> None:
    """Prints one row for each pair that has pictures, and grey as what no check may let pass."""
    pairs = [pair for pair in document.pairs if pair.quality or pair.delta_e2000 is not None]
    if pairs or document.baseline is not None:
        canvas.head("What a person would see: the worst picture of each")
        _show_differences(document, pairs, canvas)
    if any(pair.quality for pair in pairs):
        _show_similarity(pairs, canvas)
    for text in _saved(document):
        canvas.line(text)


def worst_picture(pair: ParityPair) -> PictureQuality | None:
    """The picture with the largest mean ΔE2000."""
    return max(pair.quality, key=lambda one: one.delta_e2000.mean, default=None)


def _show_differences(document: ParityDocument, pairs: list[ParityPair], canvas: Canvas) -> None:
    heads = ("backend", "asked", "picture", "ΔE2000 mean", "p95", "max", "ab RMSE", "colourfulness", "reference's", "reaches grey")  # fmt: skip
    rows: list[list[str | Cell]] = []
    for pair in pairs:
        worst = worst_picture(pair)
        rows.append(
            [
                pair.backend,
                pair.precision_requested,
                worst.input if worst else NOTHING,
                *differences(worst.delta_e2000 if worst else pair.delta_e2000),
                plain(worst.ab_rmse) if worst else NOTHING,
                plain(worst.colourfulness, 2) if worst else NOTHING,
                plain(worst.colourfulness_reference, 2) if worst else NOTHING,
                _grey(pair.reaches_grey),
            ]
        )
    if document.baseline is not None:
        rows.append(_baseline(document.baseline))
    canvas.table(heads, rows, right=(3, 4, 5, 6, 7, 8))
    if document.baseline is not None:
        nearest = scientific(document.baseline.output_max_abs)
        canvas.line(
            f"grey: where it comes nearest to the reference, by max |d| to {nearest}; a pair that reaches grey's error for "
            "any input fails"
        )


def _show_similarity(pairs: list[ParityPair], canvas: Canvas) -> None:
    heads = ("backend", "asked", "PSNR dB", "SSIM", "SSIM Gaussian", "OMZ PSNR dB", "OMZ SSIM")
    rows = []
    for pair in pairs:
        worst = worst_picture(pair)
        if worst is not None:
            rows.append(
                [
                    pair.backend,
                    pair.precision_requested,
                    decibels(worst.psnr_db),
                    plain(worst.ssim),
                    plain(worst.ssim_gaussian),
                    decibels(worst.omz_psnr_db),
                    plain(worst.omz_ssim),
                ]
            )
    canvas.table(heads, rows, right=range(2, len(heads)))
    canvas.line(
        "of the same picture; SSIM over windows of 7×7; OMZ: the Open Model Zoo's own definitions, PSNR of luma and "
        "SSIM of the whole picture at once"
    )


def _baseline(grey: GreyBaseline) -> list[str | Cell]:
    return [
        GREY, "", "", *differences(grey.delta_e2000), NOTHING, plain(0.0, 2),
        plain(grey.colourfulness_reference, 2), "",
    ]  # fmt: skip


def _grey(reaches: bool | None) -> str | Cell:
    if reaches is None:
        return NOTHING
    return Cell("YES", "bold red") if reaches else "no"


def _saved(document: ParityDocument) -> list[str]:
    names = {name for pair in document.pairs for one in pair.quality for name in one.pictures.values()}
    return [f"{counted(len(names), 'picture')} in the folder blobs/ beside the document"] if names else []
