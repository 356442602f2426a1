"""Runs verbs as an operator does, in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from ops.__main__ import app

Ops = Callable[..., Result]
_WRITTEN = ("GOOGLE_CLOUD_PROJECT", "RESOURCE_PREFIX", "BIGQUERY_DATASET", "FIRESTORE_DATABASE", "CONFIG_DIR")


@pytest.fixture(autouse=True)
def _no_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _WRITTEN:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ops() -> Iterator[Ops]:
    """`ops("config", "check")`: its exit code, output and errors. Verbs write the environment; it is put back."""
    kept = {name: os.environ.get(name) for name in _WRITTEN}
    yield lambda *words: CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    for name, value in kept.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
