"""Documents of `ctk parity` that nobody measured, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench_documents import MACHINE

from benchmarks.image_quality.delta_e2000 import DeltaE2000
from benchmarks.parity_check.rule import OutputParity
from benchmarks.parity_document import (
    GreyBaseline,
    LayerError,
    ParityControl,
    ParityDocument,
    ParityInput,
    ParityModel,
    ParityPair,
    ParityReference,
    PictureQuality,
    RegionError,
)

RULE = "|d| <= 1e-05 + 0.0001 * max|reference| of its channel, in float64"


def output_of(status: str = "pass", name: str = "class8_ab", **parts: Any) -> OutputParity:
    """Figures that can be told apart in a table; `parts` replace fields."""
    given: dict[str, Any] = {
        "rule": RULE, "max_abs": 1.5e-3, "max_rel": 1.8e-5, "rmse": 2.5e-4, "cosine": 1.0,
        "worst_index": (0, 1, 40, 41), "smallest_passing_rtol": 1.7e-5, "smallest_passing_atol": 6.5e-6,
    }  # fmt: skip
    return OutputParity(name=name, status=status, **(given | parts))


def quality_of(name: str, mean: float = 0.25, **parts: Any) -> PictureQuality:
    given: dict[str, Any] = {
        "delta_e2000": DeltaE2000(mean=mean, p95=1.125, max=2.5), "psnr_db": 52.14, "ssim": 0.9991,
        "ssim_gaussian": 0.9992, "omz_psnr_db": 61.26, "omz_ssim": 0.9993, "ab_rmse": 0.4321,
        "colourfulness": 33.83, "colourfulness_reference": 40.48,
    }  # fmt: skip
    return PictureQuality(input=name, **(given | parts))


def pair_of(backend: str = "onnxruntime", **parts: Any) -> ParityPair:
    """A pair that decides and passes; `parts` replace fields."""
    given: dict[str, Any] = {
        "runtime_version": "1.31.1-4711-build", "artifact": "/tmp/net.onnx", "precision_requested": "f32",
        "precision_executed": "f32", "decides": True, "outputs": [output_of()],
        "worst_input": {"class8_ab": "coffee"}, "deterministic": True, "verdict": "pass",
        "border": {"class8_ab": RegionError(elements=4, max_abs=7.5e-4, rmse=1e-4)},
        "interior": {"class8_ab": RegionError(elements=9, max_abs=1.5e-3, rmse=1e-4)},
    }  # fmt: skip
    return ParityPair(backend=backend, **(given | parts))


def failed_pair(backend: str, code: str = "CTK404", decides: bool = True) -> ParityPair:
    """A pair that could not be run."""
    return ParityPair(
        backend=backend, precision_requested="f32", decides=decides, verdict="failed",
        reason=f"{code} the process crashed (SIGSEGV); ouch", failure_code=code,
    )  # fmt: skip


def layer_of(layer: str, status: str = "pass", **parts: Any) -> LayerError:
    given: dict[str, Any] = {
        "type": "Convolution", "blob": layer, "max_abs": 2e-5, "max_rel": 1.5e-7, "growth": 1.5,
        "explained_by_rounding": None,
    }  # fmt: skip
    return LayerError(layer=layer, status=status, **(given | parts))


def control_of(fault: str, *, seen: bool = True, **parts: Any) -> ParityControl:
    given: dict[str, Any] = {
        "layer": "class8_ab", "backend": "onnxruntime", "outputs": [output_of("fail", max_abs=85.0)],
        "delta_e2000": DeltaE2000(mean=14.3826, p95=20, max=30), "layer_named": None,
    }  # fmt: skip
    return ParityControl(fault=fault, seen=seen, **(given | parts))


def document_of(pairs: Sequence[ParityPair], **parts: Any) -> ParityDocument:
    """A document of these pairs; `parts` replace fields."""
    whole: dict[str, Any] = {
        "created": "2026-01-01T00:00:00+00:00", "ctk": "0.1.0", "machine": MACHINE,
        "model": ParityModel(name="tiny", weights="synthetic"), "preset": "exact", "rule": RULE,
        "reference": ParityReference(kind="caffe-reference", name="caffe-reference", sha256="ab" * 32),
        "inputs": [ParityInput(name="coffee", sha256="0" * 64, width=600, height=400)],
        "pairs": list(pairs), "controls": [control_of("output-grey")], "verdict": "pass", "reasons": [],
        "baseline": GreyBaseline(
            delta_e2000=DeltaE2000(mean=12.2184, p95=14.9, max=19.7), output_max_abs=29.0,
            colourfulness_reference=20.63,
        ),
    }  # fmt: skip
    return ParityDocument(**(whole | parts))
