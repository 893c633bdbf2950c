"""The child process that loads one artifact and measures it when asked: ``python -m benchmarks.harness.worker PARENT``.

One JSON object a line on standard input is a command, one on standard output the answer. A runtime that
prints cannot disturb this: before anything else is imported, both ends move to file descriptors of their
own, standard input becomes empty, and standard output goes where standard error goes, which the parent keeps
for the last words. PARENT is the number of the process that started this one.

The garbage collector runs before every block and not during it: when it runs depends on how many objects
other code has made, so its pauses would land in whatever stage happens to come next.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import IO, Any, TypeAlias

Handlers: TypeAlias = Mapping[str, Callable[..., dict[str, Any]]]
PARENT_DIED = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
SIGKILL = 9


def main() -> int:
    """Measures when asked."""
    return serve(_handlers)


def serve(made: Callable[[], Handlers]) -> int:
    """Answers commands until ``quit`` or the end of its input.

    Args:
        made: Makes what answers each command; called once standard input and output are out of reach.
    """
    commands, answers = _own_ends()
    _end_with_parent()
    handlers = made()
    for line in commands:
        asked = json.loads(line)
        if asked["command"] == "quit":
            break
        answers.write(json.dumps(_answer(handlers[asked.pop("command")], asked)) + "\n")
        answers.flush()
    sys.stdout.flush()
    os._exit(0)  # a runtime that hangs or crashes while it is torn down has nothing to say any more


def _answer(handler: Callable[..., dict[str, Any]], asked: dict[str, Any]) -> dict[str, Any]:
    from benchmarks.harness.error_transport import packed

    try:
        return handler(**asked)
    except Exception as error:
        return {"error": packed(error)}


def _own_ends() -> tuple[IO[str], IO[str]]:
    commands = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return commands, answers


def _end_with_parent() -> None:
    """A parent that is killed cannot end a child that hangs, so the kernel does it, on Linux."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(PARENT_DIED, SIGKILL, 0, 0, 0)
    except (OSError, AttributeError, ImportError):
        return
    # 1 says nothing: in a container the parent itself may be process 1.
    if len(sys.argv) > 1 and os.getppid() != int(sys.argv[1]):  # it died before
        os._exit(1)


def _handlers() -> Handlers:
    from benchmarks.harness.preparing import prepare
    from benchmarks.modes.mode_work import ModeWork

    work = ModeWork()
    return {
        "load": work.load,
        "run": work.run,
        "environment": work.environment,
        "prepare": prepare,
        **work.commands(),
    }


if __name__ == "__main__":
    sys.exit(main())
