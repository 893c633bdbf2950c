"""The route `caffe->openvino`: through ONNX, which is kept or dropped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from converters.caffe_to_onnx import CaffeToOnnx
from converters.openvino.converting import Edits, check_places, convert_onnx, refuse_precision
from converters.openvino.reading import openvino_module
from converters.openvino.scratch import scratch_folder
from converters.options import ConvertOptions
from converters.request import ConversionRequest
from converters.targets import choose_target
from toolkit.artifact import Artifact
from toolkit.messages import collected_warnings


class CaffeToOpenvino:
    """Converts Caffe to OpenVINO IR; registered as `caffe->openvino` in the group `ctk.converters`."""

    def convert(self, request: ConversionRequest) -> Artifact:
        """Makes the ONNX file as `caffe->onnx` does, and from it the IR.

        All that the options say about the network is done on the way to ONNX; only the precision is the IR's.

        Raises:
            BadInput: Anything wrong with the files (CTK501 to CTK516).
            EnvironmentFailed: The target cannot be written (CTK401, CTK402, CTK406), openvino is missing or
                lacks an operator (CTK404), memory runs out (CTK408).
            UsageFault: Options that do not fit (CTK601, CTK604).
            InternalFault: CTK701 when the ledger does not balance.
        """
        started = time.perf_counter()
        refuse_precision(request.options, "caffe->openvino")
        openvino_module()
        if request.output is not None:
            choose_target(request.output, "unused", "unused", "openvino")  # a wrong suffix at once
        with _onnx(request) as (made, target):
            # A dry run reads the file and changes the graph, and leaves out the writing alone.
            return convert_onnx(made.path, None, target, made.document, request.options, Edits(), started)


@contextmanager
def _onnx(request: ConversionRequest) -> Iterator[tuple[Artifact, Path]]:
    """The ONNX artifact, while the block runs or for good, and the target of the IR."""
    options = request.options
    if options.keep_intermediate and not options.dry_run:
        with collected_warnings():  # they come again when the file is made
            named = _converted(request, options, Path(), dry_run=True)
        target = _target(request, named)
        check_places(target, _sources(request), options)
        yield _converted(request, options, target.with_suffix(".onnx"), report=options.report), target
        return
    with scratch_folder("onnx") as folder:
        made = _converted(request, options, folder)
        target = _target(request, made)
        check_places(target, _sources(request), options)
        yield made, target


def _converted(
    request: ConversionRequest,
    options: ConvertOptions,
    output: Path,
    *,
    dry_run: bool = False,
    report: Path | None = None,
) -> Artifact:
    wanted = replace(options, precision="f32", dry_run=dry_run, report=report)
    return CaffeToOnnx().convert(replace(request, output=output, options=wanted))


def _target(request: ConversionRequest, made: Artifact) -> Path:
    return choose_target(request.output, made.path.stem, made.document.model, "openvino")


def _sources(request: ConversionRequest) -> list[Path]:
    """The files that the user named; those of a model card lie in ctk's own cache."""
    options = request.options
    named = [*request.files, *options.attach.values()]
    return named if options.coefficients is None else [*named, options.coefficients]
