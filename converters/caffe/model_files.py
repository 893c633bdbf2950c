"""The prototxt, caffemodel and coefficients of a model card: released ones, or synthetic ones made here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from converters.caffe.caffemodel_writer import write_caffemodel
from converters.caffe.prototxt_writer import format_prototxt
from converters.caffe.schema import NetParameter
from toolkit.atomic import atomic_writer, write_atomically
from toolkit.cache import cache_failures_named, evict, filling, use
from toolkit.colour.coefficients import coefficients_npy_bytes
from toolkit.errors import BadInput, EnvironmentFailed, InternalFault, UsageFault, Where
from toolkit.hashing import HashingWriter, remember_sha256, remembered_sha256, sha256_bytes
from toolkit.messages import warn
from toolkit.models.card import ModelCard, model_card
from toolkit.models.colorization_v2 import INPUT_SHAPE, NETWORK_NAME, SOFTMAX_SCALE, LayerRow, Window, layers
from toolkit.models.store import ModelPaths, model_paths
from toolkit.models.synthetic import synthetic_layers
from toolkit.nearest import did_you_mean

Weights = Literal["released", "synthetic"]


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of one model, ready to be read.

    Attributes:
        prototxt: The network.
        caffemodel: Its weights, without those of the coefficients' layer.
        coefficients: NPY file, (313, 2) int64.
        weights: Whose weights they are.
    """

    prototxt: Path
    caffemodel: Path
    coefficients: Path
    weights: Weights


def model_files(name: str, weights: str | None = None) -> ModelFiles:
    """The files of a model, in the cache and checked.

    Released weights are used when they are there; otherwise synthetic ones, which are made on the first
    demand, with a warning unless they were asked for.

    Args:
        name: Model name.
        weights: ``released`` or ``synthetic`` to insist on one.

    Raises:
        UsageFault: CTK603 for an unknown name or kind of weights.
        EnvironmentFailed: CTK403 when released weights are insisted on and are not there; CTK409 or CTK402
            when the cache cannot be written.
        BadInput: CTK514 when the caffemodel in the cache is not the released one.
    """
    card = model_card(name)
    if weights not in {None, "released", "synthetic"}:
        raise UsageFault(
            "CTK603",
            f"unknown weights {weights!r}",
            notes=did_you_mean(str(weights), ["released", "synthetic"]),
        )
    released = None if weights == "synthetic" else _released(card)
    if released is not None:
        return released
    if weights == "released":
        raise _absent(card)
    if weights is None:
        warn(
            f"using synthetic weights for {name}: right in shape and speed, meaningless in colour; "
            f"`ctk fetch {name}` gets the released ones"
        )
    return _synthetic(card)


@cache
def own_prototxt() -> str:
    """The network of both models as prototxt text, from our own description of it."""
    return format_prototxt(network_message())


def network_message() -> NetParameter:
    """The network of both models as a message, from `toolkit.models.colorization_v2`."""
    net = NetParameter(name=NETWORK_NAME)
    for row in layers():
        _add_layer(net, row)
    return net


def _add_layer(net: NetParameter, row: LayerRow) -> None:
    layer = net.layer.add(name=row.name, type=row.type)
    layer.bottom.extend([row.bottom] if row.bottom else [])
    layer.top.extend([row.top] if row.top else [])
    if row.type == "Input":
        layer.input_param.shape.add(dim=INPUT_SHAPE)
    if row.type == "Scale":
        layer.scale_param.bias_term = False
        layer.scale_param.filler.type = "constant"
        layer.scale_param.filler.value = SOFTMAX_SCALE
    if row.window is not None:
        parameter = layer.convolution_param
        parameter.num_output = row.window.channels
        parameter.kernel_size.append(row.window.kernel)
        for field, default in (("stride", 1), ("pad", 0), ("dilation", 1)):
            _state(row.window, field, default, getattr(parameter, field))


def _state(window: Window, field: str, default: int, into: list[int]) -> None:
    value = getattr(window, field)
    if value != default:
        into.append(value)


def _released(card: ModelCard) -> ModelFiles | None:
    paths = model_paths(card.name, "released")
    if not paths.caffemodel.exists():
        return None
    use(paths.folder)
    wanted = card.file("caffemodel").sha256
    found = remembered_sha256(paths.caffemodel, "caffemodel")
    if found != wanted:
        raise BadInput(
            "CTK514",
            f"the caffemodel in the cache is damaged or not the released one: sha256 is {found}, not {wanted}",
            Where(file=str(paths.caffemodel)),
            [f"`ctk cache clear --model {card.name}` removes it, `ctk fetch {card.name}` gets it again"],
        )
    _keep_derived(card, paths)
    return ModelFiles(paths.prototxt, paths.caffemodel, paths.coefficients, "released")


def _synthetic(card: ModelCard) -> ModelFiles:
    paths = model_paths(card.name, "synthetic")
    use(paths.folder)
    if not _is_synthetic(card, paths):
        with filling(paths.folder):
            if not _is_synthetic(card, paths):
                _write_synthetic(card, paths)
        use(paths.folder)
        evict()
    _keep_derived(card, paths)
    return ModelFiles(paths.prototxt, paths.caffemodel, paths.coefficients, "synthetic")


def _is_synthetic(card: ModelCard, paths: ModelPaths) -> bool:
    return (
        paths.caffemodel.is_file()
        and paths.caffemodel.stat().st_size == card.synthetic.bytes
        and remembered_sha256(paths.caffemodel, "caffemodel") == card.synthetic.sha256
    )


def _write_synthetic(card: ModelCard, paths: ModelPaths) -> None:
    with atomic_writer(paths.caffemodel) as file:
        sink = HashingWriter(file)
        write_caffemodel(sink, NETWORK_NAME, synthetic_layers())
        if sink.hexdigest() != card.synthetic.sha256:
            raise InternalFault(
                "CTK702",
                f"the synthetic weights of {card.name} came out with sha256 {sink.hexdigest()}, not {card.synthetic.sha256}",
                notes=["the arithmetic of this NumPy or machine differs; please report it with `ctk doctor`"],
            )
    remember_sha256(paths.caffemodel, card.synthetic.sha256)


def _keep_derived(card: ModelCard, paths: ModelPaths) -> None:
    """Sees to it that prototxt and coefficients lie beside the caffemodel and are what they must be."""
    official = card.file("prototxt")
    prototxt = own_prototxt().encode()
    with cache_failures_named(paths.folder):
        found = _content(paths.prototxt, max(official.bytes, len(prototxt)))
        if found != prototxt and (found is None or sha256_bytes(found) != official.sha256):
            write_atomically(paths.prototxt, prototxt)
        coefficients = coefficients_npy_bytes()
        if _content(paths.coefficients, len(coefficients)) != coefficients:
            write_atomically(paths.coefficients, coefficients)


def _content(path: Path, most_bytes: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(most_bytes + 1)
    except FileNotFoundError:
        return None


def _absent(card: ModelCard) -> EnvironmentFailed:
    file = card.file("caffemodel")
    return EnvironmentFailed(
        "CTK403",
        f"the released weights of {card.name} are not in the cache",
        notes=[
            f"`ctk fetch {card.name}` downloads them",
            f"where you have {file.file_name} ({file.bytes} bytes): `ctk fetch {card.name} --from FOLDER`",
            "--weights synthetic needs no download",
        ],
    )
