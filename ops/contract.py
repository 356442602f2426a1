"""`ops contract`: what of MaintainX's API the bundle uses, and what a newer version of it would break."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ops.exits import OK, WRONG, one_line_errors
from ops.output import AsJson, print_json, print_table, say
from shared.maintainx.contract import compare, dumps, load_document, shipped, summarise

app = typer.Typer(
    no_args_is_help=True,
    help="Compare MaintainX's API document with what this bundle uses of it.",
    rich_markup_mode="markdown",
)

Document = Annotated[Path, typer.Argument(help="MaintainX's OpenAPI document, from https://api.getmaintainx.com.")]


@app.command()
@one_line_errors
def diff(
    document: Document,
    breaking: Annotated[bool, typer.Option("--breaking", help="Show only what breaks something.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what a newer document changes of what is used. Exit code 1 if something that is used broke.

    Gone operations, fields, webhook types and enumeration values break, as do changed types and request fields that
    became required. Additions are shown for information.
    """
    changes = compare(shipped(), summarise(load_document(document)))
    breaks = sum(change.breaks for change in changes)
    shown = [change for change in changes if change.breaks or not breaking]
    if as_json:
        print_json({"breaks": breaks, "changes": [asdict(change) for change in shown]})
    else:
        if shown:
            print_table(
                ("breaks", "where", "field", "what"),
                [{**asdict(change), "breaks": "breaks" if change.breaks else ""} for change in shown],
            )
        say(f"{breaks} breaking, {len(changes) - breaks} other changes of what this bundle uses")
    raise typer.Exit(WRONG if breaks else OK)


@app.command()
@one_line_errors
def summary(
    document: Document,
    _as_json: Annotated[bool, typer.Option("--json", help="Changes nothing: it is one JSON document anyway.")] = False,
) -> None:
    """Print the summary of what is used of a document: the content of shared/maintainx/contract/summary.json."""
    typer.echo(dumps(summarise(load_document(document))), nl=False)


@app.command()
@one_line_errors
def uses(as_json: AsJson = False) -> None:
    """List the operations and webhook types that this bundle uses, with the number of fields of each."""
    known = shipped()
    counts = Counter({name.removesuffix(" answer"): len(table) for name, table in known.tables.items()})
    names = [*known.operations, *sorted(name for name in known.tables if name.startswith("webhook "))]
    rows = [
        {
            "name": name,
            "query": len(known.tables.get(f"{name} query", ())),
            "request": len(known.tables.get(f"{name} request", ())),
            "read": counts[name],
        }
        for name in names
    ]
    if as_json:
        print_json(rows)
    else:
        print_table(("name", "query", "request", "read"), rows)
