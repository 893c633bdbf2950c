"""Artifacts of model cards, made when they are asked for and kept in ctk's cache (DESIGN §4, Which model)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

from converters.options import DEFAULT_OPSET, ConvertOptions
from toolkit import cache, locks, plugins
from toolkit.artifact import SIDECAR_SUFFIX, Artifact, sidecar_of, write_sidecar
from toolkit.cache_folders import lock_path
from toolkit.errors import BadInput, EnvironmentFailed, InternalFault, UsageFault, Where
from toolkit.hashing import remembered_sha256, sha256_file
from toolkit.messages import is_quiet, warn
from toolkit.models.card import ModelCard, model_card
from toolkit.models.main_model import MAIN_MODEL
from toolkit.models.store import model_paths

_warned: set[str] = set()
# Their version changes what a conversion writes.
_WRITERS = {"onnx": "onnx", "openvino": "openvino", "torch": "torch"}


def artifact_for(
    model: str | None = None,
    *,
    format: str,  # noqa: A002 - DESIGN §1's word
    head: Literal["ab", "bins", "rgb"] | None = None,
    mean: Literal["outside", "inside"] = "outside",
    precision: str = "f32",
    weights: Literal["released", "synthetic"] | None = None,
    batch: int | Literal["dynamic"] | None = None,
    opset: int = DEFAULT_OPSET,
) -> Path:
    """A model's artifact in a format, from the cache or made there now.

    Two processes that ask for the same artifact get the same file, which one of them makes. A process that is
    killed meanwhile leaves nothing that a later one would take for whole.

    Args:
        model: Model card; `colorization-v2-norebal` by default.
        format: ``caffe``, or a format to which a conversion route leads.
        head: Where the network ends; the model's `ab` by default.
        mean: Whether 50 is subtracted from L outside the graph or inside it.
        precision: Numbers of the artifact.
        weights: ``released`` or ``synthetic`` to insist on one. By default the released ones where they are
            in the cache, otherwise synthetic ones, with a warning once per process.
        batch: Pictures in one inference, or ``dynamic``; as many as the model's own files say when None.
        opset: ONNX operator set, also of an ONNX file on the way to another format.

    Returns:
        The main file, in a folder of its own, in use (never evicted) until this process ends: the prototxt
        with the caffemodel beside it, the ONNX file, the IR's xml.

    Raises:
        UsageFault: CTK603 for an unknown model or kind of weights, CTK602 for a format to which no route
            leads, CTK604 for options that the format or its route does not take.
        EnvironmentFailed: CTK403 when released weights are insisted on and are not in the cache, CTK409 or
            CTK402 when the cache cannot be used.
        BadInput: CTK514 when the released weights in the cache are damaged.
    """
    card = model_card(model or MAIN_MODEL)
    head = head if head is not None or "ab" not in card.heads else "ab"
    options = ConvertOptions(head=head, mean=mean, precision=precision, opset=opset, batch=batch)
    source = _source_format(format)
    if source is None:
        _refuse_for_caffe(options)
    options = replace(options, weights=_weights(card, weights))
    if source is None:
        return _caffe_files(card, options)
    key = _key(card, format, options)
    if key is None or not cache.artifact_folder(key).is_dir():
        _caffe_files(card, options)
        key = _key(card, format, options)
    if key is None:
        raise InternalFault("CTK702", f"the weights of {card.name} changed as soon as they were checked")
    return _cached(key, card, source, format, options)


def _source_format(wanted: str) -> str | None:
    """The format that the last step towards one starts from; None for `caffe`, which no route leads to.

    Raises:
        UsageFault: CTK602.
    """
    if wanted == "caffe":
        return None
    known = plugins.members(plugins.CONVERTERS)
    # Through ONNX where that can be, so that one ONNX file in the cache serves several formats.
    for source in ("onnx", "caffe") if wanted != "onnx" else ("caffe",):
        if f"{source}->{wanted}" in known:
            return source
    raise UsageFault(
        "CTK602",
        f"no conversion leads from caffe to {wanted}",
        notes=["offered: " + ", ".join(known)],
    )


def _refuse_for_caffe(options: ConvertOptions) -> None:
    plain = ConvertOptions(head=options.head)
    asked = {"--mean": (options.mean, plain.mean), "--precision": (options.precision, plain.precision)}
    if options.batch is not None:
        what = (
            f"--batch {options.batch} is not offered for caffe files, whose input is as the model states it"
        )
        raise UsageFault("CTK604", what, notes=["offered by formats that are converted, such as onnx"])
    for option, (value, offered) in asked.items():
        if value != offered:
            what = f"{option} {value} is not offered for caffe files"
            raise UsageFault("CTK604", what, notes=[f"offered: {offered}"])
    if options.head not in {"ab", None}:
        what = f"--head {options.head} is not offered for caffe files, which end where the model ends"
        raise UsageFault("CTK604", what, notes=["offered: ab"])


def _weights(card: ModelCard, asked: str | None) -> Any:
    """The kind of weights that is meant; another word than the two passes on to `model_files`, which refuses."""
    if asked is not None:
        return asked
    if model_paths(card.name, "released").caffemodel.exists():
        return "released"
    if card.name not in _warned:
        _warned.add(card.name)
        warn(
            f"using synthetic weights for {card.name}: right in shape and speed, meaningless in colour; "
            f"`ctk fetch {card.name}` gets the released ones"
        )
    return "synthetic"


def _caffe_files(card: ModelCard, options: ConvertOptions) -> Path:
    from converters.caffe.model_files import model_files

    with shown(f"weights of {card.name} ({options.weights})"):
        return model_files(card.name, options.weights).prototxt


def _key(card: ModelCard, wanted: str, options: ConvertOptions) -> str | None:
    """The artifact's key; None while the model's own files are not in the cache, or not what they must be.

    Hashing 129 MB would cost 0.1 to 0.4 s in every call. The stamp beside the caffemodel tells its hash as
    long as size and time of change are those of the file that was hashed.
    """
    paths = model_paths(card.name, str(options.weights))
    released = options.weights == "released"
    sha256 = card.file("caffemodel").sha256 if released else card.synthetic.sha256
    try:
        if remembered_sha256(paths.caffemodel, "caffemodel") != sha256:
            return None
        sources = {"caffemodel": sha256, "prototxt": sha256_file(paths.prototxt, "prototxt")}
    except BadInput:
        return None
    writers = {name: version(_WRITERS[name]) for name in ("onnx", wanted) if name in _WRITERS}
    chosen = {"model": card.name, "format": wanted, "weights": options.weights, "writers": writers}
    return cache.artifact_key(sources, {**options.recorded(), **chosen})


def _cached(key: str, card: ModelCard, source: str, wanted: str, options: ConvertOptions) -> Path:
    def fill(folder: Path) -> None:
        # Before the progress is drawn: one line at a time.
        through = _through_onnx(card, options) if source == "onnx" else None
        with shown(f"{card.name} as {wanted}"):
            _convert(folder, card, source, wanted, options, through)

    folder = cache.artifact_folder(key)
    if folder.is_dir() and whole_artifact(folder) is None:
        _drop(folder)
    found = whole_artifact(cache.artifact(key, fill))
    if found is None:
        raise InternalFault("CTK702", f"the conversion {source}->{wanted} left no whole artifact")
    return found


def _through_onnx(card: ModelCard, options: ConvertOptions) -> Path:
    assert options.weights is not None
    return artifact_for(
        card.name, format="onnx", head=options.head, mean=options.mean, weights=options.weights,
        batch=options.batch, opset=options.opset,
    )  # fmt: skip


def _convert(
    folder: Path, card: ModelCard, source: str, wanted: str, options: ConvertOptions, through: Path | None
) -> None:
    from converters.api import route_for
    from converters.request import ConversionRequest

    if through is not None:
        # Head, mean, batch and weights are already in the ONNX file.
        options = ConvertOptions(precision=options.precision)
    request = ConversionRequest((through,) if through else (), card.name, f"{folder}/", options)
    made: Artifact = route_for(source, wanted).convert(request)
    if not sidecar_of(made.path).exists():  # another distribution's route may leave it to its caller
        write_sidecar(made.path, made.document)


def whole_artifact(folder: Path) -> Path | None:
    """The main file of the one artifact in a folder, told by its sidecar.

    Returns:
        None when there is no such artifact, or one of its files is missing or has another size.
    """
    sidecars = sorted(folder.glob(f"*{SIDECAR_SUFFIX}"))
    if len(sidecars) != 1:
        return None
    try:
        outputs = json.loads(sidecars[0].read_bytes())["outputs"]
        if not all((folder / file["name"]).stat().st_size == file["size_bytes"] for file in outputs):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    main = folder / sidecars[0].name.removesuffix(SIDECAR_SUFFIX)
    return main if main.is_file() else None


def _drop(folder: Path) -> None:
    """Removes an artifact that somebody damaged; only what nobody uses can go."""
    warn(f"an artifact in the cache was damaged, and is made again: {folder.name}")
    locks.release(lock_path(folder, "use"))
    if not cache.clear([entry for entry in cache.entries() if entry.path == folder]) and folder.is_dir():
        raise EnvironmentFailed(
            "CTK409",
            "an artifact in the cache is damaged, and another process uses it",
            Where(file=str(folder)),
            ["end that process, or set CTK_HOME to another folder"],
        )


@contextmanager
def shown(what: str) -> Iterator[None]:
    """Says on a terminal what is being made while the block runs; draws nothing under ``--quiet`` or where stderr is none."""
    if is_quiet() or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"making {what} …"):
        yield
