"""Finds things in an answer's JSON by the dotted paths of the configuration, and what an answer says is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx


def at(body: Any, path: str) -> Any:
    """What is at a dotted path such as `d.results`; None where the path ends early.

    A name that has dots itself is found too (`@odata.nextLink`), and in a list a number is a position.
    """
    return next(_all_at(body, path, through_lists=False), None)


def _all_at(body: Any, path: str, *, through_lists: bool) -> Iterator[Any]:
    """What is at the path; `through_lists`, in each item of a list on the way."""
    names = path.split(".")
    if isinstance(body, Mapping):
        for taken in range(len(names), 0, -1):
            name, rest = ".".join(names[:taken]), ".".join(names[taken:])
            if name in body:
                yield from _all_at(body[name], rest, through_lists=through_lists) if rest else [body[name]]
                return
    elif isinstance(body, list) and names[0].isdecimal():
        for item in body[int(names[0]) :][:1]:
            rest = ".".join(names[1:])
            yield from _all_at(item, rest, through_lists=through_lists) if rest else [item]
    elif isinstance(body, list) and through_lists:
        for item in body:
            yield from _all_at(item, path, through_lists=True)


def explanation(paths: tuple[str, ...]) -> Callable[[httpx.Response], str]:
    """How to read an unsuccessful answer: all texts at these paths, those in lists too; else the body as it is."""

    def explain(response: httpx.Response) -> str:
        try:
            body = response.json()
        except ValueError:
            return response.text
        found = (said for path in paths for said in _all_at(body, path, through_lists=True))
        texts = dict.fromkeys(str(said) for said in found if isinstance(said, str | int | float) and said != "")
        return ": ".join(texts) or response.text

    return explain
