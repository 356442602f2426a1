"""Exit codes, and which error means which: what a script that calls a verb can rely on."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import httpx
import typer
from google.auth.exceptions import DefaultCredentialsError

from ops.output import complain
from shared.errors import BridgeError, TransientError
from shared.http_words import in_words

OK = 0
WRONG = 1
"""The question was answered, and the answer is bad news."""
USAGE = 2
"""The command, the configuration or the rights do not allow the question to be asked."""
UNREACHABLE = 3
"""Something that had to answer did not; trying again may help."""

P = ParamSpec("P")
R = TypeVar("R")

_NO_CREDENTIALS = "no Google credentials: run `gcloud auth application-default login`"


def one_line_errors(verb: Callable[P, R]) -> Callable[P, R]:
    """Make expected errors of a verb one line on standard error and an exit code; anything else is a fault of ours."""

    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return verb(*args, **kwargs)
        except DefaultCredentialsError:
            complain(_NO_CREDENTIALS)
            raise typer.Exit(USAGE) from None
        except (BridgeError, httpx.TransportError) as error:
            complain(said(error))
            raise typer.Exit(exit_code(error)) from None

    return run


def said(error: Exception) -> str:
    """An error in one line. Of an HTTP library's words only those that cannot quote what was sent."""
    return in_words(error) if isinstance(error, httpx.RequestError) else f"{type(error).__name__}: {error}"


def exit_code(error: Exception) -> int:
    """What trying again would change decides: a transient error is UNREACHABLE, a permanent one USAGE."""
    return UNREACHABLE if isinstance(error, TransientError | httpx.TransportError) else USAGE
