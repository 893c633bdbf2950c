"""The document of `ctk inspect`, `ctk.inspect/1`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from toolkit.artifact import GraphTensor, SourceFile, Weights
from toolkit.documents import Document

ToldApart = Literal["batch_norm_factors", "reattached", "filler", "folded"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InspectedFile(_Part):
    """A file that was looked at; size and hash are null when it is missing."""

    kind: Literal["prototxt", "caffemodel", "onnx", "external data", "xml", "bin"]
    path: str
    size_bytes: int | None
    sha256: str | None


class OutputFacts(GraphTensor):
    """An output of the network.

    Attributes:
        output_stride: Per spatial axis (axis 2 and on), input pixels from one output to the next; null
            where the network does not allow to tell.
        receptive_field_px: Per spatial axis, how many input pixels one output can depend on; likewise.
    """

    output_stride: list[int | float | None]
    receptive_field_px: list[int | None]


class ParameterGroup(_Part):
    """Numbers that are no trained parameters of the network in the usual count.

    Attributes:
        kind: ``batch_norm_factors`` (mean and variance are divided by them), ``reattached`` (coefficients or
            attached arrays), ``filler`` (from the prototxt's filler), ``folded`` (into other numbers).
        elements: How many.
        layers: Names of the layers that hold them.
    """

    kind: ToldApart
    elements: int
    layers: list[str]


class MissingParameter(_Part):
    """A parameter for which there is no data; a conversion needs it."""

    layer: str
    role: str
    dims: list[int]
    elements: int
    reason: str


class ParameterTotals(_Part):
    """How many numbers a network holds; shared ones count once.

    Attributes:
        count: Parameters of the network itself, missing ones included.
        told_apart: What is not in ``count``.
        total: ``count`` and all of ``told_apart``.
        constants: Numbers that a converter or exporter made (ones and zeros of a BatchNorm, shapes); in an
            ONNX file or an IR only, and in no other figure.
        missing: Parameters without data.
        missing_elements: How many numbers those are.
    """

    count: int
    told_apart: list[ParameterGroup]
    total: int
    constants: int
    missing: list[MissingParameter]
    missing_elements: int


class ComputeTotals(_Part):
    """Multiply-accumulates of convolutions, deconvolutions and matrix products for one run.

    Attributes:
        macs: All of them; null when a size is not known.
        gmac: The same in 1e9.
        macs_without_reattached: Without the layers that were put back.
        reattached_layers: Names of those.
        with_sizes: Sizes put in for dynamic dimensions (the batch).
        uncounted: Operators that multiply but are not counted, and how often they occur.
    """

    macs: int | None
    gmac: float | None
    macs_without_reattached: int | None
    reattached_layers: list[str]
    with_sizes: dict[str, int]
    uncounted: dict[str, int]


class LayerFacts(_Part):
    """One Caffe layer, or one node of ONNX or OpenVINO IR.

    Attributes:
        parameters: Numbers it holds; those shared with an earlier layer count there.
        macs: Null when a size is not known.
        receptive_field_px: Of its first output, as in `OutputFacts`.
    """

    name: str
    type: str
    outputs: list[GraphTensor]
    parameters: int
    macs: int | None
    receptive_field_px: list[int | None]


class StoredBlobFacts(_Part):
    """One blob of a caffemodel."""

    dims: list[int]
    elements: int
    dtype: str


class StoredLayerFacts(_Part):
    """One layer of a caffemodel; ``type`` as stored, older files' numbers by name."""

    name: str
    type: str
    blobs: list[StoredBlobFacts]


class OnnxFacts(_Part):
    """Versions of an ONNX file.

    Attributes:
        opset: Version of the default operator set; null when the file imports none.
        other_opsets: Versions of other sets by domain.
    """

    opset: int | None
    other_opsets: dict[str, int]
    ir_version: int
    producer: str
    producer_version: str


class OpenVinoFacts(_Part):
    """What is particular to an OpenVINO IR.

    Attributes:
        ir_version: Version of the format.
        made_with: Version of OpenVINO that wrote it, as it states; null when it does not.
        stored: Numbers of parameters by the precision in which the bin holds them.
        compressed: How many of those are widened to f32 when the network is loaded.
    """

    ir_version: int
    made_with: str | None
    stored: dict[str, int]
    compressed: int


class LedgerTotals(_Part):
    """Totals of the conversion's ledger."""

    layers_total: int
    layers_converted: int
    layers_folded: int
    layers_dropped: int
    elements_total: int
    elements_converted: int
    elements_folded: int


class Provenance(_Part):
    """The facts that ctk put into the file itself, but the ledger's entries.

    Attributes:
        sidecar: Whether the sidecar beside the file speaks of this very file, by sha256.
    """

    model: str
    head: str | None
    precision: str
    sources: list[SourceFile]
    tools: dict[str, str]
    options: dict[str, Any]
    ledger: LedgerTotals
    sidecar: Literal["matches", "differs", "absent or unreadable"]


class Problem(_Part):
    """Something that is wrong with the files.

    Attributes:
        code: As `ctk explain` knows it.
        what: What is wrong; one sentence.
        file: Where, as far as it is known; so are ``line``, ``column`` (both from 1 on) and ``layer``.
        notes: Why, and what to do.
        stops_conversion: Whether a conversion of these files would end with it.
    """

    code: str
    what: str
    file: str | None
    line: int | None
    column: int | None
    layer: str | None
    notes: list[str]
    stops_conversion: bool


class UncheckedLayer(_Part):
    """A layer that could not be checked: a problem elsewhere left ``unknown_bottom`` without a shape."""

    name: str
    type: str
    file: str | None
    line: int | None
    unknown_bottom: str


class LackingPart(_Part):
    """A node or layer that a backend cannot execute, with the runtime's reason."""

    name: str
    type: str
    reason: str


class InspectDocument(Document):
    """What a network is, told from its files.

    Attributes:
        model: Name of the model card, or of the file.
        weights: Null when there are none (a prototxt alone).
        network: Name of the network in the file.
        inputs: Inputs; empty for a caffemodel alone, as is everything about the network.
        layers: Caffe layers or nodes in the order of execution; of an IR without its inputs, constants,
            decompressions and results.
        layer_types: How many there are of each type.
        stored_layers: Of a caffemodel that is looked at alone.
        provenance: Null when there is none in the file.
        remarks: What else a reader should know, one sentence each.
        problems: All problems of a Caffe network, in the order of the files; what else the document tells is
            then only about the layers without one.
        unchecked: Layers that could not be checked because of them.
        lacking: By backend that was asked, what it cannot execute: nodes, or layers where it takes Caffe files as
            they are. Null for one that could not be asked because of problems.
    """

    schema_: Literal["ctk.inspect/1"] = Field(default="ctk.inspect/1", alias="schema")
    format: Literal["caffe", "onnx", "openvino"]
    model: str
    weights: Weights | None
    network: str
    files: list[InspectedFile]
    inputs: list[GraphTensor] = Field(default_factory=list)
    outputs: list[OutputFacts] = Field(default_factory=list)
    layer_count: int
    layer_types: dict[str, int]
    parameters: ParameterTotals
    compute: ComputeTotals | None = None
    layers: list[LayerFacts] = Field(default_factory=list)
    stored_layers: list[StoredLayerFacts] | None = None
    onnx: OnnxFacts | None = None
    openvino: OpenVinoFacts | None = None
    provenance: Provenance | None = None
    remarks: list[str] = Field(default_factory=list)
    problems: list[Problem] = Field(default_factory=list)
    unchecked: list[UncheckedLayer] = Field(default_factory=list)
    lacking: dict[str, list[LackingPart] | None] = Field(default_factory=dict)
