"""What a secret may look like for each use, and what is said of one that may not: never the secret."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.secret_forms import CLIENT_ID_AND_SECRET, HEADER, LINES, USER_AND_PASSWORD, oddity, rows, text_of, trimmed

FORMS = {"header": HEADER, "pair": USER_AND_PASSWORD, "client": CLIENT_ID_AND_SECRET, "lines": LINES}
ONE_LINE = ("header", "pair", "client")
MARK = "Kx7markQ9"
EVERY = ("header", "pair", "client", "lines")
# The secret, and what is said of it where it is used like this; it is taken where nothing stands.
TABLE: list[tuple[str, tuple[str, ...], str]] = [
    ("id:secret", EVERY, ""),
    ("id:se cret #~!", EVERY, ""),
    ("no-colon", ("pair",), "does not hold user:password"),
    ("no-colon", ("client",), "does not hold client_id:client_secret"),
    (":secret", ("pair",), "does not hold user:password"),
    ("id:", ("pair",), "does not hold user:password"),
    ("no-colon", ("header", "lines"), ""),
    ("id:new\nid:old", ONE_LINE, "has 2 lines where one is wanted"),
    ("id:new\r\n\r\nid:old\rid:older", ONE_LINE, "has 3 lines where one is wanted"),
    ("id:new\r\n\n  id:old\rid:older", ("lines",), ""),
    ("\ufeffid:x", ONE_LINE, "holds U+FEFF BYTE ORDER MARK, which nobody sees (character 1)"),
    ("a\n\ufeffid:x", ("lines",), "holds U+FEFF BYTE ORDER MARK, which nobody sees (character 1 of line 2)"),
    ("id:\u200bx", ONE_LINE, "holds U+200B ZERO WIDTH SPACE, which nobody sees (character 4)"),
    ("id:x\u200b", ("lines",), "holds U+200B ZERO WIDTH SPACE, which nobody sees (character 5 of line 1)"),
    ("id:\u00adx", EVERY[1:3], "holds U+00AD SOFT HYPHEN, which nobody sees (character 4)"),
    ("id:\u00a0x", ONE_LINE, "holds U+00A0 NO-BREAK SPACE, which nobody sees (character 4)"),
    ("id:\u2028x", ("lines",), "holds U+2028 LINE SEPARATOR, which nobody sees (character 4 of line 1)"),
    ("id:\u3164x", ("pair",), "holds U+3164 HANGUL FILLER, which nobody sees (character 4)"),
    ("id:\tx", ONE_LINE, "holds U+0009 TAB, which nobody sees (character 4)"),
    ("id:\0x", ONE_LINE, "holds U+0000 NULL, which nobody sees (character 4)"),
    ("id:\x85x", ("lines",), "holds U+0085 (a control character), which nobody sees (character 4 of line 1)"),
    ("id:\udcffx", ("lines",), "holds U+DCFF (half a character, or a byte that is not UTF-8), which nobody sees"),
    ("id:x\u2013y", ("header",), "holds U+2013 EN DASH, which a header cannot carry (character 5)"),
    ("id:\u00fc", ("header",), "holds U+00FC LATIN SMALL LETTER U WITH DIAERESIS, which a header cannot carry"),
    ("id:x\u2013\u00fc\U0001f600", ("pair", "client", "lines"), ""),
]


def test_each_use_takes_what_it_can_and_says_what_is_odd_about_the_rest() -> None:
    for secret, uses, said in TABLE:
        for use in uses:
            found = oddity(secret, FORMS[use])
            assert found.startswith(said) and bool(found) == bool(said), (secret, use, found)  # noqa: PT018  # a table


def test_lines_are_counted_with_the_empty_ones_and_with_those_that_cannot_be_used() -> None:
    assert rows("a\r\n\r\n  b \rc\nd\u2028e\n") == ("a", "", "b", "c", "d\u2028e", "")


@given(st.text(max_size=10), st.sampled_from(sorted(FORMS)))
def test_at_most_the_odd_character_is_told_and_what_is_taken_can_be_used(text: str, use: str) -> None:
    secret = f"{MARK}{text}{MARK}"
    said = oddity(secret, FORMS[use])
    assert MARK not in said
    assert said.isprintable()
    if not said and use == "header":
        assert secret.encode("ascii").decode().isprintable()
    if not said and use != "lines":
        assert len(secret.splitlines()) == 1


def test_mark_that_windows_puts_before_a_text_does_not_belong_to_it() -> None:
    assert text_of(b"\xef\xbb\xbfa\n") == "\ufeffa\n"
    assert trimmed("\ufeff a\r\n") == "a"
    assert trimmed("a\ufeff") == "a\ufeff"
    assert text_of("a".encode("utf-16")) is None
