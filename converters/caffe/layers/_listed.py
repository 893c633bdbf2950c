"""The bound on constants that grow with a size of the network and not with its files."""

from __future__ import annotations

from converters.caffe.network import Layer
from toolkit.errors import UsageFault

# Ten times what the largest known networks take; a file of 200 bytes can declare 2^31 - 1.
MOST_LISTED = 1 << 18


def refuse_long_list(layer: Layer, count: int, of: str) -> None:
    """Refuses a layer whose ONNX form would write out a number for each of too many things.

    Args:
        layer: The layer.
        count: How many numbers.
        of: What each of them stands for, in the plural.

    Raises:
        UsageFault: CTK604 above 2**18, where the list alone would take megabytes.
    """
    if count > MOST_LISTED:
        raise UsageFault(
            "CTK604",
            f"{layer.type}: more than {MOST_LISTED} {of} are not offered, this layer has {count}",
            layer.where,
        )
