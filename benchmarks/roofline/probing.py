"""Runs the probes, each in a child process of its own, so that no runtime disturbs another or is loaded here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from toolkit.backends.listing import listed_backend
from toolkit.errors import UsageFault, printable

RUNTIMES = ("onnxruntime", "openvino", "opencv", "torch")
# Which of them can be asked for what else than f32.
_REDUCED = {"bf16": ("openvino", "torch"), "f16": ("openvino",)}
_QUANTISED = ("onnxruntime", "openvino")
_CONVERTING = frozenset({"f16c"})  # a feature that computes nothing
_CHILD = "benchmarks.roofline.probe_child"
_PATIENCE_S = 60.0
_LONGEST_REASON = 300

OnStep = Callable[[int, int, str], None]
"""Told before each probe how many are done, how many there are, and what comes next."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One child process.

    Attributes:
        backend: Its word of DESIGN §1; empty for the bandwidth of memory.
        precision: What it is asked for.
        quantised: Whether the networks are quantised, which is how one asks for i8.
    """

    backend: str
    precision: str = "f32"
    quantised: bool = False

    def __str__(self) -> str:
        asked = "i8" if self.quantised else self.precision
        return f"{self.backend} {asked}" if self.backend else "memory bandwidth"

    def words(self, threads: int) -> list[str]:
        """Arguments of the child."""
        if not self.backend:
            return ["stream", "--threads", str(threads)]
        words = ["kernels", self.backend, "--precision", self.precision, "--threads", str(threads)]
        return [*words, "--quantised"] if self.quantised else words


class ProbedRate(BaseModel):
    """What one kernel reached.

    Attributes:
        gflops: The largest rate of all runs, in 1e9 FLOPs a second.
        disturbed: Whether other work got in the way even of that run.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    backend: str
    kernel: str
    precision: str
    gflops: float
    disturbed: bool


class ProbedStream(BaseModel):
    """What memory reached with one kernel; as `ProbedRate`, in 1e9 bytes a second."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kernel: str
    gb_s: float
    disturbed: bool


class Probed(BaseModel):
    """What all probes found.

    Attributes:
        rates: Of arithmetic.
        streams: Of memory; none where that could not be probed.
        refused: Probes that a runtime refused: it does not offer what was asked.
        failed: Probes whose process failed.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    rates: list[ProbedRate]
    streams: list[ProbedStream]
    refused: list[str]
    failed: list[str]


def planned_probes(features: dict[str, tuple[str, ...]] | None) -> list[Probe]:
    """What to probe on this machine.

    Args:
        features: Of the processor, by the precision that they speed up (`CpuFacts.by_precision`): without
            any for f16 or bf16 no runtime executes that natively. None tries all.
    """
    installed = [name for name in RUNTIMES if _is_installed(name)]
    probes = [Probe(name) for name in installed]
    for precision, runtimes in _REDUCED.items():
        if features is None or set(features.get(precision, ())) - _CONVERTING:
            probes += [Probe(name, precision) for name in runtimes if name in installed]
    probes += [Probe(name, quantised=True) for name in _QUANTISED if name in installed]
    return [*probes, Probe("")]


def run_probes(probes: Sequence[Probe], threads: int, on_step: OnStep | None = None) -> Probed:
    """Runs the probes one after another.

    Args:
        probes: From `planned_probes`.
        threads: That compute.
        on_step: For progress.
    """
    rates: list[ProbedRate] = []
    refused, failed = [], []
    streams: list[ProbedStream] = []
    for done, probe in enumerate(probes):
        if on_step is not None:
            on_step(done, len(probes), str(probe))
        try:
            found = run_child(probe.words(threads))
            if "refused" in found:
                refused.append(f"{probe}: {found['refused']}")
            elif probe.backend:
                rates += [ProbedRate(backend=probe.backend, **rate) for rate in found["rates"]]
            else:
                streams = [ProbedStream.model_validate(one) for one in found["streams"]]
        except (RuntimeError, ValidationError, KeyError, TypeError, ValueError) as error:
            failed.append(f"{probe}: {printable(str(error))[:_LONGEST_REASON]}")
    return Probed(rates=rates, streams=streams, refused=refused, failed=failed)


def run_child(words: Sequence[str]) -> dict[str, Any]:
    """What a child process says.

    Args:
        words: Its arguments.

    Raises:
        RuntimeError: It ended in another way than it should, or took far too long.
    """
    # -P: nothing in the folder that ctk is called from can take the place of a module.
    command = [sys.executable, "-P", "-m", _CHILD, *words]
    try:
        done = subprocess.run(  # noqa: S603 - our own module
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=_PATIENCE_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"it did not end within {_PATIENCE_S:g} s") from error
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["without a word"]
        raise RuntimeError(f"it ended with {done.returncode}: {last[0]}")
    for line in reversed(done.stdout.splitlines()):  # a runtime may print lines of its own before ours
        with suppress(json.JSONDecodeError):
            found = json.loads(line)
            if isinstance(found, dict):
                return found
    raise RuntimeError("it said nothing")


def _is_installed(name: str) -> bool:
    try:
        return listed_backend(name).installed
    except UsageFault:  # not even registered
        return False
