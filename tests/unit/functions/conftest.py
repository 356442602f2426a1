"""Functions loaded as functions-framework loads them, with a configuration of their own and a fake broker."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import functions_framework
import functions_framework.aio
import pytest
from flask.testing import FlaskClient

from shared import bootstrap
from shared.pubsub.async_publisher import async_publisher
from shared.pubsub.publisher import publisher
from shared.secrets import secrets
from tests.fakes.budgets import MemoryBudgets
from tests.fakes.clock import Clock
from tests.fakes.process import forget
from tests.fakes.publisher import AsyncFakePublisher, FakePublisher, patch_into
from tests.fakes.settings import Settings, write_settings
from tests.fakes.state import MemoryStateStore
from tests.unit.conftest import LogLines
from tests.unit.functions.deliveries import AsgiClient

FUNCTIONS = Path(__file__).resolve().parents[3] / "functions"


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> FakePublisher:
    """What the functions of this test publish to."""
    fake = FakePublisher()
    patch_into(monkeypatch, publisher, fake)
    monkeypatch.setattr(async_publisher, "publish_all", AsyncFakePublisher(fake).publish_all)
    return fake


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> MemoryStateStore:
    """Where the functions of this test claim events."""
    store = MemoryStateStore()
    monkeypatch.setattr(bootstrap, "state_store", lambda: store)
    return store


@pytest.fixture
def secrets_clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which the process's secrets grow old; nothing is remembered yet."""
    clock = Clock()
    monkeypatch.setattr(secrets, "_clock", clock)
    monkeypatch.setattr(secrets, "_cache", {})
    return clock


@pytest.fixture
def configured(
    tmp_path: Path, secrets_clock: Clock, logged: LogLines, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """The configuration of tests.fakes.settings, as the process finds it; edit it before loading a function."""
    settings = write_settings(tmp_path)
    monkeypatch.setenv("CONFIG_DIR", str(settings.config))
    monkeypatch.setenv("SECRETS_DIR", str(settings.secrets))
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "")  # nothing may reach Secret Manager
    monkeypatch.setenv("FUNCTION_TARGET", "")  # the framework writes it
    monkeypatch.setattr(os, "register_at_fork", lambda **_: None)
    budgets = MemoryBudgets()
    monkeypatch.setattr(bootstrap, "rate_budgets", lambda: budgets)
    monkeypatch.setattr(sys, "path", sys.path[:])
    before = sys.modules.get("main")
    forget()
    yield settings
    forget()
    sys.modules.pop("main", None)
    if before is not None:
        sys.modules["main"] = before


@pytest.fixture
def ingress(configured: Settings, broker: FakePublisher) -> Callable[[], AsgiClient]:
    """Loads webhook_ingress and gives a client of its ASGI application."""
    source = str(FUNCTIONS / "webhook_ingress" / "main.py")
    framework: Any = functions_framework.aio
    return lambda: AsgiClient(framework.create_asgi_app(target="webhook_ingress", source=source))


@pytest.fixture
def load(configured: Settings, broker: FakePublisher, state: MemoryStateStore) -> Callable[[str], FlaskClient]:
    """Loads a function of the threaded framework by its folder's name and gives a client of its application."""

    def load_function(name: str) -> FlaskClient:
        framework: Any = functions_framework
        client: FlaskClient = framework.create_app(name, str(FUNCTIONS / name / "main.py"), "http").test_client()
        return client

    return load_function
