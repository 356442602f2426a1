"""Very many cases in one test: all of them are tried, and those that fail are named, with the way to run one alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import pytest

ONLY = "CASE"
_SHOWN = 5


def try_each(cases: Mapping[str, Callable[[], object]]) -> None:
    """Try all cases, or the one that $CASE names. Raises what went wrong in the first few of those that failed.

    For hundreds of cases, where a subtest for each would cost more than the cases themselves.
    """
    wanted = os.environ.get(ONLY)
    failed: dict[str, BaseException] = {}
    for name, check in cases.items() if wanted is None else [(wanted, cases[wanted])]:
        try:
            check()
        except (Exception, pytest.fail.Exception) as error:
            error.add_note(f'This case alone: {ONLY}="{name}" python -m pytest "{_test()}"')
            failed[name] = error
    if failed:
        names = "; ".join(list(failed)[:_SHOWN])
        raise BaseExceptionGroup(f"{len(failed)} of {len(cases)} cases failed: {names}", list(failed.values())[:_SHOWN])


def _test() -> str:
    return os.environ.get("PYTEST_CURRENT_TEST", "").removesuffix(" (call)")
