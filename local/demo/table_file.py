"""Reads a table as people's programs write it: CSV and text of any common kind, SAP's list exports, Excel workbooks.

Taken as found: UTF-8, UTF-16 and Windows-1252; columns parted by comma, semicolon, tab or `|`; Excel's `sep=` line;
lines of a title above the headings; headings that come again on each page.
"""

from __future__ import annotations

import csv
import io
import itertools
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any

import openpyxl

_SEPARATORS = ",;\t|"
_HEAD_LINES = 40
_LONGEST_CELL = 500
_NEW_LINE = re.compile(r"\r\n|\n|\r")
_NO_VALUE = re.compile(rb"</f>\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
_NO_TABLES = {
    b"\xd0\xcf\x11\xe0": "is an Excel workbook of the old kind (.xls): save it as .xlsx or CSV",
    b"\x1f\x8b": "is compressed: unpack it first",
    b"%PDF": "is a PDF: export the list as .xlsx or CSV",
}

Score = Callable[[Sequence[str]], int]
"""How many of a row's cells are headings that we know."""


class UnusableFile(ValueError):
    """The file as a whole cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Table:
    """headings: as the user wrote them, and their line. rows: number of each row's first line (from 1), and its cells.

    separator: "" for a workbook. form: what the file is, for people. notes: what was left out, and how often.
    """

    separator: str
    line: int
    headings: list[str]
    rows: list[tuple[int, list[str]]]
    form: str
    notes: dict[str, int] = field(default_factory=dict)


def read_table(path: Path, score: Score) -> Table:
    """The table in `path`; empty lines, rules and repeated headings are left out. Raises UnusableFile."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UnusableFile(f"{path}: {error.strerror}") from error
    if not raw.strip():
        raise UnusableFile(f"{path}: the file is empty")
    for magic, reason in _NO_TABLES.items():
        if raw.startswith(magic):
            raise UnusableFile(f"{path}: {reason}")
    if raw.startswith(b"PK"):
        return _workbook(path, raw, score)
    text, encoding = _text(path, raw)
    if not text.strip():
        raise UnusableFile(f"{path}: the file is empty")
    separator, skipped = _separator(text, score)
    return _table(_rows(path, text, separator, skipped), score, separator, f"{_NAMES[separator]}, {encoding}")


_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def _table(rows: Iterable[tuple[int, list[str]]], score: Score, separator: str, form: str) -> Table:
    found = [(line, cells) for line, cells in rows if any(cell.strip("- \t*") for cell in cells)]
    place = max(range(min(len(found), _HEAD_LINES)), key=lambda at: (score(found[at][1]), -at), default=None)
    if place is None:
        return Table(separator, 1, [], [], form)
    line, cells = found[place]
    if not score(cells):  # no row of headings that we know: the first one is shown to the user
        (line, cells), place = found[0], 0
    headings = [heading.strip() for heading in cells]
    body = [(at, row) for at, row in found[place + 1 :] if [cell.strip() for cell in row] != headings]
    return Table(separator, line, headings, body, form)


def _text(path: Path, raw: bytes) -> tuple[str, str]:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif 3 * raw[:200].count(0) > len(raw[:200]):  # UTF-16 without its mark
        encodings = ["utf-16-be" if raw[:1] == b"\0" else "utf-16-le"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text, {"utf-8-sig": "UTF-8", "cp1252": "Windows-1252"}.get(encoding, "UTF-16")
    raise UnusableFile(f"{path}: is not text in UTF-8, UTF-16 or Windows-1252: save it as CSV UTF-8 or .xlsx")


def _separator(text: str, score: Score) -> tuple[str, int]:
    """What parts the columns, and how many lines say nothing but that.

    It is what Excel's `sep=` line says; else what makes most known headings of a line near the top, then most columns.
    """
    head = list(itertools.islice(io.StringIO(text, newline=None), _HEAD_LINES))
    first = head[0].strip().strip('"').lower()
    if first.startswith("sep=") and len(first) == 5 and first[4] in _SEPARATORS:
        return first[4], 1
    if head[0].lower().strip(' "\r\n') == "sep=":  # sep=<tab>, its blank stripped
        return "\t", 1

    def worth(separator: str) -> tuple[int, int]:
        rows = [_parsed(line, separator) for line in head]
        return max(score(row) for row in rows), max(len(row) for row in rows)

    return max(_SEPARATORS, key=worth), 0


def _parsed(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line[: csv.field_size_limit()].rstrip("\r\n")], delimiter=separator), [])
    except csv.Error:
        return []


def _rows(path: Path, text: str, separator: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """All rows with their first lines. A line with quotes that are none (`6" pipe`) is taken as it stands."""
    lines = _NEW_LINE.split(text)
    at = skipped
    while at < len(lines):
        try:
            cells, length = _row(lines[at : at + _LONGEST_CELL], separator)
        except csv.Error as error:
            raise UnusableFile(f"{path}: line {at + 1}: {_reason(str(error))}") from error
        yield at + 1, cells
        at += length


def _row(lines: Sequence[str], separator: str) -> tuple[list[str], int]:
    """The row that begins with the first of these lines, and how many it has. Raises csv.Error."""
    quote_is_open = lines[0].count('"') % 2 == 1
    for length in range(1, len(lines) + 1 if quote_is_open else 2):
        if length > 1 and '"' not in lines[length - 1]:
            continue
        try:
            (cells,) = csv.reader(["\n".join(lines[:length])], delimiter=separator, strict=True)
        except ValueError:  # an empty line
            return [], 1
        except csv.Error as error:
            if "unexpected end of data" not in str(error):
                break
        else:
            if length > 1 and all(line.count(separator) == len(cells) - 1 for line in lines[:length]):
                break  # each of the lines is a row by itself
            return cells, length
    (cells,) = csv.reader([lines[0]], delimiter=separator, quoting=csv.QUOTE_NONE)
    return cells, 1


def _reason(error: str) -> str:
    if "field larger than field limit" in error:
        return f"a cell has more than {csv.field_size_limit():,} characters"
    return f"is not CSV: {error}"


def _workbook(path: Path, raw: bytes, score: Score) -> Table:
    """The sheet with most known headings, the first of these."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, of which nothing is read
            book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
            sheets = [(sheet.title, list(_sheet_rows(sheet))) for sheet in book.worksheets]
            formulas = _formulas_without_value(raw)
    except Exception as error:  # of a damaged file openpyxl raises whatever it comes to
        raise UnusableFile(f"{path}: is no Excel workbook that can be read: save it as .xlsx or CSV") from error
    if not sheets:
        raise UnusableFile(f"{path}: the workbook has no sheet with cells")
    tables = [_table(rows, score, "", f"Excel workbook, sheet {title}") for title, rows in sheets]
    best = max(tables, key=lambda table: (score(table.headings), bool(table.headings)))
    if formulas:
        best.notes["formulas without a value (save the workbook in Excel once): left out"] = formulas
    for (title, _), table in zip(sheets, tables, strict=True):
        if table is not best and table.rows and score(table.headings) > 1:
            best.notes[f"rows of sheet {title}: not read"] = len(table.rows)
    return best


def _formulas_without_value(raw: bytes) -> int:
    """How many there are: programs other than Excel do not work them out."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        return sum(len(_NO_VALUE.findall(archive.read(name))) for name in sheets)


def _sheet_rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    sheet.reset_dimensions()  # some programs write a wrong size
    for line, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        if any(cell is not None for cell in cells):
            yield line, [_shown(cell) for cell in cells]


def _shown(cell: object) -> str:
    """A workbook's cell as text: dates in ISO 8601, numbers with a point."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return str(cell)
