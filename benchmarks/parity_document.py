"""The document of `ctk parity`, `ctk.parity/1` (DESIGN §5)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from benchmarks.image_quality.delta_e2000 import DeltaE2000
from benchmarks.machine import Machine
from benchmarks.parity_check.rule import OutputParity
from toolkit.documents import Document

PairVerdict: TypeAlias = Literal["pass", "fail", "inconclusive", "failed"]
DocumentVerdict: TypeAlias = Literal["pass", "fail", "inconclusive", "incomplete"]
Part: TypeAlias = Literal["decode", "pre", "model", "head", "post"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ParityModel(_Part):
    """What was checked; `weights` is ``released``, ``synthetic`` or ``own``."""

    name: str
    weights: str


class ParityReference(_Part):
    """What the backends were held against.

    Attributes:
        kind: ``golden`` for stored outputs of the original Caffe.
        cached: Whether its outputs came from the cache, where they lie by content.
    """

    kind: Literal["caffe-reference", "golden", "backend"]
    name: str
    sha256: str | None
    cached: bool = False


class ParityInput(_Part):
    """One picture or stored input array; `usable` is false for one that was skipped, with the reason."""

    name: str
    sha256: str | None
    width: int | None = None
    height: int | None = None
    usable: bool = True
    reason: str | None = None


class RegionError(_Part):
    """Largest and root mean squared difference of a region of an output."""

    elements: int
    max_abs: float | None
    rmse: float | None


class LayerError(_Part):
    """One layer's own output against the reference, over all inputs.

    Attributes:
        layer: Caffe layer; in-place layers count apart.
        blob: Name of the value in the artifact.
        max_rel: Largest difference over the whole blob's largest reference value.
        growth: `max_rel` over that of what the layer read; null for the first.
        explained_by_rounding: Whether rounding of the executed precision explains it.
        status: By the rule over the whole blob; ``absent`` where the backend does not give this value.
    """

    layer: str
    type: str
    blob: str
    max_abs: float | None
    max_rel: float | None
    growth: float | None
    explained_by_rounding: bool | None
    status: Literal["pass", "fail", "absent"]


class WeightDifference(_Part):
    """A blob of the source that the artifact does not hold as it was; `kind` as in ctk.diff/1."""

    layer: str
    name: str
    kind: str
    detail: str | None
    max_abs: float | None


class BlameShare(_Part):
    """Share of the final error that swapping one part explains.

    Attributes:
        delta_e2000_mean_alone: With this part swapped alone.
        delta_e2000_mean_without: With all parts swapped but this one.
    """

    part: Part
    share: float
    delta_e2000_mean_alone: float
    delta_e2000_mean_without: float | None = None


class Blame(_Part):
    """Swapping one part at a time between the two sides.

    Attributes:
        interactions: Shares that no single part explains, where over 10 %; by the names of the parts.
        text: The conclusion in words.
    """

    total_delta_e2000_mean: float
    shares: list[BlameShare]
    interactions: dict[str, float]
    text: str


class PictureQuality(_Part):
    """One coloured picture against the reference's; definitions are in `benchmarks.image_quality`.

    Attributes:
        psnr_db: Over all pixels and channels; null where both are equal.
        omz_psnr_db: Open Model Zoo's luma PSNR.
        omz_ssim: Open Model Zoo's global SSIM.
        ab_rmse: Of the ab planes at full size.
        pictures: Names of the side-by-side picture and the error map in the folder blobs/.
    """

    input: str
    delta_e2000: DeltaE2000
    psnr_db: float | None
    ssim: float | None
    ssim_gaussian: float | None
    omz_psnr_db: float | None
    omz_ssim: float | None
    ab_rmse: float | None
    colourfulness: float
    colourfulness_reference: float
    pictures: dict[str, str] = Field(default_factory=dict)


class ParityPair(_Part):
    """One backend with one artifact and one precision against the reference, over all inputs.

    Attributes:
        precision_stored: Of most of the artifact's weights, whatever is computed in; null where nothing tells.
            Weights that were rounded when they were stored move the outputs by as much as rounding while computing
            does, so the looser of both precisions gives the rule.
        artifact: Its path; null for one that was made for this run and is gone.
        decides: False for a row that is only informative, such as the runtime's native precision.
        outputs: The worst of all inputs for each output.
        worst_input: Where that was, by output.
        deterministic: Whether a second run gave the same bits; null where it was not tried.
        reaches_grey: Whether its error to the reference reaches that of a grey picture, which always fails.
        reason: Why it failed or was skipped, in words.
    """

    backend: str
    runtime_version: str | None = None
    artifact: str | None = None
    artifact_sha256: str | None = None
    precision_requested: str
    precision_executed: str | None = None
    precision_stored: str | None = None
    decides: bool
    outputs: list[OutputParity] = Field(default_factory=list)
    worst_input: dict[str, str] = Field(default_factory=dict)
    border: dict[str, RegionError] = Field(default_factory=dict)
    interior: dict[str, RegionError] = Field(default_factory=dict)
    deterministic: bool | None = None
    first_divergent_layer: str | None = None
    first_amplifying_layer: str | None = None
    layers: list[LayerError] = Field(default_factory=list)
    weights: list[WeightDifference] = Field(default_factory=list)
    blame: Blame | None = None
    quality: list[PictureQuality] = Field(default_factory=list)
    delta_e2000: DeltaE2000 | None = None
    reaches_grey: bool | None = None
    verdict: PairVerdict
    reason: str | None = None
    failure_code: str | None = None


class GreyBaseline(_Part):
    """ab = 0 against the reference: what a check must never let pass.

    Attributes:
        output_rmse: Root mean squared difference of the output, which decides where there is no picture.
    """

    delta_e2000: DeltaE2000 | None
    output_max_abs: float
    output_rmse: float | None = None
    colourfulness_reference: float | None


class ParityControl(_Part):
    """A fault made on purpose in a real artifact, through the same code and rule; it must fail.

    Attributes:
        fault: Its short and stable name.
        description: The mistake in words, the same in every network.
        what: What was done where in this network.
        layer: Where it was made; null for one that is in no single layer.
        layer_named: Which layer the layer walk named; null where it was not walked.
        failure: Why it could not be run, though the network admits it; then nobody knows whether it is seen.
    """

    fault: str
    description: str = ""
    what: str = ""
    layer: str | None
    backend: str
    outputs: list[OutputParity]
    delta_e2000: DeltaE2000 | None
    layer_named: str | None
    seen: bool
    failure: str | None = None


class ParityDocument(Document):
    """A whole run of `ctk parity`.

    Attributes:
        rule: In words, with its figures; one for each executed precision in `pairs[].outputs[].rule`.
        controls_asked: Whether faults made on purpose were to be run: then too few of them prove nothing.
        saved: Folder that holds inputs and outputs, to be judged again; null where they were not saved.
        verdict: ``pass`` when every deciding pair passes and every control was seen.
    """

    schema_: Literal["ctk.parity/1"] = Field(default="ctk.parity/1", alias="schema")
    created: str
    ctk: str
    origin: Literal["measured"] = "measured"
    machine: Machine
    model: ParityModel
    preset: str | None
    reference: ParityReference
    inputs: list[ParityInput]
    rule: str
    pairs: list[ParityPair]
    baseline: GreyBaseline | None
    controls: list[ParityControl]
    controls_asked: bool = True
    saved: str | None = None
    notes: list[str] = Field(default_factory=list)
    verdict: DocumentVerdict
    reasons: list[str]
