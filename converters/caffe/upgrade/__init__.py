"""Older forms of a network rewritten into the present one, in Caffe's order (util/upgrade_proto.cpp)."""

from __future__ import annotations

from converters.caffe.prototxt_locations import Locate
from converters.caffe.schema import NetParameter
from converters.caffe.upgrade.batch_norm import upgrade_batch_norm
from converters.caffe.upgrade.data_transforms import upgrade_data_transforms
from converters.caffe.upgrade.inputs import upgrade_inputs
from converters.caffe.upgrade.v0 import upgrade_v0
from converters.caffe.upgrade.v1 import upgrade_v1

__all__ = ["upgrade_net"]


def upgrade_net(net: NetParameter, locate: Locate) -> list[int | None]:
    """Rewrites a network in place: V0 to V1, data transforms, V1 to V2, top-level inputs, BatchNorm params.

    Args:
        net: The network as read; afterwards it has only `layer`, with string types.
        locate: Tells the place of a layer by its position in the file.

    Returns:
        For each layer of the result its position in the file, None for the Input layer made of `input` fields.

    Raises:
        BadInput: CTK505 for forms that do not go together, CTK506 for an unknown V0 type.
    """
    origins: list[int | None] = list(range(len(net.layers) or len(net.layer)))
    if any(layer.HasField("layer") for layer in net.layers):
        origins = list(upgrade_v0(net, locate))
    upgrade_data_transforms(net)
    if net.layers:
        upgrade_v1(net, locate)
    if upgrade_inputs(net, locate):
        origins.insert(0, None)
    upgrade_batch_norm(net)
    return origins
