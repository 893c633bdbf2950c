"""The document of `ctk bench`, `ctk.bench/1` (DESIGN §5).

Units are in the names; a figure is a number or null. Figures of a run were measured here unless its ``origin``
says otherwise.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from benchmarks.machine import Machine
from toolkit.documents import Document

Interval: TypeAlias = tuple[float, float]
Origin: TypeAlias = Literal["measured", "predicted", "imported"]
Mode: TypeAlias = Literal["latency", "throughput", "stream", "cold"]
ComparisonVerdict: TypeAlias = Literal["faster", "slower", "same", "inconclusive"]
DocumentVerdict: TypeAlias = Literal["pass", "fail", "regression", "inconclusive", "incomplete"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BenchModel(_Part):
    """What was measured; `weights` is ``released``, ``synthetic`` or ``own``."""

    name: str
    weights: str


class BenchPicture(_Part):
    """A sample picture; `usable` is false for one that was skipped, with the reason."""

    name: str
    sha256: str | None
    width: int | None
    height: int | None
    usable: bool = True
    reason: str | None = None


class BenchSettings(_Part):
    """What was asked for, and what became of it where time was short.

    Attributes:
        iterations: Per block, as used; `iterations_asked` is what was asked for.
        margin: Smallest fraction that counts as a change.
        seed: Of the order in which the arms ran.
        until_ci: Half-width of an interval at which measuring ends; null for a fixed number of launches.
        until_reached: Whether every interval came to be that narrow; null for a fixed number of launches.
        allowed_env: Environment problems that the user allowed, by name.
    """

    mode: Mode
    preset: str
    launches: int
    rounds: int
    iterations: int
    iterations_asked: int
    threads: int
    margin: float
    seed: int
    quick: bool
    until_ci: float | None = None
    until_reached: bool | None = None
    allowed_env: list[str] = Field(default_factory=list)
    pictures: list[BenchPicture]


class BenchArtifact(_Part):
    """The artifact that ran.

    Attributes:
        path: Absolute, of its main file.
        sha256: Of that file.
        bin_sha256: Of the numbers beside an OpenVINO IR's xml; null for every other artifact.
    """

    path: str
    sha256: str
    bin_sha256: str | None = None


class StageSummary(_Part):
    """Figures of one stage over all kept samples of all launches.

    Attributes:
        n: Number of samples after the warm-up.
        mean_ms: Mean; those of the stages add up to that of the total.
        p50_ms: Median.
        ci95_ms: Interval of the median, over launches; null for a single launch.
        p90_ms: Upper bound at 99 % confidence as LoadGen's, null where n is too small; so p95 and p99.
        p90_needs_n: How many samples it would take, where it is null.
        min_ms: The floor, never the result.
        below_resolution: Whether the stage is shorter than 100 clock reads.
    """

    n: int
    mean_ms: float
    p50_ms: float
    ci95_ms: Interval | None = None
    p90_ms: float | None = None
    p90_needs_n: int | None = None
    p95_ms: float | None = None
    p95_needs_n: int | None = None
    p99_ms: float | None = None
    p99_needs_n: int | None = None
    min_ms: float | None = None
    below_resolution: bool = False


class Plausibility(_Part):
    """Whether the median of `infer` is above what the device allows.

    Attributes:
        floor_ms: Larger of the two bounds; null where no peak is known.
        arithmetic: The calculation in words and figures.
        peak_gflops: Peak that was taken, with its source; null where none is known.
    """

    floor_ms: float | None
    verdict: Literal["plausible", "implausible", "unknown"]
    gflop: float | None = None
    moved_bytes: int | None = None
    peak_gflops: float | None = None
    bandwidth_gb_s: float | None = None
    peak_source: str | None = None
    arithmetic: str | None = None
    likely_causes: list[str] = Field(default_factory=list)


class LaunchRecord(_Part):
    """One child process of one arm.

    Attributes:
        samples: Name of its samples in the folder blobs/; null when they were not saved.
        warmup_n: Samples that MSER-5 cut; they are stored, and in no figure.
        warm: Whether it was warm in the end.
        rounds_ms: Median of `infer` of each round, in the order of the rounds; null for one that is all warm-up, so
            that the rounds of two arms stay paired.
        lag1: Autocorrelation of neighbouring `total` samples; a warning is due above 0.2.
        steal_fraction: Share of processor time that the host took away during its blocks; null where unknown.
    """

    launch: int
    load_ms: float | None
    first_infer_ms: float | None
    peak_rss_bytes: int | None
    warmup_n: int
    n: int
    warm: bool
    rounds_ms: list[float | None]
    lag1: float | None = None
    involuntary_switches: int | None = None
    steal_fraction: float | None = None
    samples: str | None = None


class LayerTime(_Part):
    """Time of one layer by the runtime's own counters, joined to the Caffe layers that it executes."""

    name: str
    caffe_layers: list[str]
    kind: str
    precision: str | None
    mean_ms: float
    share: float


class BenchRun(_Part):
    """One arm: a backend with an artifact and settings.

    Attributes:
        arm: Its name, unique in the document; comparisons refer to it.
        status: ``failed`` with `failure`, its last words, and `failure_code`; ``skipped`` with the reason in `failure`.
        items_per_s: In the modes throughput and stream.
        mode_figures: Further figures of the mode, such as Little's law or dropped arrivals.
    """

    arm: str
    origin: Origin = "measured"
    backend: str
    runtime_version: str | None = None
    device: str | None = None
    artifact: BenchArtifact | None = None
    precision_requested: str
    precision_executed: str | None = None
    threads: int | None = None
    batch: int = 1
    effective_settings: dict[str, str] = Field(default_factory=dict)
    stages: dict[str, StageSummary] = Field(default_factory=dict)
    share: dict[str, float] = Field(default_factory=dict)
    plausibility: Plausibility | None = None
    load_ms: float | None = None
    first_infer_ms: float | None = None
    peak_rss_bytes: int | None = None
    items_per_s: float | None = None
    mode_figures: dict[str, float | int | str | None] = Field(default_factory=dict)
    layers: list[LayerTime] = Field(default_factory=list)
    launches: list[LaunchRecord] = Field(default_factory=list)
    status: Literal["ok", "failed", "skipped"]
    failure: str | None = None
    failure_code: str | None = None


class Comparison(_Part):
    """Arm `b` over arm `a` on one stage, paired by rounds, over launches.

    Attributes:
        ratio: Time of b over time of a.
        ci95: Student-t over launches of the log-ratios; null for a single launch.
        cross_check: Exact order-statistic interval of the median of the rounds.
        change: The ratio in the second half of each launch over that in its first; null where that cannot be asked.
        change_ci95: Student-t over launches.
        executed_precisions: Named where they differ: the ratio then is one between different arithmetic.
        launches_needed: How many launches would decide, where it is inconclusive.
    """

    a: str
    b: str
    stage: str
    ratio: float
    ci95: Interval | None
    cross_check: Interval | None = None
    n_launches: int
    n_rounds: int
    change: float | None = None
    change_ci95: Interval | None = None
    verdict: ComparisonVerdict
    executed_precisions: str | None = None
    launches_needed: int | None = None


class Control(_Part):
    """An arm against itself, in processes of its own, through the same statistics.

    Attributes:
        resolution: Smallest difference that this host resolved: half-width of the interval.
        verdict: ``same`` when the interval lies within the margin, else ``inconclusive``.
    """

    arm: str
    stage: str
    ratio: float
    ci95: Interval | None
    resolution: float | None
    verdict: Literal["same", "inconclusive"]


class EnvironmentFinding(_Part):
    """Something about the host that forbids a verdict, or was allowed by name."""

    name: str
    severity: Literal["too_noisy", "problem", "note"]
    message: str
    allowed: bool = False


class Environment(_Part):
    """The host before and after; keys as `benchmarks.environment` collects them, unknown is null with a reason."""

    before: dict[str, Any]
    after: dict[str, Any]
    findings: list[EnvironmentFinding]


class Claim(_Part):
    """A published figure, never compared across machines."""

    name: str
    source: str
    device: str
    what: str
    total_ms: float | None
    infer_ms: float | None
    floor_ms: float | None
    state: Literal["reproduced", "not reproduced", "implausible", "not measured here"]
    arithmetic: str | None = None


class ReferenceSplit(_Part):
    """The published split beside ours.

    Attributes:
        pre_and_post_ms: decode + pre + post + encode of the arm `arm`, means.
        larger_part: Which part is larger here.
        total_if_infer_were_free_ms: Amdahl's line.
    """

    published: Claim
    arm: str | None
    measured_total_ms: float | None
    measured_infer_ms: float | None
    pre_and_post_ms: float | None
    larger_part: Literal["pre and post", "infer"] | None
    total_if_infer_were_free_ms: float | None


class Gate(_Part):
    """What `--against`, `--against-settings` or `--baseline` decided.

    Attributes:
        stage: What is compared. The other stages are the preset's, which both sides share.
        state: ``no baseline yet`` is the named state of the first run.
    """

    stage: Literal["infer"] = "infer"
    kind: Literal["against", "against-settings", "baseline"]
    state: Literal["compared", "no baseline yet", "other machine"]
    old: str | None
    new: str | None
    margin: float
    ratio: float | None = None
    ci95: Interval | None = None
    verdict: Literal["pass", "regression", "inconclusive", "description"]
    reason: str
    launches_needed: int | None = None


class BenchDocument(Document):
    """A whole run of `ctk bench`.

    Attributes:
        control_failure: Code and last words of a control that did not end well.
        order: The arms in the order in which their blocks ran: launch, round, arms.
        verdict: DESIGN §5; ``pass`` means measured, plausible, and no demanded gate failed.
    """

    schema_: Literal["ctk.bench/1"] = Field(default="ctk.bench/1", alias="schema")
    created: str
    ctk: str
    origin: Origin = "measured"
    machine: Machine
    model: BenchModel
    settings: BenchSettings
    environment: Environment
    runs: list[BenchRun]
    comparisons: list[Comparison]
    control: Control | None
    control_failure: str | None = None
    gate: Gate | None = None
    reference_split: ReferenceSplit
    claims: list[Claim]
    order: list[list[str]]
    notes: list[str] = Field(default_factory=list)
    verdict: DocumentVerdict
    reasons: list[str]
