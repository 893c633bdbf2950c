"""The Python API of parity: one call that means what `ctk parity` means (DESIGN §2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.parity_check.asked_backends import asked_backends
from benchmarks.parity_check.child_process import LIMIT_S, ChildProcess, LoadFailure
from benchmarks.parity_check.inputs_for import inputs_for
from benchmarks.parity_check.made_artifacts import Artifacts
from benchmarks.parity_check.network_graph import NetworkGraph, caffe_graph, described_graph
from benchmarks.parity_check.own_reference import refuse_itself
from benchmarks.parity_check.parity_run import ParityRun
from benchmarks.parity_check.references import (
    GOLDEN,
    Oracle,
    computed_references,
    golden_references,
    refuse_unknown_reference,
    saved_references,
)
from benchmarks.parity_check.refused_options import refuse_ignored
from benchmarks.parity_check.rescoring import rescore
from benchmarks.parity_check.rule import Tolerance
from benchmarks.parity_check.rule_option import parse_rule
from benchmarks.parity_check.saved_network import saved_network, saved_subject
from benchmarks.parity_check.saved_run import prepare_folder, save_run
from benchmarks.parity_check.subject import as_artifact, subject_of
from benchmarks.parity_check.verdict import exit_status
from benchmarks.parity_document import ParityDocument
from toolkit.backends.threads import thread_count
from toolkit.errors import UsageFault
from toolkit.presets.registry import preset_named

DEFAULT_PRESET = "exact"

__all__ = ["exit_status", "parity", "rescore"]


def parity(
    model: str | Path | Sequence[Path] | None = None,
    *,
    reference: str = "caffe-reference",
    backends: Sequence[str] = (),
    artifacts: Mapping[str, Path] | Path | None = None,
    images: Sequence[Path | str] = (),
    rule: Tolerance | str | None = None,
    preset: str | None = None,
    native: bool = True,
    layers: bool = False,
    blame: bool = False,
    controls: bool = True,
    save: Path | None = None,
    load: Path | None = None,
    pictures_in: Path | None = None,
    reproducer: Path | None = None,
    threads: int | None = None,
    weights: str | None = None,
    limit_s: float = LIMIT_S,
    progress: Callable[[str], None] | None = None,
) -> ParityDocument:
    """Compares what backends compute with a reference, under the rule of DESIGN §5.

    Args:
        model: Model card; or the file or files of the user's own network (a prototxt and at most one
            caffemodel, or one file of another format). By default the card that the artifacts' provenance
            names, else the main model.
        reference: ``caffe-reference``; ``golden:FOLDER`` with inputs.npz and outputs.npz of the original Caffe;
            or a backend.
        backends: Backends to check. By default those of `artifacts`, else all that are installed.
        artifacts: Files by backend, or one file for every backend that loads its format; for the others an
            artifact is made.
        images: Picture files, or folders of them; the built-in pictures by default. A network that does not
            colour pictures gets seeded random inputs.
        rule: Bounds for every precision, or their text (``rtol=1e-4,atol=1e-5``); by default those of each
            executed precision.
        preset: Definition of pre- and postprocessing; `exact` by default, and that of the run for `load`.
        native: Whether the runtime's own precision gets a row as well, which does not decide.
        layers: Whether every value inside is compared as well, and the weights with their source.
        blame: Whether parts are swapped between the preset `exact` with the reference, and `preset` with each
            backend, to divide the final error among them.
        controls: Whether faults that are made on purpose must be seen to fail, at least three of them.
        save: Folder that gets inputs, outputs and document, for `rescore` and `load`.
        pictures_in: Folder whose blobs/ gets pictures side by side and error maps; that of `save` by default.
        load: Folder of an earlier run, whose inputs and reference are used instead.
        reproducer: Folder that gets, for every backend that departs, the smallest part of the network that
            shows it; layers are compared for that.
        threads: Threads that compute; the physical cores by default.
        weights: ``released`` or ``synthetic`` to insist on one.
        limit_s: Seconds after which a backend's job counts as hanging.
        progress: Told what happens next.

    Returns:
        The document. Backends that failed are in it; `exit_status` gives what `ctk parity` ends with.

    Raises:
        UsageFault: CTK601, CTK603 or CTK604 for arguments that mean nothing.
        BadInput: CTK501 and others when a file of the network is wrong, CTK518 when no picture can be read,
            CTK519 when the reference is not finite, CTK502 for a folder that holds no saved run.
        Inconclusive: CTK301 when there is no input, no output or no backend to compare.
        EnvironmentFailed: CTK404 or CTK408 when the reference's own process died, CTK407 for too many threads.
    """
    say = progress or (lambda _: None)
    stated = parse_rule(rule) if isinstance(rule, str) else rule
    refuse_ignored(reference, images=images, preset=preset, load=load)
    before = saved_subject(load) if load is not None else None
    chosen = preset or (before.preset if before is not None else None) or DEFAULT_PRESET
    shape = preset_named(chosen)
    count = thread_count(threads)
    if before is None:
        refuse_unknown_reference(reference)
    if save is not None:
        prepare_folder(save)
    model, artifacts = as_artifact(model, artifacts)
    names, given = asked_backends(backends, artifacts, reference)
    named = bool(backends) or isinstance(artifacts, Mapping)
    notes: list[str] = []
    if before is not None and (model is None or isinstance(model, str)):
        before.refuse_missing_files()
        model, weights = model or before.card, weights or before.weights
    subject = subject_of(
        model,
        list(given.values()),
        weights=weights,
        head=(before.head if before is not None else None) or shape.head,
        mean=shape.mean,
        notes=notes,
    )
    if before is not None:
        before.refuse_another(subject)
    with TemporaryDirectory(prefix="ctk-parity-") as folder:
        made = Artifacts(subject, given, Path(folder))
        oracle = Oracle(subject, made, count, limit_s, say)
        graph = _graph(oracle, reference, names)
        if load is not None:
            found = saved_references(load)
        elif reference.startswith(GOLDEN):
            found = golden_references(Path(reference.removeprefix(GOLDEN)), graph)
        else:
            refuse_itself(reference, names, given, oracle)
            inputs = inputs_for(graph, chosen, [Path(image) for image in images], notes)
            found = computed_references(reference, inputs, oracle)
        run = ParityRun(oracle, graph, found, stated, native, notes, pictures_in or save)
        run.pairs_of(names, named=named, given=given)
        run.explain(layers=layers or reproducer is not None, blame=blame, reproducer=reproducer)
        if controls:
            run.run_controls()
        coloured = found.inputs.preset is not None or (before is not None and before.preset is not None)
        document = run.document(chosen if coloured else None, save)
    if save is not None:
        save_run(save, document, found, run.pairs, run.controls, stated, saved_network(subject))
    return document


def _graph(oracle: Oracle, reference: str, names: Sequence[str]) -> NetworkGraph:
    """From the prototxt; of a network without one, what a backend that loads it says."""
    if oracle.subject.prototxt is not None:
        return caffe_graph(oracle.subject)
    candidates = [name for name in (reference, *names) if not name.startswith(GOLDEN)]
    candidates = [name for name in candidates if name != "caffe-reference"] or list(names)
    backend = candidates[0]
    artifact = _artifact_for_graph(oracle, backend)
    with ChildProcess(backend, oracle.threads, oracle.limit_s) as child:
        try:
            facts = child.ask("describe", backend=backend, artifact=str(artifact), threads=oracle.threads)
        except LoadFailure as failure:
            raise failure.error from failure
    return described_graph(facts)


def _artifact_for_graph(oracle: Oracle, backend: str) -> Path:
    try:
        return oracle.artifacts.from_sources(backend)
    except UsageFault:  # the backend loads no format that the network can be made into
        return oracle.artifacts.of(backend)
