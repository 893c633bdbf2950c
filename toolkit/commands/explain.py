"""`ctk explain`: what an error code means and what to do."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from toolkit.commands.options import JsonTarget, PrintSchema, Quiet
from toolkit.commands.table import print_table
from toolkit.messages import set_quiet

if TYPE_CHECKING:
    from toolkit.explanations import Explanation

# Heavy modules are imported inside the function: `ctk --help` loads this file for its first line of help.


def command(
    code: Annotated[
        str | None, typer.Argument(metavar="CODE", help="CTK503, ctk503 or 503; all codes by default.")
    ] = None,
    quiet: Quiet = False,
    json_target: JsonTarget = None,
    schema: PrintSchema = False,
) -> None:
    """Explain an error code: what it means, why it is an error, what to do, an example.

    Examples:
      ctk explain
      ctk explain CTK503
      ctk explain 503 --json - | jq -r '.codes[0].page'
    """
    from toolkit.documents import deliver, print_schema
    from toolkit.explain_document import ExplainDocument, explain_document
    from toolkit.explanations import explanation, explanations

    if schema:
        print_schema(ExplainDocument)
        return
    set_quiet(quiet)
    pages = [explanation(code)] if code is not None else list(explanations().values())
    if deliver(explain_document(pages), json_target):
        return
    if code is None:
        print_table(
            ["code", "exit", "what happened"],
            [[page.code, str(page.exit_status), page.title] for page in pages],
            right=(1,),
        )
    else:
        _print_page(pages[0])


def _print_page(page: Explanation) -> None:
    if not sys.stdout.isatty():
        sys.stdout.write(page.text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(file=sys.stdout).print(Markdown(page.text))
