"""Where the outputs come from that all backends are held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.arms_of import SLOW as CAFFE_REFERENCE
from benchmarks.parity_check.arrays_file import Arrays
from benchmarks.parity_check.child_process import ChildProcess, Job, LoadFailure
from benchmarks.parity_check.golden import OUTPUTS, read_golden
from benchmarks.parity_check.input_set import InputSet, array_inputs
from benchmarks.parity_check.made_artifacts import Artifacts
from benchmarks.parity_check.network_graph import NetworkGraph
from benchmarks.parity_check.reference_outputs import cached_outputs
from benchmarks.parity_check.reference_set import References
from benchmarks.parity_check.saved_run import LIST, read_saved, read_saved_arrays
from benchmarks.parity_check.subject import Subject
from benchmarks.parity_document import ParityReference
from toolkit.backends.listing import backend_class
from toolkit.errors import BadInput, UsageFault, Where
from toolkit.hashing import sha256_file, sha256_object

GOLDEN = "golden:"


@dataclass(frozen=True, slots=True)
class Oracle:
    """What computes a reference.

    Attributes:
        subject: The network.
        artifacts: Finds what a backend runs.
        threads: Threads that compute.
        limit_s: Seconds after which a job counts as hanging.
        say: Told what happens.
    """

    subject: Subject
    artifacts: Artifacts
    threads: int
    limit_s: float
    say: Callable[[str], None]


def refuse_unknown_reference(reference: str) -> None:
    """Checks that a reference is a golden folder or a registered backend.

    Raises:
        UsageFault: CTK603 for any other word, CTK601 for a golden folder without a name.
    """
    if reference.startswith(GOLDEN):
        if not reference.removeprefix(GOLDEN):
            raise UsageFault(
                "CTK601", "golden: needs the folder behind it, as in golden:tests/golden/cases/lrn"
            )
        return
    backend_class(reference)


def golden_references(folder: Path, graph: NetworkGraph) -> References:
    """From a folder of stored inputs and outputs; raises as `read_golden`."""
    found = read_golden(folder, graph.only)
    described = ParityReference(
        kind="golden", name=str(folder), sha256=sha256_file(folder / OUTPUTS, "golden outputs")
    )
    return References(described, array_inputs(found.inputs), found.outputs, found.optional)


def saved_references(folder: Path) -> References:
    """Inputs and outputs of the reference in a folder that an earlier run saved; raises as `read_saved`."""
    document, saved = read_saved(folder)
    cases = read_saved_arrays(folder, saved.inputs, len(saved.names))
    outputs = read_saved_arrays(folder, saved.reference, len(saved.names))
    lines = [line for line in document.inputs if line.usable]
    if [line.name for line in lines] != saved.names:
        raise BadInput(
            "CTK502", "the document lists other inputs than were saved", Where(file=str(folder / LIST))
        )
    return References(document.reference, InputSet(lines, cases), outputs, frozenset(saved.optional))


def computed_references(reference: str, inputs: InputSet, oracle: Oracle) -> References:
    """Outputs that a backend computes now, or, of `caffe-reference`, computed before.

    Raises:
        UsageFault: CTK601 when `caffe-reference` is asked for a network without Caffe files.
        CtkError: What the backend says went wrong; CTK404 or CTK408 when its process died.
    """
    if reference == CAFFE_REFERENCE and oracle.subject.prototxt is None:
        raise UsageFault(
            "CTK601",
            "caffe-reference needs the network's Caffe files, and none are known",
            notes=["give the prototxt and caffemodel, or another reference: --reference onnxruntime"],
        )
    outputs, cached = evaluated(reference, inputs.cases, oracle)
    if reference != CAFFE_REFERENCE:
        return References(ParityReference(kind="backend", name=reference, sha256=None), inputs, outputs)
    digest = sha256_object(oracle.subject.sources())
    described = ParityReference(kind="caffe-reference", name=CAFFE_REFERENCE, sha256=digest, cached=cached)
    return References(described, inputs, outputs)


def evaluated(
    reference: str, cases: Sequence[Arrays], oracle: Oracle, asked: Sequence[str] | None = None
) -> tuple[list[Arrays], bool]:
    """Outputs of a backend that is the reference, for some inputs, and whether all were in the cache.

    Those of `caffe-reference` are kept there; it alone can be asked for other blobs than the network's outputs.
    Raises as `computed_references`.
    """
    if reference != CAFFE_REFERENCE:
        oracle.say(f"{reference}, the reference, on {len(cases)} inputs")
        return _run(reference, oracle.artifacts.from_sources(reference), cases, None, oracle), False
    subject = oracle.subject
    own = [subject.card.heads[subject.head].blob] if subject.card and subject.head else None
    wanted = own if asked is None else asked

    def evaluate(new: Sequence[Arrays]) -> list[Arrays]:
        oracle.say(f"caffe-reference on {len(new)} inputs, which are kept for the next time")
        return _run(CAFFE_REFERENCE, oracle.artifacts.caffe(), new, wanted, oracle)

    return cached_outputs(cases, subject.sources(), wanted, evaluate)


def _run(
    backend: str, artifact: Path, cases: Sequence[Arrays], wanted: Sequence[str] | None, oracle: Oracle
) -> list[Arrays]:
    with ChildProcess(f"{backend}, the reference", oracle.threads, oracle.limit_s) as child:
        try:
            return child.run(Job(backend, artifact, oracle.threads, outputs=wanted), cases).outputs
        except LoadFailure as failure:
            raise failure.error from failure
