"""What `ctk explain` tells, as `ctk.explain/1`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from toolkit.documents import Document
from toolkit.explanations import Explanation


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


def explain_document(pages: Sequence[Explanation]) -> ExplainDocument:
    """The document of some pages, in their order."""
    return ExplainDocument(
        codes=tuple(
            ExplainedCode(code=page.code, title=page.title, exit_status=page.exit_status, page=page.text)
            for page in pages
        )
    )
