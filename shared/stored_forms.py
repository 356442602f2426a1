"""What systems make of values by themselves when they store them. Pure."""

from __future__ import annotations

import html
import math
import re
import unicodedata
from typing import Any

from shared.values import same_value

# A shorter text is rather one that somebody shortened than one that a system cut.
_LEAST_CUT = 8
# What stands for a character that a system lacks, and how many of them for one.
_SIGNS = "?#\ufffd\u00bf"
_MOST_SIGNS = 4


def is_form_of(stored: Any, written: Any) -> bool:
    """Whether `stored` may be what a system made of a value that was written to it, by itself.

    Of texts: cut, in capitals, with `?` or nothing for characters that it lacks, other line ends and blanks, other
    Unicode forms, escaped as HTML, with or without zeros in front. Of numbers: rounded. Only a guess: for moments when
    nobody can tell a system's doing from a person's.
    """
    if same_value(stored, written):
        return True
    if isinstance(stored, int | float) and isinstance(written, int | float):
        return not isinstance(stored, bool | str) and any(math.isclose(round(written, n), stored) for n in range(7))
    if not isinstance(stored, str) or not isinstance(written, str):
        return False
    short, whole = _plain(stored), _plain(written)
    return bool(short) and _runs_along(short, whole)


def _runs_along(short: str, whole: str) -> bool:
    """Whether `short` is `whole`, perhaps cut, perhaps with other signs for what is beyond ASCII."""
    at = 0
    for here in range(len(whole)):
        if at == len(short):
            return len(short) >= _LEAST_CUT or not any(each.isascii() for each in whole[here:])
        if short[at] == whole[here]:
            at += 1
        elif whole[here].isascii():
            return False
        else:
            most = at + _MOST_SIGNS
            while at < min(most, len(short)) and short[at] in _SIGNS:
                at += 1
    return at == len(short)


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFC", html.unescape(text)).casefold()
    plain = re.sub(r"\s+", "", plain)
    return plain.lstrip("0") or plain
