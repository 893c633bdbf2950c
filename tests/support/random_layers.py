"""Random layers that compute: one function for each family of types.

Each picks a blob that fits, draws valid parameters, and does nothing where no blob fits.
"""

from __future__ import annotations

from math import prod

from growing_nets import MOST, Grower, any_axis, is_picture, is_tame


def pointwise(grow: Grower) -> None:
    """A function of single numbers."""
    blob = grow.pick()
    if blob is None:
        return
    b = blob.bound
    kinds = {
        "AbsVal": ("", b, True),
        "ReLU": (grow.one_of(["", "relu_param { negative_slope: 0.25 }"]), b, True),
        "Dropout": ("", b, True),
        "Clip": ("clip_param { min: -0.75 max: 1.5 }", 1.5, True),
        "ReLU6": ("", 6.0, True),
        "Sigmoid": ("", 1.0, False),
        "TanH": ("", 1.0, False),
        "BNLL": ("", b + 1, False),
        "ELU": ("elu_param { alpha: 0.7 }", b, False),
        "PReLU": (grow.one_of(["", "prelu_param { channel_shared: true }"]), b * 1.2, False),
        "Swish": ("swish_param { beta: 0.8 }", b, False),
        "Power": ("power_param { scale: -0.5 shift: 0.25 }", b, False),
    }
    if not 2 <= len(blob.shape) <= 4:
        del kinds["PReLU"]
    if blob.exact:
        kinds["Threshold"] = ("threshold_param { threshold: 0.125 }", 1.0, True)
    kind = grow.one_of(sorted(kinds))
    body, bound, exact = kinds[kind]
    grow.add(kind, [blob], body, bound=bound, exact=exact)


def curved(grow: Grower) -> None:
    """A function of single numbers that grows fast, or is defined for some numbers only."""
    blob = grow.pick(lambda blob: blob.bound <= 9)
    if blob is None:
        return
    kind, body, bound = grow.one_of(
        [
            ("Exp", "exp_param { base: 2 scale: 0.3 shift: -0.5 }", 5.0),
            ("Log", "log_param { base: 10 scale: 0.1 shift: 1.5 }", 1.0),
            ("Power", "power_param { power: 0.5 scale: 0.1 shift: 1.25 }", 2.0),
            ("Power", "power_param { power: 2 scale: 0.4 shift: 0.3 }", 16.0),
        ]
    )
    grow.add(kind, [blob], body, bound=bound)


def per_channel(grow: Grower) -> None:
    """Something for each channel, or over them."""
    blob = grow.pick(lambda blob: len(blob.shape) >= 2 and is_tame(blob))
    if blob is None:
        return
    b, last = blob.bound, len(blob.shape) - 1
    axis = grow.integer(0, last)
    bodies = {
        "BatchNorm": ("batch_norm_param { eps: 0.01 }", b * 3),
        "Scale": (f"scale_param {{ axis: {axis} bias_term: true }}", b * 1.5 + 2),
        "Bias": (f"bias_param {{ axis: {axis} num_axes: -1 }}", b + 3),
        "Softmax": (f"softmax_param {{ axis: {any_axis(grow, blob)} }}", 1.0),
    }
    if is_picture(blob):
        local = grow.one_of(["alpha: 0.5 beta: 0.75 k: 2", "norm_region: WITHIN_CHANNEL alpha: 0.3"])
        bodies["LRN"] = (f"lrn_param {{ local_size: 3 {local} }}", b)
        bodies["MVN"] = grow.one_of(
            [
                ("mvn_param { across_channels: true eps: 0.1 }", 4.0),
                ("mvn_param { normalize_variance: false }", b),
            ]
        )
        bodies["Normalize"] = ("norm_param { across_spatial: false eps: 0.01 }", 2.0)
    kind = grow.one_of(sorted(bodies))
    body, bound = bodies[kind]
    grow.add(kind, [blob], body, bound=bound)


def convolved(grow: Grower) -> None:
    """Convolution and its kin, whose windows fit by construction."""
    blob = grow.pick(lambda blob: is_picture(blob) and is_tame(blob))
    if blob is None:
        return
    channels, size = blob.shape[1], min(blob.shape[2:])
    kind = grow.one_of(["Convolution", "ConvolutionDepthwise", "Deconvolution", "Im2col"])
    kernel = grow.integer(1, min(3, size))
    body = f"kernel_size: {kernel} stride: {grow.integer(1, 2)} pad: {grow.integer(0, kernel - 1)}"
    if kind == "Deconvolution":
        body = f"kernel_size: {kernel} stride: {grow.integer(1, 2)}"
    if kind in {"Convolution", "Deconvolution"}:
        group = grow.one_of([g for g in (1, 2, 3) if channels % g == 0])
        body += f" group: {group} num_output: {group * grow.integer(1, 2)}"
        body += f" bias_term: {str(grow.flip()).lower()}"
    if kind == "Im2col" and prod(blob.shape) * kernel * kernel > MOST:
        return
    exact = kind == "Im2col"
    grow.add(
        kind,
        [blob],
        f"convolution_param {{ {body} }}",
        bound=blob.bound if exact else 2 * blob.bound + 2,
        exact=exact,
    )


def pooled(grow: Grower) -> None:
    blob = grow.pick(is_picture)
    if blob is None:
        return
    # The mask tells which of nearly equal numbers is the largest: a jump.
    tops = 2 if blob.exact and grow.flip() else 1
    pool = "MAX" if tops == 2 else grow.one_of(["MAX", "AVE"])
    if grow.integer(0, 4) == 0:
        body = "global_pooling: true"
    else:
        kernel = grow.integer(1, min(3, *blob.shape[2:]))
        stride, pad = grow.integer(1, kernel), grow.integer(0, kernel - 1)
        body = f"kernel_size: {kernel} stride: {stride} pad: {pad}"
        body += grow.one_of(["", " round_mode: FLOOR"])
    bound = max(blob.bound, prod(blob.shape[2:]) if tops == 2 else 0)
    grow.add(
        "Pooling",
        [blob],
        f"pooling_param {{ pool: {pool} {body} }}",
        bound=bound,
        exact=pool == "MAX",
        tops=tops,
    )


def inner_product(grow: Grower) -> None:
    blob = grow.pick(lambda blob: blob.shape != () and is_tame(blob))
    if blob is None:
        return
    body = f"num_output: {grow.integer(1, 5)} axis: {any_axis(grow, blob)}"
    body += f" transpose: {str(grow.flip()).lower()}"
    body += f" bias_term: {str(grow.flip()).lower()}"
    grow.add("InnerProduct", [blob], f"inner_product_param {{ {body} }}", bound=3 * blob.bound + 2)


def resized(grow: Grower) -> None:
    """Interp and SPP: other sizes, other numbers."""
    blob = grow.pick(lambda blob: is_picture(blob) and is_tame(blob))
    if blob is None:
        return
    if grow.flip() and min(blob.shape[2:]) >= 2:
        grow.add("SPP", [blob], "spp_param { pyramid_height: 2 }", bound=blob.bound, exact=True)
    else:
        body = f"interp_param {{ height: {grow.integer(1, 9)} width: {grow.integer(1, 9)} }}"
        grow.add("Interp", [blob], body, bound=blob.bound)


def summed_up(grow: Grower) -> None:
    """Reduction and ArgMax."""
    blob = grow.pick(lambda blob: blob.shape != () and is_tame(blob))
    if blob is None:
        return
    if blob.exact and len(blob.shape) > 1 and grow.flip():
        largest = float(prod(blob.shape))
        body = grow.one_of(["", f"axis: {any_axis(grow, blob)}", "out_max_val: true"])
        grow.add("ArgMax", [blob], f"argmax_param {{ {body} }}", bound=max(largest, blob.bound), exact=True)
        return
    operation = grow.one_of(["SUM", "ASUM", "SUMSQ", "MEAN"])
    axis = any_axis(grow, blob)
    count = prod(blob.shape[axis % len(blob.shape) :])
    body = f"reduction_param {{ operation: {operation} axis: {axis} coeff: {1 / count:.6f} }}"
    grow.add("Reduction", [blob], body, bound=blob.bound**2 if operation == "SUMSQ" else blob.bound)
