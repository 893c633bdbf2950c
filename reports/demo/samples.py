"""The pictures of the demo: photographs that scikit-image ships, so that nothing is downloaded."""

from benchmarks.harness.pictures import NAMES, Sample, samples

__all__ = ["NAMES", "Sample", "samples"]
