"""The tree of errors: complete, and every leaf says whether to try again."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

import pytest

import shared
from shared import errors
from shared.errors import BridgeError, PermanentError, RateLimited, RemoteRejected, TransientError
from shared.ingress import Refused
from shared.pubsub.envelope import MalformedEnvelope

CLASSES = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, BridgeError)]
LEAVES = [value for value in CLASSES if value not in (BridgeError, TransientError, PermanentError)]


def drawn_tree() -> dict[str, str]:
    """Class -> parent, as the docstring draws it: a branch is three characters deep for each level."""
    above: list[str] = []
    found: dict[str, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^(?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+)(\s{2,}|$)", line)
        if match is None:
            continue
        depth = len(match["branch"]) // 4
        above[depth:] = [match["name"]]
        found[match["name"]] = above[depth - 1] if depth else "Exception"
    return found


def test_docstring_draws_every_class_under_its_parent() -> None:
    assert drawn_tree() == {value.__name__: value.__bases__[0].__name__ for value in CLASSES}


def test_every_error_is_either_transient_or_permanent(subtests: pytest.Subtests) -> None:
    for error in LEAVES:
        with subtests.test(error=error):
            assert issubclass(error, TransientError) != issubclass(error, PermanentError)
            assert error.transient is issubclass(error, TransientError)


def test_errors_defined_elsewhere_are_transient_or_permanent_too() -> None:
    for module in pkgutil.walk_packages(shared.__path__, "shared."):
        importlib.import_module(module.name)
    pending, found = [BridgeError], set()
    while pending:
        for child in pending.pop().__subclasses__():
            if child.__module__.startswith("shared."):
                found.add(child)
            pending.append(child)
    undecided = {error for error in found if not issubclass(error, (TransientError, PermanentError))}
    assert undecided == {Refused}  # an answer of webhook_ingress, where no message exists yet
    assert MalformedEnvelope in found


def test_wish_of_the_other_side_is_kept() -> None:
    assert RateLimited("slow down", retry_after_s=7.5).retry_after_s == 7.5
    assert RateLimited("slow down").retry_after_s is None
    assert RemoteRejected("no", status=422).status == 422
