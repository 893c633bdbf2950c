"""Every fault through the installed command: what `ctk parity` exits with, and what it says of each backend.

    python -m benchmarks.fault_commands [--files PROTOTXT CAFFEMODEL] [--backend NAME ...] [--layers] [--json FILE]

Each fault of `benchmarks.faults` is made in a real ONNX artifact of the network (the main model by default), which all
backends are given at once, with the first built-in picture or input. The sound artifact goes first. Exit status: 0 when
the sound one exits 0 and every faulty one 1, with every backend found to differ, and with --layers, where the fault is
made in one layer, that layer named by every backend; else 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.faults import output_removed
from benchmarks.faults.artifacts import FaultyArtifacts
from benchmarks.faults.registry import FAULTS
from benchmarks.harness.facts import laid_pictures
from benchmarks.parity_check.made_artifacts import Artifacts
from benchmarks.parity_check.subject import subject_of
from benchmarks.parity_document import ParityDocument
from toolkit.errors import CtkError

BACKENDS = ("onnxruntime", "openvino", "opencv")
SOUND = "none"
_LIMIT_S = 1200
_TIMED_OUT = 124


@dataclass(frozen=True, slots=True)
class Said:
    """What the command said of one artifact.

    Attributes:
        fault: Its name, or `SOUND`.
        status: Exit status.
        verdicts: Of each backend.
        layers: First divergent layer by backend, where it was asked for and named.
        expected: What each backend should be found to be.
        layer: Where the fault was made, where layers were asked for and it lies in one that has its value still.
    """

    fault: str
    status: int
    verdicts: dict[str, str]
    layers: dict[str, str | None]
    expected: dict[str, str]
    layer: str | None = None

    @property
    def right(self) -> bool:
        """Whether that is what such an artifact deserves."""
        named = self.layer is None or set(self.layers.values()) == {self.layer}
        return self.status == (0 if self.fault == SOUND else 1) and self.verdicts == self.expected and named


def fault_commands(files: Sequence[Path], backends: Sequence[str], *, layers: bool = False) -> Iterator[Said]:
    """Runs the command for the sound artifact and for every fault that the network admits.

    Args:
        files: Prototxt and caffemodel; the main model when empty.
        backends: Those that are given the artifact.
        layers: Whether layers are compared as well.

    Raises:
        CtkError: As `converters.convert`.
    """
    subject = subject_of(list(files) or None, [], weights=None, head="ab", mean="outside", notes=[])
    with TemporaryDirectory(prefix="ctk-fault-commands-") as name:
        folder = Path(name)
        sound = Artifacts(subject, {}, folder).in_one_of(("onnx",))
        words = [*map(str, files), *(["--layers"] if layers else [])]
        if not files:
            words += ["--images", str(laid_pictures([], folder).files[0])]
        yield _said(SOUND, sound, words, backends, folder)
        faulty = folder / "faulty"
        faulty.mkdir()
        source = FaultyArtifacts(sound, faulty)
        for fault in FAULTS:
            made = source.make(fault)
            if made is not None:
                # What is not there has no value to walk to.
                layer = made.place.layer if layers and fault.name != output_removed.FAULT.name else None
                yield _said(fault.name, made.path, words, backends, folder, layer)


def _said(
    fault: str,
    artifact: Path,
    words: Sequence[str],
    backends: Sequence[str],
    folder: Path,
    layer: str | None = None,
) -> Said:
    document = folder / "parity.json"
    document.unlink(missing_ok=True)
    given = [word for backend in backends for word in ("--artifact", f"{backend}={artifact}")]
    expected = dict.fromkeys(backends, "pass" if fault == SOUND else "fail")
    try:
        ran = subprocess.run(  # noqa: S603 - our own command
            [
                str(Path(sys.executable).with_name("ctk")), "parity", *words, *given,
                "--no-native", "--quiet", "--json", str(document),
            ],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_LIMIT_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return Said(fault, _TIMED_OUT, {"no document": f"it took over {_LIMIT_S} s"}, {}, expected)
    if not document.is_file():
        return Said(fault, ran.returncode, {"no document": ran.stderr.strip()[-200:]}, {}, expected)
    pairs = ParityDocument.model_validate_json(document.read_bytes()).pairs
    return Said(
        fault,
        ran.returncode,
        {pair.backend: pair.verdict for pair in pairs},
        {pair.backend: pair.first_divergent_layer for pair in pairs},
        expected,
        layer,
    )


def _line(said: Said) -> str:
    verdicts = ", ".join(
        f"{backend} {verdict}{f' at {said.layers[backend]}' if said.layers.get(backend) else ''}"
        for backend, verdict in said.verdicts.items()
    )
    return f"| {said.fault} | {said.status} | {verdicts} | {'yes' if said.right else 'NO'} |"


def main(words: Sequence[str] | None = None) -> int:
    """Prints the table in Markdown as it comes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--files", type=Path, nargs="+", default=[])
    parser.add_argument("--backend", action="append")
    parser.add_argument("--layers", action="store_true")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args(words)
    sys.stdout.write("| fault | exit | said | right |\n|---|---|---|---|\n")
    found = []
    try:
        for said in fault_commands(asked.files, asked.backend or BACKENDS, layers=asked.layers):
            found.append(said)
            sys.stdout.write(f"{_line(said)}\n")
            sys.stdout.flush()
    except CtkError as error:
        sys.stderr.write(f"error: {error.headline}\n")
        return error.exit_status
    if asked.json is not None:
        asked.json.write_text(
            json.dumps({"origin": "measured", "rows": [asdict(said) for said in found]}) + "\n"
        )
    return 0 if all(said.right for said in found) else 1


if __name__ == "__main__":
    sys.exit(main())
