"""The command `ctk`: verbs as entry points, exit statuses and error lines of DESIGN §4."""

from __future__ import annotations

import errno
import inspect
import sys
import traceback
from collections.abc import Sequence
from contextvars import copy_context
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, Exit, TyperException

from toolkit import plugins
from toolkit.errors import EXIT_INTERRUPTED, BadInput, CtkError, EnvironmentFailed, InternalFault, UsageFault
from toolkit.messages import print_line, report_error, warn
from toolkit.nearest import did_you_mean
from toolkit.shadow import refuse_shadowed_packages
from toolkit.streams import prepare_streams, settle_streams
from toolkit.version import __version__

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class VerbGroup(TyperGroup):
    """A group whose commands are the entry points `ctk.commands`, imported when they are used."""

    def list_commands(self, _ctx: Any) -> list[str]:
        """Names of all verbs."""
        return list(plugins.members(plugins.COMMANDS))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The verb as a command; raises CTK601 for an unknown one.

        A verb of another distribution that cannot be imported is left out of the list with a warning, and
        is an error only when it is the one asked for.
        """
        verbs = plugins.members(plugins.COMMANDS)
        if cmd_name not in verbs:
            raise UsageFault("CTK601", f"unknown verb {cmd_name!r}", notes=did_you_mean(cmd_name, verbs))
        try:
            return _as_command(cmd_name, plugins.load_member(plugins.COMMANDS, cmd_name, "verb"))
        except EnvironmentFailed as error:
            if ctx is not None and ctx.meta.get("verb") != cmd_name:
                warn(error.what)
                return None
            raise

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Notes which verb is asked for before it is looked up."""
        ctx.meta["verb"] = args[0] if args else None
        found = super().resolve_command(ctx, args)
        _before_parsing(args[0], found[2])
        return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs `ctk` and returns its exit status; the only place where errors become lines and statuses.

    Args:
        arguments: Words after ``ctk``; those of the process by default.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    prepare_streams()
    try:
        # In a context of its own, so that --quiet ends with the verb where a program calls this more than once.
        return copy_context().run(_status, words, debug)
    finally:
        settle_streams()


def _status(words: list[str], debug: bool) -> int:
    try:
        refuse_shadowed_packages()
        status = _run(words)
        sys.stdout.flush()
    except CtkError as error:
        return _fail(error, debug)
    except (KeyboardInterrupt, Abort):
        print_line("error", "CTK801 interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`ctk models | head`): nothing more can be said to it.
        return 0
    except MemoryError:
        return _fail(EnvironmentFailed("CTK408", "out of memory"), debug)
    except RecursionError:
        return _fail(BadInput("CTK502", "the input is nested too deeply to be read"), debug)
    except OSError as error:
        if error.errno not in _FULL:
            return _fail(_own_fault(error), debug)
        # Targets have their own error; what is left is standard output (`ctk models > /full/disk`).
        return _fail(
            EnvironmentFailed("CTK402", f"no space to write standard output: {error.strerror}"), debug
        )
    except Exception as error:
        return _fail(_own_fault(error), debug)
    return status


def _run(words: list[str]) -> int:
    group: Any = typer.main.get_group(_application())
    try:
        # Not group.main(): that turns an interrupt and a closed pipe into exits of its own, without our lines.
        with group.make_context("ctk", list(words)) as context:
            result = group.invoke(context)
    except Exit as stop:
        return stop.exit_code
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.stderr.write(error.format_message() + "\n")
            return 64
        command = getattr(getattr(error, "ctx", None), "command_path", "ctk")
        raise UsageFault(
            "CTK601", error.format_message().rstrip("."), notes=[f"see: {command} --help"]
        ) from error
    return result if isinstance(result, int) else 0


def _application() -> typer.Typer:
    app = typer.Typer(
        cls=VerbGroup, name="ctk", add_completion=False, no_args_is_help=True, rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip

    @app.callback()
    def ctk(
        version: bool = typer.Option(  # its callback has done it
            False, "--version", help="Print the version and stop.", is_eager=True, callback=_print_version
        ),
        debug: bool = typer.Option(  # taken from the words before they come here
            False, "--debug", help="Show a traceback when something fails (any verb)."
        ),
    ) -> None:
        """Take a Caffe network to ONNX, and prove that it still computes the same.

        Exit status: 0 passed, 1 check failed, 2 regression, 3 inconclusive, 4 environment, 5 bad input,
        64 usage, 70 bug of ctk, 130 interrupted. `ctk explain CODE` explains an error.
        """

    return app


def _before_parsing(verb: str, words: list[str]) -> None:
    """Shows a verb its words before they are parsed, when its module has a function `before_parsing` for that."""
    module = sys.modules.get(plugins.members(plugins.COMMANDS)[verb].module)
    hook = getattr(module, "before_parsing", None)
    if callable(hook):
        hook(words)


def _print_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"ctk {__version__}\n")
        raise typer.Exit


def _as_command(name: str, member: Any) -> Any:
    if isinstance(member, typer.Typer):
        member.info.name = name
        return typer.main.get_command(member)
    app = typer.Typer(
        add_completion=False, rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]}
    )
    # A line of \b keeps the lines of the examples apart in the help text.
    text = (inspect.getdoc(member) or "").replace("\nExamples:\n", "\n\b\nExamples:\n")
    try:
        app.command(name, help=text)(member)
        return typer.main.get_command(app)
    except Exception as error:  # another distribution may register anything under a name
        raise EnvironmentFailed(
            "CTK404", f"the verb {name!r} is registered but is no command: {type(error).__name__}: {error}"
        ) from error


def _fail(error: CtkError, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    report_error(error)
    return error.exit_status


def _own_fault(error: Exception) -> InternalFault:
    last = traceback.extract_tb(error.__traceback__)[-1]
    fault = InternalFault(
        "CTK702",
        f"bug in ctk: {type(error).__name__}: {error} (in {last.name}, {last.filename.rsplit('/', 1)[-1]}:{last.lineno})",
        notes=["run again with --debug for the traceback, and report it with the command and its input"],
    )
    fault.__cause__ = error
    return fault
