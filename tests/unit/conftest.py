"""What unit tests share: log lines as they leave the process, and logging put back as it was."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from shared.logs import configure_logging

LogLines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _logging_restored() -> Iterator[None]:
    """Functions replace the root's handlers when their modules are loaded."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> LogLines:
    """Gives the log lines written since the last call, also by a function's module that configures logging itself.

    Without the line that says what starts: a test may load several functions.
    """
    output = io.StringIO()
    # Not sys.stdout itself: pytest puts its own there again between set-up and test.
    monkeypatch.setattr("shared.logs.sys", SimpleNamespace(stdout=output))
    monkeypatch.delenv("LOG_LEVEL", raising=False)
    configure_logging("test")

    def lines() -> list[dict[str, Any]]:
        text = output.getvalue()
        output.seek(0)
        output.truncate()
        return [line for line in map(json.loads, text.splitlines()) if "commit" not in line]

    return lines
