"""List calls: a sorted slice of names and the token of the next one."""

from __future__ import annotations

from collections.abc import Iterable

MAX_PAGE = 1000


def page(names: Iterable[str], page_size: int, page_token: str) -> tuple[list[str], str]:
    """Up to `page_size` (0 = the most) of `names` after `page_token`, and the token of the following page or ""."""
    size = min(page_size, MAX_PAGE) if page_size > 0 else MAX_PAGE
    following = sorted(name for name in names if name > page_token)
    return following[:size], following[size - 1] if len(following) > size else ""
