"""One run of parity: pairs, then where and why they depart, then controls, then the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.parity_check.control_outputs import ControlOutputs
from benchmarks.parity_check.controls import run_all_controls
from benchmarks.parity_check.judging import refuse_infinite
from benchmarks.parity_check.network_graph import NetworkGraph
from benchmarks.parity_check.pairs import PairOutputs, Settings, run_pairs
from benchmarks.parity_check.provenance_notes import provenance_notes
from benchmarks.parity_check.reference_set import References
from benchmarks.parity_check.references import Oracle
from benchmarks.parity_check.rule import Tolerance
from benchmarks.parity_check.rules_in_words import rules_in_words
from benchmarks.parity_check.seen import SeenPictures
from benchmarks.parity_check.verdict import document_verdict
from benchmarks.parity_check.where import compare_weights_of, save_reproducers, walk_pairs
from benchmarks.parity_check.why import blame_pairs
from benchmarks.parity_document import ParityDocument, ParityModel, ParityPair
from converters.caffe.network import Net
from toolkit.version import __version__


@dataclass(slots=True)
class ParityRun:
    """What a run has found so far.

    Attributes:
        oracle: Computes the reference, and finds artifacts.
        graph: The network's inputs and outputs.
        references: What backends are held against.
        stated: Bounds that the user stated.
        native: Whether the runtime's own precision is run as well.
        notes: What the reader should know.
        folder: Its folder blobs/ gets pictures; nowhere when None.
        pairs: Every backend that was run, with its outputs.
        controls: Faults that were made on purpose.
        controls_asked: Whether they are to be run.
        interrupted: Whether Ctrl-C ended it.
        seen: Judges pictures; None for a network that colours none.
        net: The network with its parameters, once layers were compared.
        settings: What all pairs have in common.

    Raises:
        BadInput: CTK519 when the reference is not finite.
    """

    oracle: Oracle
    graph: NetworkGraph
    references: References
    stated: Tolerance | None
    native: bool
    notes: list[str]
    folder: Path | None = None
    pairs: list[PairOutputs] = field(default_factory=list)
    controls: list[ControlOutputs] = field(default_factory=list)
    controls_asked: bool = False
    interrupted: bool = False
    seen: SeenPictures | None = None
    net: Net | None = None
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        inputs, outputs = self.references.inputs, self.references.outputs
        refuse_infinite(outputs, inputs.names, self.references.described.name)
        colours, only = self.graph.colours, self.graph.only
        if colours is not None and only is not None and all(only[1] in one for one in outputs):
            self.seen = SeenPictures(inputs, outputs, only[1], colours[2], self.folder)
        self.settings = Settings(
            names=inputs.names,
            cases=inputs.cases,
            references=outputs,
            stated=self.stated,
            threads=self.oracle.threads,
            optional=self.references.optional,
            colours=colours is not None,
            seen=self.seen,
            native=self.native,
            limit_s=self.oracle.limit_s,
            notes=self.notes,
        )

    def pairs_of(self, names: Sequence[str], *, named: bool, given: Mapping[str, Path]) -> None:
        """Runs and judges every backend; Ctrl-C ends it with what is known."""
        try:
            for name in names:
                self.oracle.say(f"{name} against {self.references.described.name}")
                if name in given:
                    self.notes += provenance_notes(name, given[name], self.oracle.subject)
                self.pairs += run_pairs(
                    name, self.oracle.artifacts.of, self.settings, named=named or name in given
                )
        except KeyboardInterrupt:
            self.interrupted = True

    def explain(self, *, layers: bool, blame: bool, reproducer: Path | None) -> None:
        """Where and why a backend departs."""
        if self.interrupted:
            return
        try:
            compare_weights_of(self.pairs, self.oracle.subject, self.notes, everywhere=layers)
            if layers:
                self._walk(reproducer)
            if blame:
                blame_pairs(self.pairs, self.graph, self.references, self.oracle, self.settings)
        except KeyboardInterrupt:
            self.interrupted = True

    def _walk(self, reproducer: Path | None) -> None:
        subject = self.oracle.subject
        if subject.prototxt is None:
            self.notes.append("layers were not compared: the network's Caffe files are not known")
            return
        self.oracle.say("every layer against caffe-reference")
        self.net = subject.whole_net()
        walk_pairs(self.pairs, self.net, self.settings)
        if reproducer is not None:
            save_reproducers(self.pairs, self.net, self.settings, reproducer)

    def run_controls(self) -> None:
        """Runs the faults that must fail, on one backend."""
        self.controls_asked = True
        if self.interrupted:
            return
        try:
            self.controls += run_all_controls(self.oracle, self.settings, self.pairs, self.net)
        except KeyboardInterrupt:
            self.interrupted = True

    def _kept(self, pair: ParityPair) -> ParityPair:
        """Without the path of an artifact that is removed when the run ends; its SHA-256 stays."""
        if not self.oracle.artifacts.is_temporary(pair.artifact):
            return pair
        return pair.model_copy(update={"artifact": None})

    def document(self, preset: str | None, saved: Path | None = None) -> ParityDocument:
        """Everything, with its verdict.

        Args:
            preset: Pre- and postprocessing of the pictures; None where none were coloured.
            saved: Folder where inputs and outputs will lie.
        """
        subject = self.oracle.subject
        pairs = [self._kept(one.pair) for one in self.pairs]
        controls = [one.control for one in self.controls]
        verdict, reasons = document_verdict(
            pairs, controls, interrupted=self.interrupted, controls_asked=self.controls_asked
        )
        return ParityDocument(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            ctk=__version__,
            machine=describe_machine(),
            model=ParityModel(name=subject.name, weights=subject.weights),
            preset=preset,
            reference=self.references.described,
            inputs=self.references.inputs.lines,
            rule=rules_in_words(self.stated),
            pairs=pairs,
            baseline=self.seen.baseline if self.seen is not None else None,
            controls=controls,
            controls_asked=self.controls_asked,
            saved=None if saved is None else str(saved.absolute()),
            notes=list(dict.fromkeys(self.notes)),
            verdict=verdict,
            reasons=reasons,
        )
