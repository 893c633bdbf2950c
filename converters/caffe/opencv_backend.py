"""The backend `opencv`: cv2.dnn on ONNX files, and on Caffe files directly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar

from converters.caffe.build import NetOptions, Outline, outline_net, read_net
from converters.caffe.caffemodel import read_caffemodel
from converters.caffe.caffemodel_writer import write_caffemodel
from converters.caffe.network import Layer, LayerShape, Net, elements
from converters.caffe.opencv_deviations import caffe_deviations, deviation_of
from converters.caffe.opencv_network import (
    CAFFEMODEL,
    PROTOTXT,
    made_up_blobs,
    one_layer_text,
    pieces,
    read_values,
    write_complete,
)
from converters.caffe.parameters import Sources
from converters.caffe.prototxt import read_prototxt
from toolkit.backends.memory import refuse_too_large
from toolkit.backends.opencv import OnnxInOpenCv
from toolkit.backends.opencv_faults import lacking_in
from toolkit.backends.opencv_runtime import (
    as_lacking,
    chosen,
    heed,
    opencv_module,
    place_on,
    read_with,
    refuse_missing_layers,
)
from toolkit.backends.opencv_session import OpenCvSession, Place, Reading
from toolkit.backends.protocol import Backend, Lacking, TensorInfo
from toolkit.content import HEAD_BYTES, sniff
from toolkit.errors import EnvironmentFailed, Where
from toolkit.files import opened

# A layer is tried with made-up numbers; one that needs more of them is tried with fewer outputs.
_MOST_MADE_UP = 1 << 22


class OpenCvBackend:
    """Loads an ONNX file, or a prototxt with the caffemodel of the same stem beside it, if there is one."""

    formats: ClassVar[tuple[str, ...]] = ("onnx", "caffe")

    @classmethod
    def load(
        cls,
        artifact: Path,
        *,
        threads: int | None = None,
        precision: str = "f32",
        device: str | None = None,
        winograd: bool | None = None,
    ) -> OpenCvSession:
        """Loads an ONNX file or a Caffe network; arguments and errors as `OnnxInOpenCv.load`.

        From Caffe files, cv2.dnn gets a complete copy of them (see `opencv_network`): it ignores fillers,
        and so lacks the coefficients and the 2.606 of the main network.

        Raises:
            BadInput: Of a prototxt also what `converters.caffe.build.read_net` raises.
            EnvironmentFailed: CTK401 when the copy cannot be written.
        """
        if not _is_prototxt(artifact):
            return OnnxInOpenCv.load(
                artifact, threads=threads, precision=precision, device=device, winograd=winograd
            )
        cv2 = opencv_module()
        caffemodel = artifact.with_suffix(".caffemodel")
        refuse_too_large([artifact, caffemodel], "opencv")
        target, setting = chosen(cv2, threads, precision, device, winograd)
        stored = read_caffemodel(caffemodel) if caffemodel.exists() else None
        net = read_net(artifact, Sources(caffemodel=stored), NetOptions())
        heed(caffe_deviations(net), artifact)
        with _layer_named(net):
            reading = _reading(artifact, net, _read_by_cv2(cv2, artifact, net))
            place_on(reading.net, cv2, target, winograd)
            refuse_missing_layers(reading)
        return OpenCvSession(reading, setting)

    @classmethod
    def supports(cls, model: Path) -> tuple[Lacking, ...]:
        """Nodes or layers that cv2.dnn lacks or computes wrongly; see `Backend.supports`.

        Of Caffe files the prototxt alone is read, and every distinct layer tried in a network of its own.
        """
        if not _is_prototxt(model):
            return OnnxInOpenCv.supports(model)
        cv2 = opencv_module()
        outline = outline_net(read_prototxt(model), NetOptions())
        return tuple(_lacking(cv2, outline))


def _is_prototxt(artifact: Path) -> bool:
    with opened(artifact, "network") as file:
        kind = sniff(file.read(HEAD_BYTES))
    return kind == "prototxt" or (kind == "unknown" and artifact.suffix == ".prototxt")


def _read_by_cv2(cv2: Any, artifact: Path, net: Net) -> Any:
    with _folder(artifact) as folder:
        prototxt, caffemodel = write_complete(net, folder)
        return read_with(cv2, artifact, lambda: cv2.dnn.readNetFromCaffe(str(prototxt), str(caffemodel)))


@contextmanager
def _folder(artifact: Path) -> Iterator[Path]:
    """A temporary folder for the complete files, which are as large as the network's own."""
    try:
        with TemporaryDirectory(prefix="ctk-opencv-") as folder:
            yield Path(folder)
    except OSError as error:
        raise EnvironmentFailed(
            "CTK401",
            f"the complete copy of the network for opencv cannot be written: {error.strerror or error}",
            Where(file=str(artifact)),
            ["the environment variable TMPDIR names the folder for it"],
        ) from error


@contextmanager
def _layer_named(net: Net) -> Iterator[None]:
    """Adds the Caffe layer to an error in which cv2 names the layer that it lacks, by its first top."""
    try:
        yield
    except EnvironmentFailed as error:
        lacking = lacking_in(error.__cause__) if error.__cause__ else None
        by_top = {layer.tops[0]: layer.name for layer in net.layers if layer.tops}
        if lacking and lacking[0] in by_top:
            error.located(layer=by_top[lacking[0]])
        raise


def _reading(artifact: Path, net: Net, runtime: Any) -> Reading:
    infos = {name: TensorInfo(value.shape, "float32") for name, value in net.values.items()}
    read = read_values(net)
    # cv2 gets every layer under the name of its first top, see `write_complete`.
    layers = [(whole.name, one) for whole in net.layers if whole.type != "Input" for one in pieces(whole)]
    places = {
        top: Place(layer.tops[0], slot, infos[top])
        for _, layer in layers
        for slot, top in enumerate(layer.tops)
    }
    return Reading(
        artifact,
        runtime,
        {name: infos[name] for name in net.inputs},
        {name: infos[name] for name in net.outputs},
        places,
        frozenset(name for name in net.inputs if name not in read),
        nodes={layer.tops[0]: name for name, layer in layers},
    )


def _lacking(cv2: Any, outline: Outline) -> Iterator[Lacking]:
    tried: dict[bytes, str | None] = {}
    for layer, found in outline.layers:
        if layer.type == "Input" or not layer.tops:
            continue
        wrong = deviation_of(layer)
        if wrong:
            yield as_lacking(wrong)
            continue
        key = _key(layer)
        if key not in tried:
            tried[key] = _failure(cv2, pieces(layer)[0], found)
        reason = tried[key]
        if reason is not None:
            yield Lacking(layer.name, layer.type, reason)


def _key(layer: Layer) -> bytes:
    """Equal for layers that differ in their names alone."""
    names = {name: str(i) for i, name in enumerate(dict.fromkeys((*layer.bottoms, *layer.tops)))}
    alike = replace(
        layer, bottoms=tuple(names[n] for n in layer.bottoms), tops=tuple(names[n] for n in layer.tops)
    )
    return one_layer_text(alike).encode()


def _failure(cv2: Any, layer: Layer, found: LayerShape) -> str | None:
    """Why cv2 does not take a layer, or gives its tops other shapes; None when it does as it should."""
    layer, found = _slimmed(layer, found)
    where = Path(layer.where.file or PROTOTXT)
    shapes = [list(s) or [1] for s in dict(zip(layer.bottoms, layer.bottom_shapes, strict=True)).values()]
    try:
        with _folder(where) as folder:
            (folder / PROTOTXT).write_text(one_layer_text(layer), encoding="utf-8")
            with (folder / CAFFEMODEL).open("wb") as file:
                write_caffemodel(file, "one", [(layer.tops[0], layer.type, made_up_blobs(layer, found))])
            net = read_with(
                cv2,
                where,
                lambda: cv2.dnn.readNetFromCaffe(str(folder / PROTOTXT), str(folder / CAFFEMODEL)),
            )
        # The first creates the layer also where nothing leads to it.
        read_with(cv2, where, lambda: (net.getLayer(layer.tops[0]), shapes and net.getLayersShapes(shapes)))
    except EnvironmentFailed as error:
        if error.code != "CTK404":
            raise
        return error.what.removeprefix("opencv cannot execute this network: ")
    return None


def _slimmed(layer: Layer, found: LayerShape) -> tuple[Layer, LayerShape]:
    """The layer with one output for each group, where its blobs would be large."""
    field = {"Convolution": "convolution_param", "InnerProduct": "inner_product_param"}.get(layer.type)
    if field is None or sum(elements(spec.shape) for spec in found.blobs) <= _MOST_MADE_UP:
        return layer, found
    from converters.caffe.layers.registry import shape_of

    message = type(layer.message)()
    message.CopyFrom(layer.message)
    param = getattr(message, field)
    param.num_output = param.group if layer.type == "Convolution" else 1
    slim = replace(layer, message=message)
    shape = shape_of(slim)
    return replace(slim, top_shapes=shape.tops), shape


if TYPE_CHECKING:  # the type checker holds the class to the protocol
    _HELD: type[Backend] = OpenCvBackend
