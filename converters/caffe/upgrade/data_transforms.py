"""Transformations of pictures that V1 data layers had among their own parameters."""

from __future__ import annotations

from converters.caffe.schema import NetParameter, V1LayerParameter

_PARAMETERS = {
    V1LayerParameter.DATA: "data_param",
    V1LayerParameter.IMAGE_DATA: "image_data_param",
    V1LayerParameter.WINDOW_DATA: "window_data_param",
}
_MOVED = ("scale", "mean_file", "crop_size", "mirror")


def upgrade_data_transforms(net: NetParameter) -> None:
    """Moves `scale`, `mean_file`, `crop_size` and `mirror` of V1 data layers into `transform_param`, in place."""
    for layer in net.layers:
        parameter = _PARAMETERS.get(layer.type)
        if parameter is None:
            continue
        old = getattr(layer, parameter)
        for name in _MOVED:
            if old.HasField(name):
                setattr(layer.transform_param, name, getattr(old, name))
                old.ClearField(name)
