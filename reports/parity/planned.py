"""What a run would compare, for ``--dry-run``; and the mistakes that show before anything costly is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.bench_document import BenchPicture
from benchmarks.harness.pictures import gathered
from benchmarks.parity_check.artifact_facts import provenance_of
from benchmarks.parity_check.asked_backends import asked_backends
from benchmarks.parity_check.references import GOLDEN, refuse_unknown_reference
from benchmarks.parity_check.refused_options import refuse_ignored
from benchmarks.parity_check.rule_option import parse_rule
from benchmarks.parity_check.rules_in_words import rules_in_words
from benchmarks.parity_check.saved_network import saved_subject
from benchmarks.parity_check.saved_run import read_saved
from reports.bench.figures import counted
from reports.parity.request import CAFFE_REFERENCE, DEFAULT_PRESET, Request
from toolkit.backends.listing import backend_class, formats_of, refuse_missing_runtime
from toolkit.backends.opening import refuse_format
from toolkit.backends.threads import thread_count
from toolkit.errors import BadInput, Where
from toolkit.messages import collected_warnings
from toolkit.models.card import model_card, model_cards
from toolkit.models.main_model import MAIN_MODEL
from toolkit.presets.registry import preset_named


def refuse_mistakes(asked: Request) -> list[str]:
    """Checks names, numbers and files.

    Returns:
        The backends that would run, in their order.

    Raises:
        CtkError: As `benchmarks.parity` for what means nothing, and for artifacts that do not fit their backend.
    """
    if asked.rule is not None:
        parse_rule(asked.rule)
    preset_named(asked.preset or DEFAULT_PRESET)
    thread_count(asked.threads)
    reference = asked.reference or CAFFE_REFERENCE
    refuse_unknown_reference(reference)
    refuse_ignored(reference, images=asked.images, preset=asked.preset, load=asked.load)
    if reference.startswith(GOLDEN) and not Path(reference.removeprefix(GOLDEN)).is_dir():
        raise BadInput(
            "CTK501", "there is no such folder of golden outputs", Where(file=reference.removeprefix(GOLDEN))
        )
    if asked.model is not None:
        model_card(asked.model)
    if asked.load is not None:
        before = saved_subject(asked.load)
        if not asked.files and asked.model is None:
            before.refuse_missing_files()
    names, given = asked_backends(asked.backends, files_of(asked), reference)
    for name in asked.backends:
        refuse_missing_runtime(name)
    for name, file in given.items():
        refuse_format(name, formats_of(name, backend_class(name)), file)
    if asked.images:
        _pictures(asked.images)
    return names


def files_of(asked: Request) -> Mapping[str, Path] | Path | None:
    """The artifacts as `benchmarks.parity` takes them."""
    return asked.artifacts.common or asked.artifacts.by_backend or None


def plan_lines(asked: Request) -> list[str]:
    """What would be compared.

    Raises:
        CtkError: As `refuse_mistakes`.
    """
    if asked.rescore is not None:
        document, saved = read_saved(asked.rescore)
        rule = _rule(asked) if asked.rule is not None else document.rule
        arrays = counted(sum(one is not None for one in saved.pairs), "saved output")
        return [f"would judge {arrays} in {asked.rescore} again; no backend runs", f"rule: {rule}"]
    names = refuse_mistakes(asked)
    precisions = "f32, and its native precision where it offers another" if asked.native else "f32"
    lines = [f"model: {_model(asked)}", f"reference: {_reference(asked)}", f"rule: {_rule(asked)}"]
    lines += [f"{name}: {_source(asked, name)}; {precisions}" for name in names]
    lines.append(f"inputs: {_inputs(asked)}; {counted(thread_count(asked.threads), 'thread')}")
    lines.append("controls: the faults made on purpose that the network admits, which must be seen")
    lines += [f"also: {text}" for text in _extras(asked)]
    return lines


def _model(asked: Request) -> str:
    if asked.files:
        return ", ".join(map(str, asked.files))
    return asked.model or _by_provenance(asked) or MAIN_MODEL


def _by_provenance(asked: Request) -> str | None:
    """The card that the first artifact with a usable provenance names, which `benchmarks.parity` takes."""
    common = asked.artifacts.common
    for path in [*asked.artifacts.by_backend.values(), *([common] if common else [])]:
        document = provenance_of(path)
        if document is not None and document.model in model_cards():
            return f"{document.model}, by the provenance of {path.name}"
    return None


def _reference(asked: Request) -> str:
    return f"of the saved run {asked.load}" if asked.load is not None else asked.reference or CAFFE_REFERENCE


def _rule(asked: Request) -> str:
    return rules_in_words(parse_rule(asked.rule) if asked.rule is not None else None)


def _source(asked: Request, backend: str) -> str:
    file = asked.artifacts.by_backend.get(backend, asked.artifacts.common)
    return "artifact made on demand" if file is None else str(file)


def _inputs(asked: Request) -> str:
    preset = f"through the preset {asked.preset or DEFAULT_PRESET}"
    if asked.load is not None:
        return f"of the saved run {asked.load}"
    if (asked.reference or "").startswith(GOLDEN):
        return f"of {asked.reference}"
    if asked.images:
        found = _pictures(asked.images)
        usable = sum(one.usable for one in found)
        skipped = f", {len(found) - usable} skipped" if usable < len(found) else ""
        return f"{counted(usable, 'picture')}{skipped} {preset}"
    own = "; random numbers where the network colours no pictures" if asked.files else ""
    return f"the built-in pictures {preset}{own}"


def _pictures(places: Sequence[Path]) -> list[BenchPicture]:
    """What is among them; an empty folder is no bad input but nothing to compare, which the run says."""
    if all(place.is_dir() and not any(file.is_file() for file in place.iterdir()) for place in places):
        return []
    with collected_warnings():  # the run says them
        return gathered(places)[1]


def _extras(asked: Request) -> list[str]:
    extras = {
        "every layer": asked.layers or asked.reproducer is not None,
        "blame by swapping parts": asked.blame,
        f"the smallest subgraph that shows a difference, in {asked.reproducer}": asked.reproducer is not None,
        f"inputs and outputs saved in {asked.save}": asked.save is not None,
    }
    return [text for text, there in extras.items() if there]
