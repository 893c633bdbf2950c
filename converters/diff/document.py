"""The document of `ctk diff`, `ctk.diff/1`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from converters.inspection.document import InspectedFile
from toolkit.documents import Document

Kind = Literal[
    "equal", "within_tolerance", "reshaped", "folded", "converted",
    "transposed", "flipped", "permuted", "scaled", "shape", "dtype", "no_data", "different",
]  # fmt: skip
SAME: frozenset[str] = frozenset({"equal", "within_tolerance", "reshaped", "folded", "converted"})


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DiffSide(_Part):
    """One of the two models.

    Attributes:
        given: As it was named on the command line.
        parts: Caffe layers or nodes; null when only weights are known (a caffemodel alone).
        weights: Arrays, constants of the graph included.
    """

    given: str
    format: Literal["caffe", "onnx", "openvino"]
    files: list[InspectedFile]
    opset: int | None
    parts: int | None
    weights: int


class StructureDifference(_Part):
    """One difference that is not in the numbers.

    Attributes:
        aspect: What differs.
        name: Of the input, output, layer or node, as A has it where A has it.
        detail: Which attribute, bottom or output.
        a: What A has; null where it has nothing. So ``b``.
    """

    aspect: Literal["opset", "input", "output", "type", "attribute", "wiring", "shape", "dtype"]
    name: str
    detail: str | None = None
    a: Any
    b: Any


class Lonely(_Part):
    """Something that only one model has."""

    what: Literal["layer", "node", "weight", "constant"]
    name: str
    type: str | None
    dims: list[int] | None


class Renamed(_Part):
    """Something that probably has another name in B."""

    what: Literal["layer", "node", "weight", "constant"]
    a: str
    b: str
    because: Literal["same weights", "same position"]


class WeightComparison(_Part):
    """Two arrays that belong together.

    Attributes:
        name: Name in A.
        name_b: Name in B; null for one that a conversion folds into others.
        kind: How B is related to A.
        same: Whether that is no difference.
        detail: The axes, the factor, or the reason that belong to ``kind``.
        origin: Where A's numbers come from, where that is known; so ``origin_b``.
        max_abs: Largest absolute difference; null, like the next three, where shapes do not allow it.
        max_rel: ``max_abs`` over the largest absolute number of A; null when that is zero.
        rmse: Root of the mean squared difference.
        differing: How many elements differ.
    """

    name: str
    name_b: str | None
    kind: Kind
    same: bool
    detail: str | None = None
    dims: list[int]
    dims_b: list[int] | None
    dtype: str
    dtype_b: str | None
    origin: str | None = None
    origin_b: str | None = None
    elements: int
    max_abs: float | None = None
    max_rel: float | None = None
    rmse: float | None = None
    differing: int | None = None


class DiffDocument(Document):
    """Two models compared.

    Attributes:
        compared_as: ``named nodes`` where one side is an OpenVINO IR and the other is not: whatever OpenVINO
            makes of a node, its last layer bears the node's name.
        tolerance: Numbers count as equal when they differ by at most this, times the largest absolute number
            of A's array.
        weights_compared: Whether numbers were compared at all.
        structure: Differences of inputs, outputs, and of layers or nodes that both have.
        only_in_a: What B lacks.
        only_in_b: What A lacks.
        renamed: What probably has another name in B; counted as a difference.
        weights: All arrays that belong together, the equal ones too.
        verdict: ``pass`` when the models are the same.
    """

    schema_: Literal["ctk.diff/1"] = Field(default="ctk.diff/1", alias="schema")
    a: DiffSide
    b: DiffSide
    compared_as: Literal["layers", "nodes", "named nodes", "weights only"]
    tolerance: float
    weights_compared: bool
    structure: list[StructureDifference]
    only_in_a: list[Lonely]
    only_in_b: list[Lonely]
    renamed: list[Renamed]
    weights: list[WeightComparison]
    remarks: list[str]
    verdict: Literal["pass", "fail"]
