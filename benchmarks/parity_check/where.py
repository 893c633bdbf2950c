"""Where a backend departs from the reference: layer by layer, and by the weights that its artifact holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.layer_walk.artifact_walk import Candidate, walk_artifacts
from benchmarks.layer_walk.reproducer import save_reproducer
from benchmarks.layer_walk.weights import compare_weights
from benchmarks.parity_check.pairs import PairOutputs, Settings
from benchmarks.parity_check.rule import Tolerance
from benchmarks.parity_check.subject import Subject
from benchmarks.parity_document import ParityPair, WeightDifference
from converters.caffe.network import Net
from converters.caffe.reference import iterate_reference
from toolkit.errors import CtkError

# The main network's values in float64 take 290 MB.
_MOST_BYTES = 2**30


def walk_pairs(pairs: Sequence[PairOutputs], net: Net, settings: Settings) -> None:
    """Fills in the layers of every pair that decides and could be run; changes the pairs in place.

    Args:
        pairs: All of them.
        net: The network with its parameters.
        settings: What all pairs have in common; notes go there.
    """
    chosen = [one for one in pairs if one.pair.decides and one.outputs and one.pair.artifact is not None]
    candidates = [_candidate(one, settings) for one in chosen]
    found = walk_artifacts(
        net, candidates, settings.cases, threads=settings.threads, limit_s=settings.limit_s
    )
    for one, walked in zip(chosen, found, strict=True):
        if walked.error is not None:
            settings.notes.append(
                f"{one.pair.backend}: its layers were not compared: {walked.error.headline}"
            )
        settings.notes.extend(walked.notes)
        one.worst_inputs = walked.worst_inputs
        one.pair = one.pair.model_copy(
            update={
                "layers": walked.layers,
                "first_divergent_layer": walked.first_divergent_layer,
                "first_amplifying_layer": walked.first_amplifying_layer,
            }
        )


def layer_namer(
    net: Net, backend: str, settings: Settings, sound: Path, bounds: Tolerance
) -> Callable[[Path], str | None]:
    """Names the first divergent layer of faulty artifacts, for the first input.

    The reference's values are kept for all of them where they take less than `_MOST_BYTES`.

    Args:
        net: The network with its parameters.
        backend: What runs them.
        settings: What all pairs have in common.
        sound: The artifact that they are made of, which they share the inputs with.
        bounds: Of the rule.
    """
    cases = settings.cases[:1]
    own = settings.cases_for(sound)[:1]
    size = 8 * sum(int(np.prod(value.shape, dtype=np.int64)) for value in net.values.values())
    kept = list(iterate_reference(net, cases[0])) if size <= _MOST_BYTES else None

    def name(artifact: Path) -> str | None:
        candidate = Candidate(backend, artifact, tolerance=bounds, cases=own, plain=[])
        (walked,) = walk_artifacts(
            net,
            [candidate],
            cases,
            threads=settings.threads,
            reference=None if kept is None else lambda _: kept,
            thorough=False,
            limit_s=settings.limit_s,
        )
        return walked.first_divergent_layer

    return name


def save_reproducers(pairs: Sequence[PairOutputs], net: Net, settings: Settings, folder: Path) -> None:
    """Saves, for every pair whose first divergent layer is known, the smallest piece that shows it.

    Args:
        pairs: After `walk_pairs`.
        net: The network with its parameters.
        settings: What all pairs have in common; notes go there.
        folder: Gets a folder for each.

    Raises:
        EnvironmentFailed: CTK401, CTK402 or CTK406 when it cannot be written.
    """
    for one in pairs:
        layer = one.pair.first_divergent_layer
        if layer is None:
            continue
        worst = one.worst_inputs.get(layer, 0)
        own = settings.cases_for(Path(str(one.pair.artifact)))[worst]
        found = save_reproducer(
            folder, net, _candidate(one, settings), layer, settings.cases[worst], own_inputs=own,
            threads=settings.threads, limit_s=settings.limit_s,
        )  # fmt: skip
        settings.notes.append(
            f"{one.pair.backend}: no part of the network shows by itself what departs"
            if found is None
            else f"{one.pair.backend}: {found.folder} shows it: {found.command}"
        )


def _candidate(one: PairOutputs, settings: Settings) -> Candidate:
    artifact = Path(str(one.pair.artifact))
    return Candidate(
        backend=one.pair.backend,
        artifact=artifact,
        stored=one.stored,
        tolerance=settings.stated,
        cases=settings.cases_for(artifact),
        plain=one.outputs,
    )


def compare_weights_of(
    pairs: Sequence[PairOutputs], subject: Subject, notes: list[str], *, everywhere: bool
) -> None:
    """Fills in the weights that an artifact does not hold as its source does; changes the pairs in place.

    Args:
        pairs: All of them.
        subject: A Caffe network; of any other there is no source to compare with.
        notes: What the reader should know is added here.
        everywhere: Whether artifacts of pairs that pass are compared as well.
    """
    if subject.prototxt is None:
        return
    known: dict[str, list[WeightDifference]] = {}
    for one in pairs:
        if not _worth(one.pair, everywhere) or one.pair.artifact == str(subject.prototxt.absolute()):
            continue
        artifact = str(one.pair.artifact)
        if artifact not in known:
            known[artifact] = _differences(subject, Path(artifact), notes)
        one.pair = one.pair.model_copy(update={"weights": known[artifact]})


def _worth(pair: ParityPair, everywhere: bool) -> bool:
    return pair.decides and pair.artifact is not None and (everywhere or pair.verdict == "fail")


def _differences(subject: Subject, artifact: Path, notes: list[str]) -> list[WeightDifference]:
    assert subject.prototxt is not None
    try:
        return compare_weights(subject.prototxt, subject.caffemodel, artifact, subject.net())
    except CtkError as error:
        notes.append(f"the weights of {artifact.name} were not compared: {error.headline}")
        return []
