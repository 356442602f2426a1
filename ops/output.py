"""What verbs print: tables and lines for people, one JSON document for programs, complaints on standard error."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

# Columns that are wrapped on a terminal, between words. All others hold what one copies or types next.
FREE_TEXT = frozenset(
    {"as sent", "decided", "detail", "ERP", "erp", "erp_ids", "error", "last agreed", "MaintainX", "maintainx"}
    | {"problem", "reason", "result", "state", "value", "what", "work_orders"}
)
# So narrow that a sentence can still be read.
_FREE_TEXT_MIN = 16
_GAP = 2
_MOMENT = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)[T ](?P<minutes>\d\d:\d\d)(?P<seconds>:\d\d)(\.\d+)?(Z|\+00:00)")
_Row = Mapping[str, Any]


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


def print_table(columns: Iterable[str], rows: Iterable[_Row]) -> None:
    """A table with one line a row; columns are keys of the rows, None prints as nothing.

    Where the output is no terminal it is cut to no width: `grep` and `less -S` want whole lines. On a terminal only
    free text is wrapped, times are short, and columns that no row fills are left out; where that is too wide, each row
    is a block of lines instead.
    """
    columns = list(columns)
    texts = [{name: _text(row.get(name)) for name in columns} for row in rows]
    width = terminal_width()
    if width is None:
        given = [_Column(name, _title(name), [row[name] for row in texts]) for name in columns]
        Console(width=10_000, highlight=False).print(_table(given, [column.widest for column in given]))
        return
    filled = [name for name in columns if not texts or any(row[name] for row in texts)]
    given = [_short(_Column(name, _title(name), [row[name] for row in texts])) for name in filled]
    if sum(column.narrowest for column in given) + _GAP * (len(given) - 1) <= width:
        Console(width=width, highlight=False).print(_table(given, _widths(given, width)))
    else:
        _print_blocks(given, width)


def terminal_width() -> int | None:
    """Columns of the terminal that standard output goes to; None if it goes elsewhere."""
    return Console().width if sys.stdout.isatty() else None


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of a table, with the texts of all rows."""

    name: str
    title: str
    texts: list[str]

    @property
    def is_free(self) -> bool:
        """Whether it may be wrapped between words."""
        return self.name in FREE_TEXT

    @property
    def widest(self) -> int:
        """Room for every text on one line."""
        return max(map(cell_len, (self.title, *self.texts)))

    @property
    def narrowest(self) -> int:
        """Room for every text, if no word is broken and only free text is wrapped."""
        if not self.is_free:
            return self.widest
        words = [word for text in self.texts for word in text.split()]
        return max(map(cell_len, (self.title, *words, " " * min(self.widest, _FREE_TEXT_MIN))))


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _title(name: str) -> str:
    return name.replace("_", " ")


def _table(columns: list[_Column], widths: list[int]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, _GAP, 0, 0))
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column.title, no_wrap=width == column.widest, overflow="fold", width=width)
    for row in zip(*(column.texts for column in columns), strict=True):
        table.add_row(*map(Text, row))  # Text: a "[" in an error message is no markup
    return table


def _widths(columns: list[_Column], width: int) -> list[int]:
    """What each column gets: at least what it needs, and of the rest an equal share, or all that it can use."""
    widths = [column.narrowest for column in columns]
    left = width - sum(widths) - _GAP * (len(columns) - 1)
    wants = sorted((column.widest - widths[at], at) for at, column in enumerate(columns))
    for number, (wanted, at) in enumerate(wants):
        more = min(wanted, left // (len(wants) - number))
        widths[at] += more
        left -= more
    return widths


def _print_blocks(columns: list[_Column], width: int) -> None:
    """Each row as lines of a title and a value, with an empty line between rows. What is empty is left out."""
    console = Console(width=width, highlight=False)
    indent = max(cell_len(column.title) for column in columns) + _GAP
    room = max(width - indent, _FREE_TEXT_MIN)
    for number in range(len(columns[0].texts)):
        if number:
            console.print()
        for column in columns:
            text = column.texts[number]
            wrapped = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
            for at, line in enumerate(wrapped if column.is_free else [text] if text else []):
                title = "" if at else column.title
                console.print(Text.assemble((f"{title:<{indent}}", "bold"), line), soft_wrap=True)


def _short(column: _Column) -> _Column:
    """Moments without their date if that is today, and without seconds if not. Free text is never changed."""
    found = [_MOMENT.fullmatch(text) for text in column.texts]
    if column.is_free or not any(found):
        return column
    texts = [text if moment is None else _clock(moment) for text, moment in zip(column.texts, found, strict=True)]
    return _Column(column.name, f"{column.title} UTC", texts)


def _clock(moment: re.Match[str]) -> str:
    day, minutes, seconds = moment.group("day", "minutes", "seconds")
    return f"{minutes}{seconds}" if day == today_utc() else f"{day} {minutes}"


def today_utc() -> str:
    """The date as it stands at the beginning of a moment."""
    return f"{datetime.now(UTC):%Y-%m-%d}"
