"""What systems count of a text, and where it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.lengths import Lengths, cut, length_of

EMOJI, FAMILY, FLAG, THUMB = (
    "\U0001f600",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "\U0001f1e9\U0001f1ea",
    "\U0001f44d\U0001f3fd",
)


def test_each_system_counts_in_its_own_way(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, int, int, int]] = [
        ("seal", 4, 4, 4),
        ("Pr\u00fcfung", 7, 7, 8),
        ("e\u0301", 2, 2, 3),
        ("\u6f22\u5b57", 2, 2, 6),
        (EMOJI, 1, 2, 4),
        (FAMILY, 5, 8, 18),
        ("", 0, 0, 0),
    ]
    for text, characters, utf16, size in cases:
        with subtests.test(text=text):
            assert (length_of(text, "characters"), length_of(text, "utf16"), length_of(text, "bytes")) == (
                characters,
                utf16,
                size,
            )


def test_a_text_is_cut_at_what_a_person_sees_as_characters(subtests: pytest.Subtests) -> None:
    cases: list[tuple[str, int, Lengths, str]] = [
        ("x" * 39 + EMOJI, 40, "utf16", "x" * 39),
        (EMOJI * 21, 40, "utf16", EMOJI * 20),
        (f"ab{FAMILY}", 9, "utf16", "ab"),
        (f"ab{FAMILY}", 10, "utf16", f"ab{FAMILY}"),
        (f"a{FLAG}{FLAG}", 6, "utf16", f"a{FLAG}"),
        (f"a{THUMB}", 3, "utf16", "a"),
        ("ae\u0301", 2, "characters", "a"),
        ("a\u2764\ufe0f", 2, "characters", "a"),
        ("a\r\nb", 2, "characters", "a"),
        ("\u00fc\u00fc", 3, "bytes", "\u00fc"),
        ("\u00fc", 1, "bytes", ""),
        ("seal", 4, "bytes", "seal"),
    ]
    for text, most, lengths, expected in cases:
        with subtests.test(text=text, most=most, lengths=lengths):
            assert cut(text, most, lengths) == expected


@given(st.text(max_size=60), st.integers(0, 60), st.sampled_from(["characters", "utf16", "bytes"]))
def test_what_is_cut_fits_and_is_a_beginning(text: str, most: int, lengths: Lengths) -> None:
    short = cut(text, most, lengths)
    assert text.startswith(short)
    assert length_of(short, lengths) <= most
    assert short == text or length_of(text, lengths) > most
