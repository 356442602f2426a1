"""What a secret must look like for its use, and what is odd about one that does not.

Told by place and kind, never by the value: of a secret nothing is shown but the one character that does not belong
there. Pure. Sources: RFC 9110, 5.5 (what a header takes; HTTP libraries send ASCII only), RFC 7617, 2 (user:password).
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """What one use takes. pair: how the two parts with a colon between are called; "" if it is not of two parts."""

    ascii: bool = False
    several_lines: bool = False
    pair: str = ""


HEADER = Form(ascii=True)
"""The value of an HTTP header, or a part of one: an API key, a token."""
USER_AND_PASSWORD = Form(pair="user:password")
CLIENT_ID_AND_SECRET = Form(pair="client_id:client_secret")
LINES = Form(several_lines=True)
"""Values one a line: signing secrets, addresses."""
LINE = Form()
"""One of them."""

_MARK = "\ufeff"
# Nobody sees these, but `isprintable` lets them pass (Unicode: Default_Ignorable_Code_Point; the blank of Braille).
# Variation selectors belong to an emoji and change its looks.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
# What Unicode has no name for.
_NAMES = {_MARK: "BYTE ORDER MARK", "\0": "NULL", "\t": "TAB", "\x1b": "ESCAPE", "\x7f": "DELETE"}
_KINDS = {"Cc": "(a control character)", "Cs": "(half a character, or a byte that is not UTF-8)"}


def oddity(secret: str, form: Form) -> str:
    """What keeps a secret from being used like this, to be said after its name; "" if nothing does."""
    found = rows(secret)
    if not form.several_lines and (count := sum(map(bool, found))) > 1:
        return f"has {count} lines where one is wanted"
    for number, row in enumerate(found, start=1):
        if not _why_not(row, form):  # at once: this is asked with every delivery
            continue
        for place, character in enumerate(row, start=1):
            if why := _why_not(character, form):
                where = f"character {place} of line {number}" if form.several_lines else f"character {place}"
                return f"holds {_named(character)}, {why} ({where})"
    first, _, second = secret.partition(":")
    if form.pair and not (first and second):
        return f"does not hold {form.pair}"
    return ""


def rows(secret: str) -> tuple[str, ...]:
    """The lines as they stand, the empty ones too, so that they can be counted; without white space around them."""
    return tuple(row.strip() for row in secret.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def text_of(data: bytes) -> str | None:
    """UTF-8 as text; None if it is not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:  # which carries the secret: it must not be the cause of anything
        return None


def trimmed(text: str) -> str:
    """Without surrounding white space and the byte order mark that editors on Windows put before a text."""
    return text.removeprefix(_MARK).strip()


def why_no_text(data: bytes) -> str:
    """What to say of bytes of which `text_of` makes nothing."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "is UTF-16, not UTF-8 text: save it as UTF-8"
    return "is not UTF-8 text"


def _why_not(text: str, form: Form) -> str:
    """What is wrong with a character, or with one in a text."""
    if not text.isprintable() or not (text.isascii() or _UNSEEN.isdisjoint(text)):
        return "which nobody sees"
    return "which a header cannot carry" if form.ascii and not text.isascii() else ""


def _named(character: str) -> str:
    import unicodedata  # a table of a megabyte, for a secret that is odd

    kind = _KINDS.get(unicodedata.category(character), "")
    name = _NAMES.get(character) or unicodedata.name(character, kind)
    return f"U+{ord(character):04X} {name}".rstrip()
