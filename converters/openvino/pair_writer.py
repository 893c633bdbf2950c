"""Writes the pair NAME.xml and NAME.bin, so that no kill leaves an xml with another one's bin.

Both files are written whole and fsynced under temporary names beside the target. Then an old xml is put
aside, the bin renamed, and the xml renamed: whoever looks finds the old pair, no xml, or the new pair. What a
killed process left is known by the hash of its bin, and the next conversion replaces it without asking.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from converters.openvino.naming import RESULT
from converters.openvino.reading import reason
from converters.openvino.scratch import scratch_folder
from toolkit.artifact import read_sidecar
from toolkit.atomic import atomic_writer, write_all, write_failures_named
from toolkit.errors import BadInput, EnvironmentFailed, InternalFault, UsageFault, Where
from toolkit.hashing import sha256_bytes, sha256_file
from toolkit.ir_files import BIN_SHA256, SECTION, IrFacts, bin_of, read_facts

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

_TEMPORARY = ".ctk-tmp-"
_PLACE_OF_HASH = "0" * 64
# Characters that XML 1.0 cannot hold, not even as a reference (its production Char).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One file of the pair: where, how many bytes, and its sha256."""

    path: Path
    size: int
    sha256: str


def write_ir(target: Path, model: Any, facts: Mapping[str, str], *, f16: bool) -> list[WrittenFile]:
    """Writes an OpenVINO model; the same model and facts give the same bytes.

    Args:
        target: The xml; the bin lies beside it.
        model: ``openvino.Model``; gets the facts and the hash of the bin in its ``rt_info``.
        facts: Provenance by key, without the prefix ``ctk.``.
        f16: Whether weights are stored as f16, where OpenVINO thinks that they may be.

    Returns:
        The xml, then the bin.

    Raises:
        EnvironmentFailed: CTK401 or CTK402 when the target cannot be written, CTK404 when OpenVINO cannot
            write this graph, CTK408 when memory runs out.
        UsageFault: CTK604 when a name in the graph holds a character that XML cannot hold.
    """
    _refuse_names(model, target)
    for key, value in facts.items():
        model.set_rt_info(_NOT_XML.sub(_escaped, value), [SECTION, key])
    model.set_rt_info(_PLACE_OF_HASH, [SECTION, BIN_SHA256])
    numbers = bin_of(target)
    with (
        _alone_in(target.parent, target),
        _old_xml_aside(target) as put_aside,
        # The last of these ends first: the bin is in place before its xml is.
        atomic_writer(target) as xml_file,
        atomic_writer(numbers) as bin_file,
    ):
        _save(model, xml_file, bin_file, f16=f16)
        digest = sha256_file(Path(bin_file.name))
        text = _with_hash(Path(xml_file.name).read_bytes(), digest)
        xml_file.seek(0)
        write_all(xml_file, text)
        for file in (bin_file, xml_file):
            os.fsync(file.fileno())  # all that can fail for want of space comes before the old xml goes
        put_aside(Path(xml_file.name))
    size = numbers.stat().st_size
    return [WrittenFile(target, len(text), sha256_bytes(text)), WrittenFile(numbers, size, digest)]


def is_ours(target: Path) -> bool:
    """Whether the xml there was written by ctk: its ``rt_info`` says so."""
    facts = _facts_or_none(target)
    return facts is not None and facts.facts.get("schema", "").startswith("ctk.artifact/")


def is_our_bin(target: Path) -> bool:
    """Whether the bin beside a target belongs to an xml by ctk, or is what a killed conversion left.

    Without its xml it is known by its hash: the sidecar states that of the last pair, and an unfinished or
    put-aside xml under a temporary name that of its own.
    """
    if target.exists():
        return is_ours(target)
    numbers = bin_of(target)
    if not numbers.is_file():
        return False
    sidecar = read_sidecar(target)
    known = {output.sha256 for output in sidecar.outputs} if sidecar is not None else set()
    with suppress(OSError):
        for file in target.parent.iterdir():
            if file.name.startswith(".") and _TEMPORARY in file.name and is_ours(file):
                facts = _facts_or_none(file)
                known |= {facts.bin_sha256} if facts is not None and facts.bin_sha256 else set()
    return bool(known) and sha256_file(numbers) in known


def _facts_or_none(xml: Path) -> IrFacts | None:
    with suppress(BadInput, OSError):
        return read_facts(xml)
    return None


def _save(model: Any, xml_file: BinaryIO, bin_file: BinaryIO, *, f16: bool) -> None:
    """Lets OpenVINO write into the two open files.

    It demands names that end in .xml and .bin, and derives one from the other; links with such names lead to
    the temporary files, which keep their locks and their place beside the target.
    """
    import openvino

    with scratch_folder("ir") as folder:
        xml = folder / "net.xml"
        xml.symlink_to(Path(xml_file.name).absolute())
        bin_of(xml).symlink_to(Path(bin_file.name).absolute())
        try:
            openvino.save_model(model, str(xml), compress_to_fp16=f16)
        except RuntimeError as error:
            _raise_reason(xml_file, bin_file)
            raise _unwritable(error) from error


def _unwritable(error: RuntimeError) -> EnvironmentFailed:
    """The files could grow: it is OpenVINO that fails at this graph."""
    if "bad_alloc" in str(error):
        return EnvironmentFailed("CTK408", f"out of memory in openvino: {reason(error)}")
    notes = ["another version of openvino may write it"]
    return EnvironmentFailed("CTK404", f"openvino cannot write this graph: {reason(error)}", notes=notes)


def _raise_reason(*files: BinaryIO) -> None:
    """OpenVINO only says that writing failed; a further block shows why: no space, or a limit."""
    for file in files:
        os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, 1 << 20)


def _with_hash(text: bytes, digest: str) -> bytes:
    place = f'<{BIN_SHA256} value="{_PLACE_OF_HASH}"'.encode()
    if text.count(place) != 1:
        raise InternalFault("CTK702", "openvino did not write the place for the sha256 of the bin")
    return text.replace(place, f'<{BIN_SHA256} value="{digest}"'.encode())


def _refuse_names(model: Any, target: Path) -> None:
    ops = [op for op in model.get_ops() if op.get_type_name() != RESULT]  # named after what they pass on
    values = {name for op in ops for out in op.outputs() for name in out.get_names()}
    found = {name for name in values | {op.get_friendly_name() for op in ops} if _NOT_XML.search(name)}
    # Helpers are named after the node that they belong to, with more behind it: the shortest is the file's own.
    wrong = min(found, key=lambda name: (name not in values, len(name), name), default=None)
    if wrong is not None:
        raise UsageFault(
            "CTK604",
            f"an OpenVINO IR cannot hold the name {wrong!r}",
            Where(file=str(target)),
            ["XML has no way to write some control characters; choose another name or format"],
        )


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode("ascii")


@contextmanager
def _alone_in(folder: Path, target: Path) -> Iterator[None]:
    """Keeps a second writer out of the folder: the renames of two pairs must not mix.

    The folder itself is locked, so that no lock file is left beside the user's files; where that cannot be
    done, a mixed pair is still recognised by the hash.
    """
    with write_failures_named(target):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            if fcntl is not None:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class _Aside:
    """An old xml under a temporary name, from just before the bin is renamed until all is done."""

    def __init__(self, target: Path) -> None:
        self._place = Path(os.path.realpath(target))
        self._numbers = bin_of(target)
        self._old_bin = _identity(self._numbers)
        self._aside: Path | None = None

    def __call__(self, temporary: Path) -> None:
        aside = temporary.with_name(f"{temporary.name}-old")
        with suppress(FileNotFoundError):
            self._place.rename(aside)
            self._aside = aside

    def restore(self) -> None:
        """After a failure: the old xml comes back, if the bin is still its own."""
        if self._aside is not None and _identity(self._numbers) == self._old_bin and not self._place.exists():
            with suppress(OSError):
                self._aside.rename(self._place)

    def remove(self) -> None:
        """After success."""
        if self._aside is not None:
            with suppress(OSError):
                self._aside.unlink()


@contextmanager
def _old_xml_aside(target: Path) -> Iterator[_Aside]:
    aside = _Aside(target)
    try:
        yield aside
    except BaseException:
        aside.restore()
        raise
    aside.remove()


def _identity(file: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        status = file.stat()
        return status.st_dev, status.st_ino
    return None
