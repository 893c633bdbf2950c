"""What a device can do at most, by precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolkit.backends.precision import parts_of


@dataclass(frozen=True, slots=True)
class Rate:
    """The most FLOPs in a time.

    Attributes:
        gflops: 1e9 FLOPs (for integers: operations) a second.
        source: Who says so, or how it was found.
        is_certain: False for one that was found on a busy machine: it may well be higher.
    """

    gflops: float
    source: str
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """The most bytes in a time.

    Attributes:
        gb_s: 1e9 bytes a second, to and from memory.
        source: Who says so, or how it was found.
        kept_bytes: What may stay in caches from run to run, so that it need not be moved.
        is_certain: As `Rate.is_certain`.
    """

    gb_s: float
    source: str
    kept_bytes: int = 0
    is_certain: bool = True


@dataclass(frozen=True, slots=True)
class Peaks:
    """All that is known of a device.

    Attributes:
        device: Its name.
        rates: By words of DESIGN §1 for a precision.
        bandwidth: None where it is not known.
    """

    device: str
    rates: Mapping[str, Rate]
    bandwidth: Bandwidth | None = None

    def peak(self, precision: str) -> Rate | None:
        """The peak for an executed precision; None where one is not known.

        Of a mixed precision it is the fastest part's. A device that computes in f32 may do so in any run, so
        that no peak is below its f32; f64 has none of its own and cannot be faster than f32.

        Args:
            precision: A word of DESIGN §1, or ``mixed:…``.
        """
        parts = ["f32" if part == "f64" else part for part in parts_of(precision)]
        if any(part not in self.rates for part in parts):
            return None
        usable = [self.rates[part] for part in (*parts, "f32") if part in self.rates]
        return max(usable, key=lambda rate: rate.gflops)
