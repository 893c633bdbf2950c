"""The host of a measurement: recorded before and after, then judged (benchmark_method.md §7)."""

from benchmarks.environment.collecting import collect
from benchmarks.environment.findings import FORBIDDING, refuse_unknown_names
from benchmarks.environment.host_meter import BlockConditions, HostMeter
from benchmarks.environment.judging import judge

__all__ = ["FORBIDDING", "BlockConditions", "HostMeter", "collect", "judge", "refuse_unknown_names"]
