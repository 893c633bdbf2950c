"""The plausibility of runs: finds what a run cost at least and what its device can do, and judges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.bench_document import BenchRun, Plausibility
from benchmarks.roofline.cost import GraphCost
from benchmarks.roofline.cpu_peaks import CpuPeaks, cpu_peaks
from benchmarks.roofline.device_peaks import device_peaks
from benchmarks.roofline.graph_cost import graph_cost
from benchmarks.roofline.peaks import Peaks
from benchmarks.roofline.plausibility import judge, unknown
from benchmarks.roofline.probing import OnStep
from benchmarks.roofline.winograd_use import is_cpu, may_use_winograd
from toolkit.errors import CtkError


@dataclass(slots=True)
class Guard:
    """Judges the runs of one document; costs and peaks are found once.

    Attributes:
        on_step: For progress, while the processor is probed.
    """

    on_step: OnStep | None = None
    _costs: dict[tuple[str, int], GraphCost | str] = field(default_factory=dict)
    _cpu: dict[int | None, CpuPeaks] = field(default_factory=dict)

    def prepare(self, threads: Iterable[int | None]) -> None:
        """Probes the processor where that was never done, so that no run waits for it later.

        Args:
            threads: Every number of threads that will be measured; None for the physical cores.

        Raises:
            UsageFault: CTK601 for a number below 1.
            EnvironmentFailed: CTK407 for more threads than logical processors.
        """
        for count in threads:
            if count not in self._cpu:
                self._cpu[count] = cpu_peaks(count, on_step=self.on_step)

    def __call__(self, run: BenchRun) -> Plausibility:
        """The plausibility of the median of ``infer``.

        On a processor a figure below the floor is judged a second time after new probes: the first ones may
        have run while the machine was busy.

        Args:
            run: With its stages, artifact, device and executed precision; what is missing makes the verdict
                ``unknown``.
        """
        stage = run.stages.get("infer")
        if stage is None or run.artifact is None:
            return unknown("nothing was measured")
        cost = self._cost(Path(run.artifact.path), run.batch)
        if isinstance(cost, str):
            return unknown(f"its FLOPs cannot be counted: {cost}")
        if run.precision_executed is None:
            return unknown("the runtime does not tell which precision it executed", cost)
        found = self._judged(run, cost, stage.p50_ms, run.precision_executed)
        if found.likely_causes and self._probed_again(run):
            return self._judged(run, cost, stage.p50_ms, run.precision_executed)
        return found

    def _judged(self, run: BenchRun, cost: GraphCost, median_ms: float, precision: str) -> Plausibility:
        device = run.device or "CPU"
        peaks = self._peaks(run, device)
        if peaks is None:
            return unknown(f"no peak known of the device {device}", cost)
        winograd = may_use_winograd(run.backend, device)
        return judge(cost, peaks.peak(precision), peaks.bandwidth, median_ms, precision, winograd=winograd)

    def _peaks(self, run: BenchRun, device: str) -> Peaks | None:
        if not is_cpu(device):
            return device_peaks(device)
        self.prepare([run.threads])
        return self._cpu[run.threads].peaks

    def _probed_again(self, run: BenchRun) -> bool:
        """Probes anew where that was not done yet; whether it did."""
        known = self._cpu.get(run.threads)
        if known is None or known.is_fresh or not is_cpu(run.device or "CPU"):
            return False
        self._cpu[run.threads] = cpu_peaks(run.threads, again=True, on_step=self.on_step)
        return True

    def _cost(self, artifact: Path, batch: int) -> GraphCost | str:
        """The cost, or why it is not known."""
        place = (str(artifact), batch)
        if place not in self._costs:
            try:
                self._costs[place] = graph_cost(artifact, batch)
            except CtkError as error:
                self._costs[place] = error.headline
        return self._costs[place]
