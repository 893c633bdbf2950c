"""Every fault, whether it is found, which layer is named, and what a person would see of it.

    python benchmarks/fault_table.py [--model NAME | --files PROTOTXT CAFFEMODEL] [--backend onnxruntime]
                                     [--no-walk] [--json FILE]

Each fault of `benchmarks.faults` is made in a real ONNX artifact, which goes through the code and the rule of
`ctk parity` with one picture (other networks: one seeded random input) against `caffe-reference`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.faults.controls import Controls, run_controls
from benchmarks.faults.registry import FAULTS
from benchmarks.layer_walk.artifact_walk import Candidate, walk_artifacts
from benchmarks.parity_check.child_process import LIMIT_S, ChildProcess, Job
from benchmarks.parity_check.inputs_for import inputs_for
from benchmarks.parity_check.judging import judge_all
from benchmarks.parity_check.made_artifacts import Artifacts
from benchmarks.parity_check.network_graph import caffe_graph
from benchmarks.parity_check.reference_set import References
from benchmarks.parity_check.references import Oracle, computed_references
from benchmarks.parity_check.rule import default_tolerance
from benchmarks.parity_check.seen import SeenPictures
from benchmarks.parity_check.subject import Subject, subject_of
from toolkit.backends.threads import thread_count

# Walks of the main network hold 72 MB for each candidate, and the reference runs once for so many.
_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class Row:
    """One fault.

    Attributes:
        fault: Its name.
        place: What was done where.
        layer: The layer that it was made in; None for one in no layer.
        found: Whether the outputs break the rule.
        why: Of the first output that does.
        layer_named: The first divergent layer; None where none is, or where it was not walked.
        delta_e2000_mean: Of the picture to the reference's; None without a picture.
    """

    fault: str
    place: str
    layer: str | None
    found: bool
    why: str | None
    layer_named: str | None
    delta_e2000_mean: float | None


def fault_table(
    model: str | Sequence[Path] | None, backend: str, *, walk: bool = True, threads: int | None = None
) -> tuple[list[Row], list[str]]:
    """Makes, runs, judges and walks every fault that the network admits.

    Args:
        model: Model card, or the Caffe files of a network; the main model by default.
        backend: A backend that loads ONNX.
        walk: Whether layers are walked as well.
        threads: Threads that compute; the physical cores by default.

    Returns:
        The rows, and why other faults have none.

    Raises:
        CtkError: As `benchmarks.parity`.
    """
    notes: list[str] = []
    subject = subject_of(model, [], weights=None, head="ab", mean="outside", notes=notes)
    with TemporaryDirectory(prefix="ctk-fault-table-") as folder:
        made, faulty = Artifacts(subject, {}, Path(folder)), Path(folder) / "faulty"
        faulty.mkdir()
        oracle = Oracle(subject, made, thread_count(threads), LIMIT_S, lambda _: None)
        references = _references(oracle)
        found = _judged(oracle, references, backend, faulty)
        names = [one.row.fault for one in found.ran]
        walked, failures = _walked(oracle, references, backend, faulty, names) if walk else ({}, [])
    rows = [
        Row(
            one.row.fault,
            one.place,
            one.row.layer,
            one.row.seen,
            next((output.reason for output in one.row.outputs if output.status == "fail"), None),
            walked.get(one.row.fault),
            one.row.delta_e2000.mean if one.row.delta_e2000 is not None else None,
        )
        for one in found.ran
    ]
    told = {row.fault for row in rows} | {name for name in _names() if any(name in n for n in found.left_out)}
    absent = [f"{name}: this network has nothing to make it in" for name in _names() if name not in told]
    return rows, found.left_out + failures + absent


def _names() -> list[str]:
    return [fault.name for fault in FAULTS]


def _references(oracle: Oracle) -> References:
    """Of the first input alone."""
    inputs = inputs_for(caffe_graph(oracle.subject), "exact", [], [])
    first = replace(inputs, lines=inputs.lines[:1], cases=inputs.cases[:1], kept=inputs.kept[:1])
    return computed_references("caffe-reference", first, oracle)


def _judged(oracle: Oracle, references: References, backend: str, folder: Path) -> Controls:
    graph = caffe_graph(oracle.subject)
    inputs, wanted = references.inputs, references.outputs
    pictures = None
    if graph.colours is not None and graph.only is not None:
        pictures = SeenPictures(inputs, wanted, graph.only[1], graph.colours[2])
    artifact = oracle.artifacts.in_one_of(("onnx",))
    bounds = default_tolerance("f32")
    with ChildProcess(backend, oracle.threads) as child:

        def run(path: Path) -> list[dict[str, Any]]:
            return child.run(Job(backend, path, oracle.threads), inputs.cases).outputs

        return run_controls(
            artifact,
            run,
            lambda outputs: judge_all(wanted, [dict(one) for one in outputs], inputs.names, bounds).outputs,
            backend=backend,
            clean=run(artifact),
            picture_quality=pictures.delta_e2000 if pictures is not None else None,  # type: ignore[arg-type]
            faults=FAULTS,
            folder=folder,
        )


def _walked(
    oracle: Oracle, references: References, backend: str, folder: Path, faults: Sequence[str]
) -> tuple[Mapping[str, str | None], list[str]]:
    """The first divergent layer by fault, and what stopped a walk."""
    net = _net(oracle.subject)
    found: dict[str, str | None] = {}
    failures = []
    for start in range(0, len(faults), _AT_ONCE):
        some = faults[start : start + _AT_ONCE]
        candidates = [Candidate(backend, folder / f"{fault}.onnx") for fault in some]
        walks = walk_artifacts(net, candidates, references.inputs.cases, threads=oracle.threads)
        for fault, one in zip(some, walks, strict=True):
            found[fault] = one.first_divergent_layer
            if one.error is not None:
                failures.append(f"{fault}: its layers could not be walked: {one.error.headline}")
    return found, failures


def _net(subject: Subject) -> Any:
    from converters.caffe.build import NetOptions, load_sources, read_net

    assert subject.prototxt is not None
    head = subject.card.heads[subject.head].blob if subject.card is not None and subject.head else None
    return read_net(subject.prototxt, load_sources(subject.caffemodel), NetOptions(head=head))


def _line(row: Row) -> str:
    cells = [
        row.fault,
        row.layer or "-",
        "yes" if row.found else "NO",
        row.layer_named or "-",
        "-" if row.delta_e2000_mean is None else f"{row.delta_e2000_mean:.3f}",
        row.place,
    ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Prints the table in Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model")
    parser.add_argument("--files", type=Path, nargs="+")
    parser.add_argument("--backend", default="onnxruntime")
    parser.add_argument("--no-walk", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows, notes = fault_table(
        arguments.files or arguments.model, arguments.backend, walk=not arguments.no_walk
    )
    head = (
        "| fault | made in | found | layer named | ΔE2000 mean | what was done |\n|---|---|---|---|---|---|"
    )
    sys.stdout.write("\n".join([head, *map(_line, rows), "", *notes]) + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps({"origin": "measured", "rows": [asdict(row) for row in rows]}))


if __name__ == "__main__":
    main()
