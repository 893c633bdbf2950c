"""Top-level `input` fields, which became an Input layer in 2015."""

from __future__ import annotations

from collections.abc import Sequence

from converters.caffe.prototxt_locations import Locate
from converters.caffe.schema import LayerParameter, NetParameter
from toolkit.errors import BadInput, Where

_AXES = 4  # an `input_dim` shape is always batch, channels, height, width


def upgrade_inputs(net: NetParameter, locate: Locate) -> bool:
    """Turns top-level inputs into one Input layer named ``input``, put first, in place.

    Inputs without any shape are dropped, as in caffemodels of old; `input_shape` wins over `input_dim`.

    Args:
        net: A network in the `layer` form.
        locate: Only tells the file's name here.

    Returns:
        Whether the layer was added.

    Raises:
        BadInput: CTK505 when there are fewer shapes than inputs.
    """
    shapes = _shapes(net)
    names = list(net.input)
    for name in ("input", "input_shape", "input_dim"):
        net.ClearField(name)
    if not names or not shapes:
        return False
    if len(shapes) < len(names):
        raise BadInput(
            "CTK505",
            f"{len(names)} inputs are declared, but only {len(shapes)} have a shape",
            Where(file=locate(0).file),
            ["each input needs one input_shape block or four input_dim values"],
        )
    layer = LayerParameter(name="input", type="Input", top=names)
    for shape in shapes[: len(names)]:
        layer.input_param.shape.add(dim=shape)
    net.layer.insert(0, layer)
    return True


def _shapes(net: NetParameter) -> list[Sequence[int]]:
    if net.input_shape:
        return [list(shape.dim) for shape in net.input_shape]
    dims = list(net.input_dim)
    # Values left over at the end belong to no input; Caffe does not look at them.
    return [dims[start : start + _AXES] for start in range(0, len(dims) - _AXES + 1, _AXES)]
