"""`ctk explain`: what an error code means and what to do."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer
from pydantic import BaseModel, ConfigDict, Field

from toolkit.commands.options import JsonTarget, PrintSchema, Quiet
from toolkit.commands.table import print_table
from toolkit.documents import Document, deliver, print_schema
from toolkit.explanations import Explanation, explanation, explanations
from toolkit.messages import set_quiet


class ExplainedCode(BaseModel):
    """One code: its page is Markdown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    title: str
    exit_status: int
    page: str


class ExplainDocument(Document):
    """``ctk.explain/1``: pages of error codes."""

    schema_: Literal["ctk.explain/1"] = Field(default="ctk.explain/1", alias="schema")
    codes: tuple[ExplainedCode, ...]


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
    if schema:
        print_schema(ExplainDocument)
        return
    set_quiet(quiet)
    pages = [explanation(code)] if code is not None else list(explanations().values())
    if deliver(ExplainDocument(codes=tuple(_explained(page) for page in pages)), json_target):
        return
    if code is None:
        print_table(
            ["code", "exit", "what happened"],
            [[page.code, str(page.exit_status), page.title] for page in pages],
            right=(1,),
        )
    else:
        _print_page(pages[0])


def _explained(page: Explanation) -> ExplainedCode:
    return ExplainedCode(code=page.code, title=page.title, exit_status=page.exit_status, page=page.text)


def _print_page(page: Explanation) -> None:
    if not sys.stdout.isatty():
        sys.stdout.write(page.text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(file=sys.stdout).print(Markdown(page.text))
