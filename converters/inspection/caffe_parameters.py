"""Where the numbers of every Caffe parameter would come from, without making any: none can be missing here.

The rules are those of `converters.caffe.parameters`, which also finds what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Literal

from converters.caffe.caffemodel import Caffemodel
from converters.caffe.faults import Faults
from converters.caffe.fillers import DETERMINISTIC
from converters.caffe.network import BlobSpec, Layer, Shape, elements
from converters.caffe.parameters import COEFFICIENTS_LAYER, Parameters, Sources
from converters.caffe.schema import LayerParameter
from converters.inspection.document import MissingParameter, ParameterTotals, ToldApart
from converters.inspection.parameter_totals import Counted, totals
from toolkit.colour.coefficients import SHAPE_OF_LAYER
from toolkit.errors import BadInput
from toolkit.messages import collected_warnings

_UNFIT = "what the caffemodel stores for it cannot be used"
Source = Literal["stored", "shared", "coefficients", "filler", "missing"]


@dataclass(frozen=True, slots=True)
class ParameterFacts:
    """One parameter of one layer.

    Attributes:
        source: Where its numbers come from; ``shared`` when an earlier layer owns them.
        reason: Why it is missing.
    """

    role: str
    shape: Shape
    source: Source
    reason: str = ""


class ParameterSources:
    """Tells the source of one layer's parameters after the other, in the order of the network.

    Args:
        caffemodel: The weights, if there are any.
        definitions: All layers of the prototxt.
    """

    def __init__(self, caffemodel: Caffemodel | None, definitions: Iterable[LayerParameter]) -> None:
        layers = list(definitions)
        self._reader = Parameters(Sources(caffemodel), layers)
        self._stored = caffemodel.by_name() if caffemodel else {}
        self._caffemodel = caffemodel
        self._seen: set[str] = set()
        self._owned: set[str] = set()
        self._too_large = False
        # Names of shared parameters that some layer of the caffemodel stores.
        self._stored_names = {
            param.name
            for layer in layers
            for index, param in enumerate(layer.param)
            if any(index < len(stored.blobs) for stored in self._stored.get(layer.name, ()))
        }

    @property
    def used_layers(self) -> frozenset[str]:
        """Names of the layers that were found in the caffemodel so far."""
        return frozenset(self._reader.used_layers)

    def of(self, layer: Layer, specs: Sequence[BlobSpec], faults: Faults) -> list[ParameterFacts]:
        """The parameters of a layer.

        Args:
            layer: The layer.
            specs: What it needs.
            faults: Takes what would stop a conversion: stored blobs that are damaged or do not fit, fillers that
                cannot be used and, where there is a caffemodel, missing data.
        """
        stored = layer.name in self._stored and layer.name not in self._seen
        facts = [self._facts(layer, index, spec, stored=stored) for index, spec in enumerate(specs)]
        self._seen.add(layer.name)
        if stored or any(item.source != "coefficients" for item in facts):
            try:
                # That a filler is used is told by the facts.
                with nullcontext() if stored else collected_warnings():
                    self._reader.resolve(layer, tuple(specs))
            except BadInput as fault:
                self._add(fault, facts, faults)
                if stored:
                    facts = [replace(item, source="missing", reason=_UNFIT) for item in facts]
        return facts

    def _add(self, fault: BadInput, facts: Sequence[ParameterFacts], faults: Faults) -> None:
        if fault.code == "CTK511" and (
            self._caffemodel is None or all(item.source != "missing" for item in facts)
        ):
            return
        # Once the limit of all fillers is passed, every further filler passes it too.
        if fault.code != "CTK513" or not self._too_large:
            faults.add(fault)
        self._too_large = self._too_large or fault.code == "CTK513"

    def _facts(self, layer: Layer, index: int, spec: BlobSpec, *, stored: bool) -> ParameterFacts:
        params = layer.message.param
        name = params[index].name if index < len(params) else ""
        if name and name in self._owned:
            return ParameterFacts(spec.role, spec.shape, "shared")
        self._owned.add(name)
        if stored or (name and name in self._stored_names):
            return ParameterFacts(spec.role, spec.shape, "stored")
        return self._not_stored(layer, index, spec)

    def _not_stored(self, layer: Layer, index: int, spec: BlobSpec) -> ParameterFacts:
        if layer.name == COEFFICIENTS_LAYER and (
            (index == 0 and spec.shape == SHAPE_OF_LAYER) or (spec.role == "bias" and spec.shape == (2,))
        ):
            return ParameterFacts(spec.role, spec.shape, "coefficients")
        if spec.filler is not None and spec.filler.type in DETERMINISTIC:
            return ParameterFacts(spec.role, spec.shape, "filler")
        lacking = "the caffemodel lacks the layer" if self._caffemodel else "no caffemodel was given"
        filler = (
            f"its filler {spec.filler.type!r} is random" if spec.filler is not None else "no filler is stated"
        )
        return ParameterFacts(spec.role, spec.shape, "missing", f"{lacking}, and {filler}")


def caffe_totals(found: Sequence[tuple[Layer, Sequence[ParameterFacts]]]) -> ParameterTotals:
    """The sums over a whole network."""
    counted = [
        Counted(layer.name, elements(facts.shape), _group(layer, facts))
        for layer, parameters in found
        for facts in parameters
        if facts.source != "shared"
    ]
    missing = [
        MissingParameter(
            layer=layer.name,
            role=facts.role,
            dims=list(facts.shape),
            elements=elements(facts.shape),
            reason=facts.reason,
        )
        for layer, parameters in found
        for facts in parameters
        if facts.source == "missing"
    ]
    return totals(counted, missing=missing)


def _group(layer: Layer, facts: ParameterFacts) -> ToldApart | None:
    if facts.source == "coefficients":
        return "reattached"
    if facts.source == "filler":
        return "filler"
    return "batch_norm_factors" if (layer.type, facts.role) == ("BatchNorm", "factor") else None
