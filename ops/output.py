"""What verbs print: tables and lines for people, one JSON document for programs, complaints on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


def complain(message: str) -> None:
    """One line on standard error, whatever the message holds."""
    typer.echo("; ".join(" ".join(line.split()) for line in message.splitlines()), err=True)


def note(message: str) -> None:
    """Progress for people, on standard error, so that standard output stays what was asked for."""
    typer.secho(message, err=True, dim=sys.stderr.isatty())


def print_json(value: Any) -> None:
    """The one document of a verb. Times are written as text."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def say(text: str) -> None:
    """A line for people."""
    typer.echo(text)


def print_table(columns: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """A table with one line a row; columns are keys of the rows, None prints as nothing.

    Cut to no width where the output is no terminal: `grep` and `less -S` want whole lines.
    """
    columns = list(columns)
    table = Table(*(name.replace("_", " ") for name in columns), box=None, header_style="bold", pad_edge=False)
    for column in table.columns:
        column.no_wrap = not sys.stdout.isatty()
        column.overflow = "fold"
    for row in rows:
        # Text: a "[" in an error message is no markup.
        table.add_row(*(Text("" if row.get(name) is None else str(row[name])) for name in columns))
    Console(width=None if sys.stdout.isatty() else 10_000, highlight=False).print(table)
