"""Random layers that move numbers about, fan out and join; as `random_layers`, one function for each family."""

from __future__ import annotations

from math import prod

from growing_nets import MOST, Grower, Live, Shape, any_axis, is_picture, is_tame


def reshaped(grow: Grower) -> None:
    """Numbers moved, none changed."""
    blob = grow.pick(lambda blob: blob.shape != ())
    if blob is None:
        return
    rank, shape = len(blob.shape), blob.shape
    axis = grow.integer(0, rank - 1)
    end = grow.integer(axis, rank - 1)
    new_shapes = [f"reshape_param {{ shape {{ dim: -1 dim: 1 }} axis: {axis} num_axes: 1 }}"]
    if rank > 1:
        new_shapes.append("reshape_param { shape { dim: 0 dim: -1 } }")
        new_shapes.append("reshape_param { shape { dim: 1 } axis: -1 num_axes: 0 }")
    kinds = {
        "Flatten": (f"flatten_param {{ axis: {axis} end_axis: {end - rank} }}", True),
        "Reshape": (
            grow.one_of(new_shapes),
            True,
        ),
        "Permute": (
            "permute_param { " + " ".join(f"order: {i}" for i in grow.rng.permutation(rank)) + " }",
            False,
        ),
    }
    if prod(shape) * 2 <= MOST:
        kinds["Tile"] = (f"tile_param {{ axis: {any_axis(grow, blob)} tiles: 2 }}", False)
    if is_picture(blob):
        groups = [g for g in range(1, shape[1] + 1) if shape[1] % g == 0]
        kinds["ShuffleChannel"] = (f"shuffle_channel_param {{ group: {grow.one_of(groups)} }}", False)
        if prod(shape) * 4 <= MOST:
            kinds["Upsample"] = ("upsample_param { scale: 2 }", False)
    kind = grow.one_of(sorted(kinds))
    body, shares = kinds[kind]
    grow.add(kind, [blob], body, bound=blob.bound, exact=True, shares=shares)


def fanned_out(grow: Grower) -> None:
    """Split or Slice into two or three tops."""
    blob = grow.pick(lambda blob: blob.shape != ())
    if blob is None:
        return
    axis = any_axis(grow, blob)
    size = blob.shape[axis]
    if grow.flip() or size < 2:
        grow.add("Split", [blob], bound=blob.bound, exact=True, tops=grow.integer(1, 3), shares=True)
    elif size % 2 == 0 and grow.flip():
        grow.add("Slice", [blob], f"slice_param {{ axis: {axis} }}", bound=blob.bound, exact=True, tops=2)
    else:
        point = grow.integer(1, size - 1)
        body = f"slice_param {{ axis: {axis} slice_point: {point} }}"
        grow.add("Slice", [blob], body, bound=blob.bound, exact=True, tops=2)


def joined(grow: Grower) -> None:
    """Eltwise and Concat of blobs that fit, one of them perhaps twice."""
    first = grow.pick(lambda blob: blob.shape != () and is_tame(blob))
    if first is None:
        return
    if grow.flip():
        others = [
            grow.pick(lambda b: b.shape == first.shape and is_tame(b)) for _ in range(grow.integer(1, 2))
        ]
        bottoms = [first, *(blob for blob in others if blob is not None)]
        bounds = [blob.bound for blob in bottoms]
        operation = grow.one_of(["SUM", "MAX", "PROD"])
        body = f"operation: {operation}"
        if operation == "SUM" and grow.flip():
            body += "".join(f" coeff: {(-0.5) ** i}" for i in range(len(bottoms)))
        bound = {"SUM": sum(bounds), "MAX": max(bounds), "PROD": prod(bounds)}[operation]
        grow.add("Eltwise", bottoms, f"eltwise_param {{ {body} }}", bound=bound, exact=operation == "MAX")
        return
    axis = any_axis(grow, first)
    at = axis % len(first.shape)

    def rest(blob: Live) -> tuple[int, Shape]:
        return len(blob.shape), blob.shape[:at] + blob.shape[at + 1 :]

    second = grow.pick(lambda b: b.shape != () and rest(b) == rest(first))
    bottoms = [first, second] if second else [first]
    if sum(prod(blob.shape) for blob in bottoms) <= MOST:
        grow.add(
            "Concat",
            bottoms,
            f"concat_param {{ axis: {axis} }}",
            bound=max(blob.bound for blob in bottoms),
            exact=True,
            shares=len(bottoms) == 1,
        )


def paired(grow: Grower) -> None:
    """Two bottoms of unequal roles."""
    first = grow.pick(lambda blob: is_picture(blob) and is_tame(blob))
    if first is None:
        return
    shape = first.shape
    smaller = grow.pick(
        lambda b: is_picture(b) and all(x <= y for x, y in zip(b.shape[2:], shape[2:], strict=True))
    )
    vector = grow.pick(lambda b: b.shape == shape[:2] and is_tame(b))
    twin = grow.pick(lambda b: b.shape == shape and is_tame(b) and b is not first)
    choices = [kind for kind, found in (("Crop", smaller), ("Scale", vector), ("Axpy", twin)) if found]
    kind = grow.one_of(choices) if choices else None
    if kind == "Crop":
        rooms = [y - x for x, y in zip(smaller.shape[2:], shape[2:], strict=True)]
        offsets = " ".join(f"offset: {grow.integer(0, room)}" for room in rooms)
        grow.add(
            "Crop", [first, smaller], f"crop_param {{ axis: 2 {offsets} }}", bound=first.bound, exact=True
        )
        # Only the size of the second bottom counts, so that its numbers do not reach the top.
    elif kind == "Scale":
        body = "scale_param { axis: 0 }"
        grow.add("Scale", [first, vector], body, bound=first.bound * vector.bound)
    elif kind == "Axpy":
        factors = grow.pick(lambda b: b.shape in {shape[:2], (*shape[:2], 1, 1)} and is_tame(b))
        if factors is not None and factors not in (first, twin):
            bound = factors.bound * first.bound + twin.bound
            grow.add("Axpy", [factors, first, twin], bound=bound)


def looked_up(grow: Grower) -> None:
    """Embed and BatchReindex, which read an input of indices."""
    blob = grow.pick(lambda blob: blob.shape != ())
    if blob is None:
        return
    name = f"index{len(grow.net.types)}"
    if grow.flip():
        indices = grow.rng.integers(0, 5, (grow.integer(1, 3), grow.integer(1, 3)))
        grow.give(name, indices, live=False)
        grow.add("Embed", [], "embed_param { num_output: 3 input_dim: 5 }", bound=3.0, index=name)
        return
    if len(blob.shape) < 2:
        return
    indices = grow.rng.integers(0, blob.shape[0], grow.integer(1, 4))
    grow.give(name, indices, live=False)
    grow.add("BatchReindex", [blob], bound=blob.bound, exact=True, index=name)
