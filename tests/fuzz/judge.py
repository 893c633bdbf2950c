"""Converts one hostile input as `ctk convert` does, and says what is wrong with how that went."""

from __future__ import annotations

import tempfile
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import converters
from tests.fuzz.agreement import disagreement
from tests.fuzz.inputs import HostileInput
from tests.fuzz.limits import SECONDS, Hang, Usage, limited, most_bytes
from toolkit.artifact import Artifact
from toolkit.errors import BadInput, CtkError, EnvironmentFailed, InternalFault, UsageFault
from toolkit.messages import collected_warnings

# Which digit a code begins with in each branch that a hostile file may end in.
_FAMILY = {BadInput: "CTK5", UsageFault: "CTK6", EnvironmentFailed: "CTK4"}
# One accepted input in so many is held against onnxruntime and caffe-reference.
CHECKED_ONE_IN = 5


@dataclass(slots=True)
class Verdict:
    """What became of one input.

    Attributes:
        outcome: ``ok`` or the error's code.
        faults: What must not have happened, empty when all is well.
        checked: Whether the ONNX file was held against onnxruntime.
        usage: Time and memory.
        message: The error's line.
    """

    outcome: str
    faults: list[str]
    checked: str
    usage: Usage
    message: str = ""


def judge(given: HostileInput, *, check: bool | None = None) -> Verdict:
    """Converts and judges; ``check`` says whether an accepted input is checked (else by its seed)."""
    with tempfile.TemporaryDirectory(prefix="ctk-fuzz-") as folder:
        return _judge(given, Path(folder), given.seed % CHECKED_ONE_IN == 0 if check is None else check)


def write_files(given: HostileInput, folder: Path) -> list[Path]:
    """Writes the files of an input under their usual names."""
    paths = [folder / "deploy.prototxt"]
    paths[0].write_bytes(given.prototxt)
    if given.caffemodel is not None:
        paths.append(folder / "weights.caffemodel")
        paths[1].write_bytes(given.caffemodel)
    return paths


def _judge(given: HostileInput, folder: Path, check: bool) -> Verdict:
    files = write_files(given, folder)
    target = folder / "out" / "net.onnx"
    verdict = Verdict("ok", [], "", Usage())
    artifact: Artifact | None = None
    try:
        with warnings.catch_warnings(), collected_warnings(), limited(given.size) as verdict.usage:
            warnings.simplefilter("error")
            artifact = converters.convert(files, output=target, options=given.options)
    except CtkError as error:
        verdict.outcome, verdict.message = error.code, error.headline
        verdict.faults += _faults_of_error(error)
    except Hang:
        verdict.outcome = "hang"
        verdict.faults.append(f"took more than {SECONDS} s\n{traceback.format_exc(limit=-12)}")
    except Exception as error:
        verdict.outcome = type(error).__name__
        verdict.faults.append(f"{type(error).__name__} escapes\n{traceback.format_exc(limit=-12)}")
    if verdict.usage.peak_bytes > most_bytes(given.size):
        verdict.faults.append(
            f"took {verdict.usage.peak_bytes} bytes of memory for {given.size} bytes of input"
        )
    if artifact is None:
        left = sorted(p.name for p in (folder / "out").iterdir()) if (folder / "out").exists() else []
        verdict.faults += [f"refused, and {name} is left" for name in left]
    elif check:
        verdict.checked, fault = disagreement(artifact.path, files, given.options)
        verdict.faults += [fault] if fault else []
    return verdict


def _faults_of_error(error: CtkError) -> list[str]:
    faults = []
    family = _FAMILY.get(type(error))
    if isinstance(error, InternalFault) or family is None or not error.code.startswith(family):
        faults.append(f"{type(error).__name__} {error.code}\n{traceback.format_exc(limit=-12)}")
    text = [error.headline, *error.notes]
    if any(c in error.headline for c in "\r\n\0") or not error.what.strip():
        faults.append(f"the error's line is not one line: {text!r}")
    if len(error.headline) > 2000:
        faults.append(f"the error's line has {len(error.headline)} characters")
    return faults
