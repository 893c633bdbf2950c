"""Run as a program: writes an IR over an older one in children that kill themselves at each step in turn.

Prints one JSON list; for each step: how the child ended, and which pair was found after it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from converters.openvino.pair_writer import is_our_bin, write_ir
from toolkit.errors import BadInput
from toolkit.ir_files import bin_of, check_pair

FACTS = {"schema": "ctk.artifact/1"}


def model_of(number: float) -> Any:
    import openvino

    opset = openvino.opset13
    x = opset.parameter([4], np.float32, name="x")
    y = opset.add(x, opset.constant(np.full(4, number, np.float32)))
    y.output(0).set_names({"y"})
    return openvino.Model([y], [x], "net")


def kill_before(step: int) -> None:
    """Kills this process before the n-th renaming, fsync or removal."""
    left = step

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*words, **options)

        return call

    for name in ("rename", "replace", "unlink", "symlink_to"):
        setattr(Path, name, counted(getattr(Path, name)))
    os.fsync = counted(os.fsync)


def found(xml: Path) -> str:
    if not xml.exists():
        known = is_our_bin(xml) if bin_of(xml).exists() else True
        return "no xml" if known else "no xml, and an unknown bin"
    try:
        number = np.frombuffer(bin_of(xml).read_bytes(), np.float32)[0]
        check_pair(xml)
    except (BadInput, OSError) as error:
        return str(error)
    return {1.0: "old", 2.0: "new"}[float(number)]


def main(folder: Path, steps: int) -> None:
    xml = folder / "net.xml"
    ends = []
    for step in range(steps):
        write_ir(xml, model_of(1.0), FACTS, f16=False)  # over what the last child left
        child = os.fork()
        if child == 0:
            kill_before(step)
            write_ir(xml, model_of(2.0), FACTS, f16=False)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        ends.append([os.waitstatus_to_exitcode(status), found(xml)])
    write_ir(xml, model_of(2.0), FACTS, f16=False)
    files = sorted(file.name for file in folder.iterdir())
    sys.stdout.write(json.dumps({"ends": ends, "last": found(xml), "files": files}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
