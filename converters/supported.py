"""Which parts of a network a backend lacks, asked before anything is converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from converters.options import ConvertOptions
from converters.source_format import source_format
from toolkit.backends.listing import backend_class, formats_of, refuse_missing_runtime
from toolkit.backends.protocol import Lacking
from toolkit.errors import CheckFailed, UsageFault, Where

MOST_NAMED = 10


def lacking(
    backend: str, files_or_model: Sequence[Path] | str, options: ConvertOptions | None = None
) -> tuple[Lacking, ...]:
    """What a backend cannot execute of a network in any format.

    The backend is asked in the form that it would be given: about the prototxt where Caffe files are what it
    wants first, about an ONNX file or IR as it is, and otherwise about the ONNX file that the conversion
    would make, without its weights.

    Args:
        backend: A registered backend.
        files_or_model: A network's files in any order, or a model card's name.
        options: How Caffe files would be converted.

    Returns:
        One entry per node or layer; none when the backend can execute the network.

    Raises:
        UsageFault: CTK603 for an unknown backend or model, CTK604 when the backend takes no form of it.
        EnvironmentFailed: CTK404 when the backend or its runtime is missing.
        BadInput: The files are wrong.
    """
    refuse_missing_runtime(backend)
    asked = backend_class(backend)
    formats = formats_of(backend, asked)
    given = "caffe" if isinstance(files_or_model, str) else source_format(list(files_or_model))
    with TemporaryDirectory(prefix="ctk-") as folder:
        if given != "caffe":
            if given not in formats:
                raise _not_taken(backend, formats, given)
            return asked.supports(Path(files_or_model[0]))
        return asked.supports(_form_of_caffe(backend, formats, files_or_model, options, Path(folder)))


def refuse_lacking(
    backend: str, files_or_model: Sequence[Path] | str, options: ConvertOptions | None = None
) -> None:
    """Checks that a backend can execute a network; arguments and other errors as `lacking`.

    Raises:
        CheckFailed: CTK103 naming up to 10 nodes or layers, with the runtime's reasons.
    """
    file = None if isinstance(files_or_model, str) else str(files_or_model[0])
    refuse_parts({backend: lacking(backend, files_or_model, options)}, file)


def refuse_parts(found: Mapping[str, Sequence[Lacking]], file: str | None) -> None:
    """Checks that no backend lacks anything.

    Args:
        found: By backend, what `lacking` found.
        file: The network's file, for the message.

    Raises:
        CheckFailed: CTK103 naming all backends that lack something, and of each up to 10 nodes or layers.
    """
    short = {backend: parts for backend, parts in found.items() if parts}
    if not short:
        return
    said = "; ".join(
        f"the backend {backend} lacks {_count(parts)} of the model: "
        + ", ".join(dict.fromkeys(part.type for part in parts))
        for backend, parts in short.items()
    )
    # Whose part it is must be said where there are several.
    notes = [
        note if len(short) == 1 else f"{backend}: {note}"
        for backend, parts in short.items()
        for note in _named(parts)
    ]
    raise CheckFailed("CTK103", said, Where(file=file) if file else None, notes)


def _count(parts: Sequence[Lacking]) -> str:
    return "1 part" if len(parts) == 1 else f"{len(parts)} parts"


def _named(parts: Sequence[Lacking]) -> list[str]:
    named = [f"{part.name} ({part.type}): {part.reason}" for part in parts[:MOST_NAMED]]
    return [*named, f"and {len(parts) - MOST_NAMED} more"] if len(parts) > MOST_NAMED else named


def _form_of_caffe(
    backend: str,
    formats: Sequence[str],
    files_or_model: Sequence[Path] | str,
    options: ConvertOptions | None,
    folder: Path,
) -> Path:
    if formats[0] == "caffe":
        return _prototxt(files_or_model, folder)
    if "onnx" not in formats:
        raise _not_taken(backend, formats, "onnx")
    from converters.skeleton import skeleton

    return skeleton(files_or_model, options, folder)


def _prototxt(files_or_model: Sequence[Path] | str, folder: Path) -> Path:
    if not isinstance(files_or_model, str):
        from converters.caffe_files import from_paths

        return from_paths(list(files_or_model), None).prototxt
    from converters.caffe.model_files import own_prototxt
    from toolkit.models.card import model_card

    target = folder / f"{model_card(files_or_model).name}.prototxt"
    target.write_text(own_prototxt(), "utf-8")
    return target


def _not_taken(backend: str, formats: Sequence[str], given: str) -> UsageFault:
    return UsageFault(
        "CTK604",
        f"the backend {backend} cannot be asked about the format {given}",
        notes=["it loads: " + ", ".join(formats)],
    )
