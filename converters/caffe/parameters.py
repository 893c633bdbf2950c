"""Puts numbers into every parameter of a network, by DESIGN §4's rules for missing blobs.

Order: what the user attached; what the caffemodel stores under the layer's name; what another layer shares
by `param { name }`; the coefficients, for `class8_ab`; the deterministic filler that the prototxt states,
with a warning; with `--allow-filler` any filler. Anything else is missing data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from converters.caffe.caffemodel import Caffemodel, StoredLayer
from converters.caffe.fillers import DETERMINISTIC, UnfillableError, fill
from converters.caffe.network import Blob, BlobSpec, Layer, Origin
from converters.caffe.schema import FillerParameter, LayerParameter, ParamSpec
from toolkit.colour.coefficients import SHAPE_OF_LAYER, coefficients, layer_weights
from toolkit.errors import BadInput, Where
from toolkit.messages import note, warn

Numbers = NDArray[np.float32]
COEFFICIENTS_LAYER = "class8_ab"
MOST_FILLED_BYTES = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Sources:
    """Where parameters may come from.

    Attributes:
        caffemodel: The weights, if there are any.
        coefficients: float32 of shape 2x313x1x1 for `class8_ab`, or None to derive them.
        coefficients_given: Whether the user named them; then they win over stored ones.
        attached: Arrays by (layer name, blob index).
        allow_filler: Whether random fillers, and fillers that nobody stated, may be used.
    """

    caffemodel: Caffemodel | None = None
    coefficients: Numbers | None = None
    coefficients_given: bool = False
    attached: Mapping[tuple[str, int], Numbers] = field(default_factory=dict)
    allow_filler: bool = False


class Parameters:
    """Resolves the blobs of one layer after the other, in the order of the network."""

    def __init__(self, sources: Sources, layers: Sequence[LayerParameter]) -> None:
        self._sources = sources
        # Per shared name: (layer, blob index) of everyone who uses it.
        self._members: dict[str, list[tuple[str, int]]] = {}
        for layer in layers:
            for index, param in enumerate(layer.param):
                if param.name:
                    self._members.setdefault(param.name, []).append((layer.name, index))
        self._stored = sources.caffemodel.by_name() if sources.caffemodel else {}
        self._seen: set[str] = set()
        self._shared: dict[str, Blob] = {}
        self._filled_bytes = 0
        self.used_layers: set[str] = set()
        self.resolved: dict[str, int] = {}  # layers with parameters, and how many blobs each has
        self.used_coefficients = False

    def resolve(self, layer: Layer, specs: tuple[BlobSpec, ...]) -> tuple[Blob, ...]:
        """Numbers for all parameters of a layer.

        Raises:
            BadInput: CTK510 when stored blobs differ in number or shape, CTK511 when data is missing, CTK513
                when fillers would make too much, CTK516 when an attached array does not fit.
        """
        if not specs:
            self._refuse_surplus(layer)
            return ()
        self.resolved.setdefault(layer.name, len(specs))
        stored = self._stored_blobs(layer, specs)
        blobs = []
        for index, spec in enumerate(specs):
            blob = self._attached(layer, index, spec) or self._given_coefficients(layer, index, spec)
            if blob is None and stored is not None:
                blob = Blob(spec.role, stored[index], "stored", self._owner(layer, index))
            blobs.append(self._share(layer, index, spec, blob) or self._missing(layer, index, spec))
        self._seen.add(layer.name)
        _warn_of_nonfinite(layer, blobs)
        return tuple(blobs)

    def _stored_blobs(self, layer: Layer, specs: tuple[BlobSpec, ...]) -> list[Numbers] | None:
        """Blobs from the caffemodel; of equal names every one must fit, and the last counts."""
        if layer.name in self._seen:  # Caffe copies into the first layer of a name only
            return None
        found = self._stored.get(layer.name)
        if found is None:
            return None
        self.used_layers.add(layer.name)
        values = [self._checked(layer, specs, candidate) for candidate in found]
        return values[-1]

    def _checked(self, layer: Layer, specs: tuple[BlobSpec, ...], stored: StoredLayer) -> list[Numbers]:
        file = Where(
            file=str(self._sources.caffemodel.file) if self._sources.caffemodel else None, layer=layer.name
        )
        if len(stored.blobs) != len(specs):
            raise BadInput(
                "CTK510",
                f"the caffemodel holds {len(stored.blobs)} blobs for this {layer.type}, the prototxt needs {len(specs)}",
                file,
                [f"needed: {', '.join(f'{s.role} {_shown(s.shape)}' for s in specs)}"],
            )
        for index, (blob, spec) in enumerate(zip(stored.blobs, specs, strict=True)):
            if not blob.fits(spec.shape):
                raise BadInput(
                    "CTK510",
                    f"blob {index} ({spec.role}) has shape {_shown(blob.shape)} in the caffemodel, "
                    f"the prototxt needs {_shown(spec.shape)}",
                    file,
                    ["the caffemodel belongs to another network, or to another version of this one"],
                )
            if blob.values.size != prod(spec.shape):
                raise BadInput(
                    "CTK509",
                    f"blob {index} ({spec.role}) declares {prod(spec.shape)} numbers and holds {blob.values.size}",
                    file,
                )
        return [
            _single(blob.values).reshape(spec.shape) for blob, spec in zip(stored.blobs, specs, strict=True)
        ]

    def _owner(self, layer: Layer, index: int) -> tuple[str, int]:
        """Who owns a blob that is not shared; names of layers may occur twice, only the first one is stored."""
        return (f"{layer.name}#{layer.index}" if layer.name in self._seen else layer.name, index)

    def _refuse_surplus(self, layer: Layer) -> None:
        for stored in self._stored.get(layer.name, ()):
            if stored.blobs and layer.name not in self._seen:
                self._checked(layer, (), stored)

    def _attached(self, layer: Layer, index: int, spec: BlobSpec) -> Blob | None:
        values = self._sources.attached.get((layer.name, index))
        if values is None:
            return None
        if values.shape != spec.shape and (
            tuple(n for n in values.shape if n > 1) != tuple(n for n in spec.shape if n > 1)
        ):
            raise BadInput(
                "CTK516",
                f"the attached array has shape {_shown(values.shape)}, {spec.role} needs {_shown(spec.shape)}",
                layer.where,
                ["axes of size 1 may be left out or added; nothing is transposed"],
            )
        return Blob(spec.role, values.reshape(spec.shape), "attached", self._owner(layer, index))

    def _given_coefficients(self, layer: Layer, index: int, spec: BlobSpec) -> Blob | None:
        if not self._sources.coefficients_given or not _takes_coefficients(layer, index, spec):
            return None
        if layer.name in self._stored:
            warn(
                f"layer {layer.name!r} is stored in the caffemodel; the coefficients you gave replace its weight"
            )
        assert self._sources.coefficients is not None
        self.used_coefficients = True
        return Blob(spec.role, self._sources.coefficients, "coefficients", self._owner(layer, index))

    def _share(self, layer: Layer, index: int, spec: BlobSpec, blob: Blob | None) -> Blob | None:
        """`param { name }`: the first layer owns the numbers, which all layers of that name read."""
        params = layer.message.param
        name = params[index].name if index < len(params) else ""
        if not name:
            return blob
        given = blob is not None and blob.origin in {"attached", "coefficients"}
        if name not in self._shared:
            stored = None if given else self._last_stored(name, spec)
            self._shared[name] = stored or blob or self._missing(layer, index, spec)
            return self._shared[name]
        if given:
            raise BadInput(
                "CTK516",
                f"the {spec.role} of this layer is parameter {name!r}, which another layer owns",
                layer.where,
                [f"attach it to the first layer that shares it: {self._members[name][0][0]!r}"],
            )
        owner = self._shared[name]
        permissive = params[index].share_mode == ParamSpec.PERMISSIVE
        if owner.values.shape != spec.shape and not (permissive and owner.values.size == prod(spec.shape)):
            raise layer.fault(
                "CTK508",
                f"shared parameter {name!r} has shape {_shown(owner.values.shape)}, "
                f"this layer needs {_shown(spec.shape)}",
            )
        return replace(owner, role=spec.role, values=owner.values.reshape(spec.shape), origin="shared")

    def _last_stored(self, name: str, spec: BlobSpec) -> Blob | None:
        """Of the layers that share a parameter, the one stored last in the file wins: the memory is one."""
        winner: Blob | None = None
        members = dict(self._members.get(name, ()))
        for stored in self._sources.caffemodel.layers if self._sources.caffemodel else ():
            index = members.get(stored.name)
            if (
                index is not None
                and index < len(stored.blobs)
                and stored.blobs[index].values.size == prod(spec.shape)
            ):
                values = _single(stored.blobs[index].values).reshape(spec.shape)
                winner = Blob(spec.role, values, "stored", (stored.name, index))
        return winner

    def _missing(self, layer: Layer, index: int, spec: BlobSpec) -> Blob:
        if _takes_coefficients(layer, index, spec):
            source = "the given file" if self._sources.coefficients_given else "derived from the sRGB gamut"
            note(
                f"layer {layer.name!r} is put back: its weight is the coefficients ({source}), its bias zero"
            )
            return Blob(spec.role, self._coefficients(), "coefficients", self._owner(layer, index))
        if layer.name == COEFFICIENTS_LAYER and spec.role == "bias" and spec.shape == (2,):
            return Blob(spec.role, np.zeros(2, np.float32), "coefficients", self._owner(layer, index))
        filler = spec.filler
        if filler is not None and filler.type in DETERMINISTIC:
            values = self._filled(layer, index, spec, filler)
            shown = f" {filler.value:.6g}" if filler.type == "constant" else ""
            warn(
                f"layer {layer.name!r} is not in the caffemodel: its {spec.role} is the filler {filler.type}{shown}"
            )
            return Blob(spec.role, values, "filler", self._owner(layer, index))
        if not self._sources.allow_filler:
            raise self._no_data(layer, spec)
        filler = filler if filler is not None else FillerParameter(value=spec.unstated)
        values = self._filled(layer, index, spec, filler)
        warn(
            f"layer {layer.name!r} is not in the caffemodel: its {spec.role} is made up by the filler {filler.type}"
        )
        origin: Origin = "filler" if filler.type in DETERMINISTIC else "random-filler"
        return Blob(spec.role, values, origin, self._owner(layer, index))

    def _coefficients(self) -> Numbers:
        if self._sources.coefficients is not None:
            return self._sources.coefficients
        return layer_weights(coefficients())

    def _filled(self, layer: Layer, index: int, spec: BlobSpec, filler: FillerParameter) -> Numbers:
        self._filled_bytes += 4 * prod(spec.shape)
        if self._filled_bytes > MOST_FILLED_BYTES and not self._sources.allow_filler:
            raise layer.fault(
                "CTK513",
                f"fillers would make more than {MOST_FILLED_BYTES // 2**20} MiB of weights",
                "give the caffemodel, or --allow-filler if this is meant",
            )
        try:
            return fill(filler, spec.shape, f"{layer.name}:{index}")
        except UnfillableError as error:
            raise layer.fault("CTK507", str(error)) from error

    def _no_data(self, layer: Layer, spec: BlobSpec) -> BadInput:
        given = self._sources.caffemodel
        why = (
            f"nobody stated a filler for it and {'the caffemodel lacks the layer' if given else 'no caffemodel was given'}"
            if spec.filler is None
            else f"its filler {spec.filler.type!r} is random"
        )
        notes = [
            "give the caffemodel that holds it, --attach LAYER=FILE.npy, or --allow-filler for made-up numbers"
        ]
        if given is not None and not self.used_layers:
            notes.insert(
                0, f"no layer of {given.file.name} has a name of this network: it belongs to another one"
            )
        return layer.fault("CTK511", f"no data for the {spec.role} of this {layer.type}: {why}", *notes)


def _single(values: Numbers | NDArray[np.float64]) -> Numbers:
    """As Caffe holds it: `double_data` is rounded to float32, beyond its range to infinity; NaN stays NaN."""
    with np.errstate(over="ignore", invalid="ignore"):
        return values.astype(np.float32, copy=False)


def _takes_coefficients(layer: Layer, index: int, spec: BlobSpec) -> bool:
    return layer.name == COEFFICIENTS_LAYER and index == 0 and spec.shape == SHAPE_OF_LAYER


def _warn_of_nonfinite(layer: Layer, blobs: list[Blob]) -> None:
    for blob in blobs:
        with np.errstate(all="ignore"):
            suspicious = blob.values.size and not np.isfinite(blob.values.min() + blob.values.max())
        bad = int(np.count_nonzero(~np.isfinite(blob.values))) if suspicious else 0
        if bad:
            warn(
                f"{bad} of {blob.values.size} numbers in the {blob.role} of layer {layer.name!r} are NaN or infinite"
            )


def _shown(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if shape else "()"
