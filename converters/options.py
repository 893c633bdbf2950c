"""Options of a conversion, as `ctk convert` and `converters.convert` take them (DESIGN §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

DEFAULT_OPSET = 13  # the last one that every ATC release reads


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """How to convert.

    Attributes:
        head: Where the network ends; None for the network's own outputs.
        mean: Whether the 50 is subtracted from L outside the graph or inside it.
        coefficients: Array file for `class8_ab`; derived when None.
        attach: Array files by ``LAYER`` or ``LAYER:INDEX``.
        precision: Numbers of the artifact.
        opset: ONNX operator set.
        cut: Blobs to end at.
        from_blob: Blobs to start at: they become inputs.
        batch: Batch size, ``dynamic``, or None for the source's.
        input_shape: Sizes by input name; -1 for dynamic.
        weights: Which weights of the model card to take; None for released if present, else synthetic.
        allow_filler: Accept random and unstated fillers.
        ignore_unknown_fields: Accept unknown prototxt fields.
        keep_intermediate: Where a conversion goes through ONNX, keep that file beside the target.
        force: Replace a target that ctk did not write.
        dry_run: Do everything but write.
        report: File that the caller writes the document to afterwards; it may be none of the conversion's.
    """

    head: Literal["ab", "bins", "rgb"] | None = None
    mean: Literal["outside", "inside"] = "outside"
    coefficients: Path | None = None
    attach: Mapping[str, Path] = field(default_factory=dict)
    precision: str = "f32"
    opset: int = DEFAULT_OPSET
    cut: Sequence[str] = ()
    from_blob: Sequence[str] = ()
    batch: int | Literal["dynamic"] | None = None
    input_shape: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    weights: Literal["released", "synthetic"] | None = None
    allow_filler: bool = False
    ignore_unknown_fields: bool = False
    keep_intermediate: bool = False
    force: bool = False
    dry_run: bool = False
    report: Path | None = None

    def recorded(self) -> dict[str, Any]:
        """What goes into the provenance: everything that changes the artifact, and no paths."""
        from toolkit.artifact import as_utf8

        return {
            "allow_filler": self.allow_filler,
            "attach": {as_utf8(layer): as_utf8(path.name) for layer, path in sorted(self.attach.items())},
            "batch": self.batch,
            "coefficients": as_utf8(self.coefficients.name) if self.coefficients else None,
            "cut": list(self.cut),
            "from_blob": list(self.from_blob),
            "head": self.head,
            "ignore_unknown_fields": self.ignore_unknown_fields,
            "input_shape": {name: list(shape) for name, shape in sorted(self.input_shape.items())},
            "mean": self.mean,
            "opset": self.opset,
            "precision": self.precision,
        }
