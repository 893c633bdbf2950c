"""BatchNorm layers with three `param` entries, from the time when its blobs had to be frozen by hand."""

from __future__ import annotations

from converters.caffe.schema import NetParameter


def upgrade_batch_norm(net: NetParameter) -> None:
    """Sets the learning rates of such layers to 0, in place; names of shared blobs stay."""
    for layer in net.layer:
        if layer.type == "BatchNorm" and len(layer.param) == 3:
            for spec in layer.param:
                spec.lr_mult = 0.0
                spec.decay_mult = 0.0
