"""How long a text is to the system that stores it, and how it is cut there at whole characters. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Literal

Lengths = Literal["characters", "utf16", "bytes"]
"""What a system counts: Unicode code points, UTF-16 code units (an emoji is two: SAP), or bytes of UTF-8."""

_JOINER = "\u200d"
_MARKS = frozenset({"Mn", "Me", "Mc"})


def length_of(text: str, lengths: Lengths) -> int:
    """How long the text is."""
    if lengths == "characters":
        return len(text)
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 if lengths == "utf16" else len(text.encode("utf-8"))


def cut(text: str, most: int, lengths: Lengths) -> str:
    """As many whole characters of its beginning as fit; whole as a person sees them: with accents, as one emoji."""
    if length_of(text, lengths) <= most:
        return text
    taken, room = [], most
    for character in _characters(text):
        room -= length_of(character, lengths)
        if room < 0:
            break
        taken.append(character)
    return "".join(taken)


def _characters(text: str) -> Iterator[str]:
    """What a person sees as one character each (the main rules of UAX #29: marks, joined emoji, flags, CR LF)."""
    current = ""
    for sign in text:
        if current and not _belongs(current, sign):
            yield current
            current = ""
        current += sign
    if current:
        yield current


def _belongs(current: str, sign: str) -> bool:
    if unicodedata.category(sign) in _MARKS or sign == _JOINER or _is_modifier(sign):
        return not current.endswith(("\r", "\n"))
    if current[-1] == _JOINER:
        return True
    if _is_flag_half(sign):
        return len(current) % 2 == 1 and all(map(_is_flag_half, current))
    return current == "\r" and sign == "\n"


def _is_modifier(sign: str) -> bool:
    """A skin colour, or a tag of a flag."""
    return "\U0001f3fb" <= sign <= "\U0001f3ff" or "\U000e0020" <= sign <= "\U000e007f"


def _is_flag_half(sign: str) -> bool:
    return "\U0001f1e6" <= sign <= "\U0001f1ff"
