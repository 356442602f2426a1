"""Reads a CSV file as spreadsheets write them: UTF-8, columns parted by comma, semicolon or tab."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SEPARATORS = ",;\t"


class UnusableFile(ValueError):
    """The file as a whole cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Table:
    """headings: as the user wrote them. rows: number of the first line of each (from 1), and its cells."""

    separator: str
    headings: list[str]
    rows: list[tuple[int, list[str]]]


def read_table(path: Path) -> Table:
    """The table in `path`; empty lines are left out. Raises UnusableFile."""
    text = _text(path)
    separator = _separator(text)
    rows = list(_rows(path, text, separator))
    headings = [heading.strip() for heading in rows[0][1]] if rows else []
    return Table(separator, headings, rows[1:])


def _text(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UnusableFile(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text.partition("\n")[0]:  # UTF-16 without its mark is UTF-8 with a zero in every other byte
        raise UnusableFile(f"{path}: is not text in UTF-8: save it as CSV UTF-8")
    return text


def _separator(text: str) -> str:
    """The one that parts the first line into most columns; a comma if none does."""
    first_line = next((line for line in text.splitlines() if line.strip()), "")[: csv.field_size_limit()]
    return max(_SEPARATORS, key=lambda separator: len(next(csv.reader([first_line], delimiter=separator), [])))


def _rows(path: Path, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnusableFile(f"{path}: line {line}: {_reason(str(error))}") from error


def _reason(error: str) -> str:
    if "unexpected end of data" in error:
        return "a quote is opened and not closed"
    if "field larger than field limit" in error:
        return f"a cell has more than {csv.field_size_limit():,} characters: is a quote not closed?"
    return f"is not CSV: {error}"
