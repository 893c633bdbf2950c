"""Options that mean the same in every verb, defined once (DESIGN §4)."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

JsonTarget = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="FILE",
        help="Write the document as JSON; - is standard output, with nothing else on it.",
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No notes, progress or summary; answers, warnings and errors stay."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")]
PrintSchema = Annotated[
    bool, typer.Option("--print-schema", help="Print the JSON schema of the document and stop.")
]
ModelName = Annotated[str | None, typer.Option("--model", metavar="NAME", help="Model card.")]
Threads = Annotated[
    int | None,
    typer.Option("--threads", metavar="N", min=1, help="Threads; physical cores by default."),
]
WeightsKind = Annotated[
    Literal["released", "synthetic"] | None,
    typer.Option(
        "--weights", help="Which weights of the model card; the released ones where they are there."
    ),
]
