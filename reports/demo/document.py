"""What a demo run found, as `ctk.demo/1`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from benchmarks.harness.stage_timing import StageReport
from benchmarks.image_quality.delta_e2000 import DeltaE2000
from benchmarks.machine import Machine
from benchmarks.parity_check.compare import Verdict
from benchmarks.parity_check.rule import OutputParity
from toolkit.documents import Document


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DemoModel(_Part):
    """What was run."""

    name: str
    weights: str


class DemoArtifact(_Part):
    """The artifact that was made and measured."""

    path: str
    sha256: str
    size_bytes: int
    convert_s: float
    layers: int
    parameters: int


class PictureParity(_Part):
    """Agreement on one picture: of the network's outputs, and of the coloured pictures."""

    picture: str
    width: int
    height: int
    outputs: list[OutputParity]
    delta_e2000: DeltaE2000
    coloured: str | None


class Control(_Part):
    """A fault made on purpose; the check must see it."""

    fault: str
    outputs: list[OutputParity]
    delta_e2000: DeltaE2000
    seen: bool


class DemoParity(_Part):
    """Parity with the oracle."""

    reference: str
    backend: str
    precision_executed: str | None
    pictures: list[PictureParity]
    controls: list[Control]
    verdict: Verdict


class DemoBackend(_Part):
    """One backend's output for one picture against the reference.

    Attributes:
        decides: False for a row that is only informative: the precision that the runtime would choose.
    """

    backend: str
    runtime_version: str
    artifact: str
    precision_requested: str
    precision_executed: str | None
    decides: bool
    outputs: list[OutputParity]


class DemoTiming(_Part):
    """Times of the five stages."""

    origin: Literal["measured"] = "measured"
    backend: str
    runtime_version: str
    providers: list[str]
    precision_executed: str | None
    threads: int
    preset: str
    pictures: list[str]
    load_ms: float
    first_infer_ms: float
    report: StageReport


class DemoDocument(Document):
    """The whole run."""

    schema_: Literal["ctk.demo/1"] = Field(default="ctk.demo/1", alias="schema")
    machine: Machine
    model: DemoModel
    artifact: DemoArtifact
    openvino: DemoArtifact
    parity: DemoParity
    backends: list[DemoBackend]
    timing: DemoTiming
    verdict: Verdict
