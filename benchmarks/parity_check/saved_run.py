"""Inputs and outputs of a run in a folder, so that it can be judged again without any runtime.

``inputs.npz``, ``reference.npz`` and one file for each pair hold the arrays as `arrays_file.write_cases`;
``parity.json`` is the document, and ``saved.json`` names every file with its SHA-256.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.parity_check.arrays_file import Arrays, read_cases, write_cases
from benchmarks.parity_document import ParityDocument
from toolkit.atomic import write_atomically, write_failures_named
from toolkit.documents import Document
from toolkit.errors import BadInput, Where
from toolkit.files import read_bounded
from toolkit.hashing import sha256_bytes, sha256_file

if TYPE_CHECKING:  # judging a saved run again must not load what runs one
    from benchmarks.parity_check.control_outputs import ControlOutputs
    from benchmarks.parity_check.pairs import PairOutputs
    from benchmarks.parity_check.reference_set import References
    from benchmarks.parity_check.rule import Tolerance

INPUTS, REFERENCE, DOCUMENT, LIST = "inputs.npz", "reference.npz", "parity.json", "saved.json"
_MOST_DOCUMENT_BYTES = 256 * 2**20
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_ODD = re.compile(r"[^A-Za-z0-9._-]")
_Kind = TypeVar("_Kind", bound=Document)


class SavedArrays(BaseModel):
    """A file of arrays.

    Attributes:
        file: Its name in the folder.
        sha256: Of its content.
        precision_stored: Of the artifact's weights; of a control's file, that of the pair that it vouches for.
        precision_executed: Of that pair, where it is a control's file: it is judged as that one is.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    sha256: str
    precision_stored: str | None = None
    precision_executed: str | None = None


class SavedNetwork(BaseModel):
    """Which network the run was about.

    Attributes:
        card: Model card; null for the user's own.
        head: Where it ends; null for its own outputs.
        sources_sha256: Of the hashes of its source files.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    card: str | None
    head: str | None
    sources_sha256: str


class SavedRun(Document):
    """What lies in the folder.

    Attributes:
        names: Of the inputs, in the order of the arrays.
        optional: Outputs that need not be there.
        rule: Bounds that the user stated; null for the defaults.
        network: Whose outputs these are.
        document: SHA-256 of parity.json.
        pairs: Files of the document's pairs, in their order; null for one that could not be run.
        controls: Likewise of its controls; each ran for the first inputs, as many as the file has.
    """

    schema_: Literal["ctk.parity-saved/1"] = Field(default="ctk.parity-saved/1", alias="schema")
    names: list[str]
    optional: list[str]
    rule: tuple[float, float] | None
    network: SavedNetwork
    document: str
    inputs: SavedArrays
    reference: SavedArrays
    pairs: list[SavedArrays | None]
    controls: list[SavedArrays | None]


def save_arrays(
    folder: Path,
    name: str,
    cases: Sequence[Arrays],
    precision_stored: str | None = None,
    precision_executed: str | None = None,
) -> SavedArrays:
    """Writes one file of arrays into the folder.

    Args:
        folder: It is made.
        name: The file's name; characters that a file name should not have become ``-``.
        cases: Arrays for each input.
        precision_stored: See `SavedArrays`.
        precision_executed: Likewise.

    Raises:
        EnvironmentFailed: CTK401 or CTK402 when it cannot be written.
    """
    plain = _ODD.sub("-", name)
    return SavedArrays(
        file=plain,
        sha256=write_cases(folder / plain, cases),
        precision_stored=precision_stored,
        precision_executed=precision_executed,
    )


def save_documents(folder: Path, document: ParityDocument, saved: SavedRun) -> None:
    """Writes parity.json and saved.json; raises as `save_arrays`."""
    data = document.to_json().encode()
    write_atomically(folder / DOCUMENT, data)
    whole = saved.model_copy(update={"document": sha256_bytes(data)})
    write_atomically(folder / LIST, whole.to_json().encode())


def save_run(
    folder: Path,
    document: ParityDocument,
    references: References,
    pairs: Sequence[PairOutputs],
    controls: Sequence[ControlOutputs],
    stated: Tolerance | None,
    network: SavedNetwork,
) -> None:
    """Writes everything that a run gave; raises as `save_arrays`.

    Args:
        folder: It is made; files of an earlier run in it are replaced.
        document: What the run came to.
        references: Inputs and outputs of the reference.
        pairs: In the order of the document's.
        controls: In the order of the document's.
        stated: Bounds that the user stated.
        network: Whose outputs these are.
    """
    files = [
        save_arrays(folder, f"{one.pair.backend}-{one.pair.precision_requested}.npz", one.outputs, one.stored)
        if one.pair.verdict != "failed"
        else None
        for one in pairs
    ]
    faults = [
        save_arrays(folder, f"control-{i}.npz", one.outputs, one.stored, one.executed)
        if one.outputs
        else None
        for i, one in enumerate(controls)
    ]
    saved = SavedRun(
        names=references.inputs.names,
        optional=sorted(references.optional),
        rule=None if stated is None else (stated.rtol, stated.atol),
        network=network,
        document="",
        inputs=save_arrays(folder, INPUTS, references.inputs.cases),
        reference=save_arrays(folder, REFERENCE, references.outputs),
        pairs=files,
        controls=faults,
    )
    save_documents(folder, document, saved)


def prepare_folder(folder: Path) -> None:
    """Makes the folder before anything costly is done.

    Raises:
        EnvironmentFailed: CTK401 or CTK402 when it cannot be made.
    """
    with write_failures_named(folder):
        folder.mkdir(parents=True, exist_ok=True)


def read_saved(folder: Path) -> tuple[ParityDocument, SavedRun]:
    """Both documents of a folder.

    Raises:
        BadInput: CTK501 when one is missing, CTK502 when its schema is unknown, it is damaged, or they do not
            belong together.
    """
    saved = read_document(folder / LIST, SavedRun)
    if sha256_file(folder / DOCUMENT, "document") != saved.document:
        raise _changed(folder / DOCUMENT)
    document = read_document(folder / DOCUMENT, ParityDocument)
    if len(saved.pairs) != len(document.pairs) or len(saved.controls) != len(document.controls):
        raise _changed(folder / LIST)
    return document, saved


def read_saved_arrays(folder: Path, saved: SavedArrays, count: int | None) -> list[Arrays]:
    """The arrays of one file, for each input.

    Args:
        folder: Where it was saved.
        saved: The file.
        count: Number of inputs; None for as many as the file has.

    Raises:
        BadInput: CTK501 when it is missing, CTK502 when it is not what was saved.
    """
    if not _PLAIN.fullmatch(saved.file):
        raise BadInput(
            "CTK502", f"{saved.file[:80]!r} is no file of this folder", Where(file=str(folder / LIST))
        )
    path = folder / saved.file
    if sha256_file(path, "saved arrays") != saved.sha256:
        raise _changed(path)
    return read_cases(path, "saved arrays", count)


def read_document(path: Path, kind: type[_Kind]) -> _Kind:
    """A document from its JSON file.

    Raises:
        BadInput: CTK501 when it cannot be opened, CTK502 when it is none, or of another or unknown schema.
    """
    data = read_bounded(path, "document", _MOST_DOCUMENT_BYTES)
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        wanted = kind.model_fields["schema_"].default
        raise BadInput(
            "CTK502",
            f"this is no document of the schema {wanted}",
            Where(file=str(path)),
            [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:3]],
        ) from error


def _changed(path: Path) -> BadInput:
    return BadInput(
        "CTK502", "the file is not the one that was saved", Where(file=str(path)),
        ["its SHA-256 is another one than saved.json says: copy the whole folder again"],
    )  # fmt: skip
