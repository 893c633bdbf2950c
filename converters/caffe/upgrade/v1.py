"""V1 layers (`layers { type: CONVOLUTION }`, 2014) rewritten into the present form."""

from __future__ import annotations

from converters.caffe.prototxt_locations import Locate
from converters.caffe.schema import LayerParameter, NetParameter, ParamSpec, V1LayerParameter
from toolkit.errors import BadInput, Where

# The types whose name is not the enum's in CamelCase.
_IRREGULAR = {
    V1LayerParameter.NONE: "",
    V1LayerParameter.ABSVAL: "AbsVal",
    V1LayerParameter.ARGMAX: "ArgMax",
    V1LayerParameter.BNLL: "BNLL",
    V1LayerParameter.HDF5_DATA: "HDF5Data",
    V1LayerParameter.HDF5_OUTPUT: "HDF5Output",
    V1LayerParameter.LRN: "LRN",
    V1LayerParameter.MVN: "MVN",
    V1LayerParameter.RELU: "ReLU",
    V1LayerParameter.SOFTMAX_LOSS: "SoftmaxWithLoss",
    V1LayerParameter.TANH: "TanH",
}


def upgrade_v1(net: NetParameter, locate: Locate) -> None:
    """Replaces `layers` by `layer`, in place.

    Raises:
        BadInput: CTK505 when the network has layers of both forms.
    """
    if net.layer:
        raise BadInput(
            "CTK505",
            "the network has `layer` and `layers` blocks at once",
            Where(file=locate(0).file),
            ["`layers` with enum types is the old form: write every layer in the new one"],
        )
    net.layer.extend(upgraded_layer(old) for old in net.layers)
    net.ClearField("layers")


def upgraded_layer(old: V1LayerParameter) -> LayerParameter:
    """One V1 layer in the present form, blobs included."""
    new = LayerParameter(bottom=old.bottom, top=old.top, loss_weight=old.loss_weight)
    if old.HasField("name"):
        new.name = old.name
    if old.HasField("type"):
        new.type = type_name(old.type)
    new.include.extend(old.include)
    new.exclude.extend(old.exclude)
    new.blobs.extend(old.blobs)
    _copy_param_specs(old, new)
    for field, value in old.ListFields():
        # `param` itself holds names of shared blobs and is a list of strings here.
        if field.name.endswith("_param"):
            getattr(new, field.name).CopyFrom(value)
    return new


def type_name(kind: V1LayerParameter.LayerType) -> str:
    """The present name of a V1 layer type, such as ``InnerProduct`` for INNER_PRODUCT."""
    known = _IRREGULAR.get(kind)
    if known is not None:
        return known
    words = V1LayerParameter.LayerType.Name(kind).split("_")
    return "".join(word.capitalize() for word in words)


def _copy_param_specs(old: V1LayerParameter, new: LayerParameter) -> None:
    lengths = (len(old.param), len(old.blob_share_mode), len(old.blobs_lr), len(old.weight_decay))
    for _ in range(max(lengths)):
        new.param.add()
    for spec, name in zip(new.param, old.param, strict=False):
        spec.name = name
    for spec, mode in zip(new.param, old.blob_share_mode, strict=False):
        spec.share_mode = ParamSpec.STRICT if mode == V1LayerParameter.STRICT else ParamSpec.PERMISSIVE
    for spec, rate in zip(new.param, old.blobs_lr, strict=False):
        spec.lr_mult = rate
    for spec, decay in zip(new.param, old.weight_decay, strict=False):
        spec.decay_mult = decay
