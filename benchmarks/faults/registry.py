"""All faults, the controls first."""

from __future__ import annotations

from benchmarks.faults import (
    ab_swapped,
    batch_norm_eps,
    batch_norm_folded,
    bias_dropped,
    bias_rolled,
    bins_permuted,
    centring_dropped,
    coefficients_exchanged,
    coefficients_transposed,
    deconvolution_flipped,
    dilation_dropped,
    f16_overflow,
    kernel_transposed,
    nan_pixel,
    output_grey,
    output_removed,
    output_scaled,
    output_shifted,
    padding_shifted,
    pooling_rounding,
    softmax_axis,
    softmax_scale,
)
from benchmarks.faults.fault import Fault
from toolkit.errors import UsageFault
from toolkit.nearest import did_you_mean

FAULTS: tuple[Fault, ...] = tuple(
    module.FAULT
    for module in (
        softmax_scale,
        coefficients_transposed,
        batch_norm_folded,
        padding_shifted,
        ab_swapped,
        centring_dropped,
        bins_permuted,
        kernel_transposed,
        bias_dropped,
        output_scaled,
        output_shifted,
        output_grey,
        nan_pixel,
        output_removed,
        batch_norm_eps,
        dilation_dropped,
        deconvolution_flipped,
        bias_rolled,
        f16_overflow,
        coefficients_exchanged,
        softmax_axis,
        pooling_rounding,
    )
)
CONTROLS: tuple[Fault, ...] = tuple(fault for fault in FAULTS if fault.control)


def fault_named(name: str) -> Fault:
    """The fault of that name.

    Raises:
        UsageFault: CTK603 when there is none; the nearest one is suggested.
    """
    known = {fault.name: fault for fault in FAULTS}
    if name not in known:
        raise UsageFault("CTK603", f"unknown fault {name!r}", notes=did_you_mean(name, known))
    return known[name]
