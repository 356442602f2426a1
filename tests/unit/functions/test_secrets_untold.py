"""A secret in an odd form, through everything that uses one: refused by name, and in no log line, error or letter.

Each case is also run as if nobody looked at the form, since HTTP libraries quote what they refuse.
"""

from __future__ import annotations

import json
import logging
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from shared import bootstrap
from shared.config.erp import ErpConfig
from shared.erp.adapters import make_adapter
from shared.events import Event
from shared.outcomes import Outcome, done
from shared.secrets import Secrets, secrets
from tests.fakes.events import make_event, push_body
from tests.fakes.publisher import FakePublisher
from tests.fakes.settings import SITES, Settings
from tests.unit.conftest import LogLines
from tests.unit.functions.deliveries import GATEWAY, GENUINE, AsgiClient
from tests.unit.functions.record_server import MaintainX, running_maintainx
from tests.unit.pubsub.handler_bench import Bench

MARK = "Kx7markQ9"
AUTHS: dict[str, dict[str, Any]] = {
    "bearer": {"auth": "bearer"},
    "api_key": {"auth": "api_key"},
    "basic": {"auth": "basic"},
    "oauth": {"auth": "oauth", "oauth": {"token_url": "TOKEN_URL"}},
}
TWO_LINES = "two lines, the old below"
# Of no use to anybody, but for the first; what only a header cannot carry comes below.
ODD = {
    TWO_LINES: f"{MARK}a:{MARK}b\n{MARK}c:{MARK}d",
    "two marks before it": f"\ufeff\ufeff{MARK}:{MARK}",
    "zero width": f"{MARK}:\u200b{MARK}",
    "null": f"{MARK}:{MARK}\0{MARK}",
    "escape": f"{MARK}:{MARK}\x1b[0m{MARK}",
    "tab": f"{MARK}:{MARK}\t{MARK}",
    "line separator": f"{MARK}:{MARK}\u2028{MARK}",
    "no-break space": f"{MARK}:{MARK}\u00a0{MARK}",
    "not UTF-8": f"{MARK}:{MARK}\udcff",
    "UTF-16": f"{MARK}:{MARK}",
}
ODD_IN_A_HEADER = {
    **ODD,
    "dash of a word processor": f"{MARK}:{MARK}\u2013{MARK}",
    "umlaut": f"{MARK}:{MARK}\u00fc",
}


def written(kind: str, value: str) -> bytes:
    """The secret's file: as somebody's editor leaves it."""
    return value.encode("utf-16") if kind == "UTF-16" else value.encode(errors="surrogateescape")


def told_by(error: BaseException) -> Iterator[str]:
    yield from traceback.format_exception(error)
    below: BaseException | None = error
    while below is not None:
        yield from (str(below), repr(below), repr(vars(below)))
        below = below.__cause__ or (None if below.__suppress_context__ else below.__context__)


class Errors:
    """The handler of an event that makes one call, and keeps what that raises."""

    def __init__(self, call: Callable[[], object]) -> None:
        self._call = call
        self._caught: list[Exception] = []

    def handle(self, _: Event) -> Outcome:
        try:
            self._call()
        except Exception as error:
            self._caught.append(error)
            raise
        return done("called")

    def told(self) -> Iterator[str]:
        """All that anybody who is given the errors may write down."""
        for error in self._caught:
            yield from told_by(error)


def assert_untold(told: str, value: str) -> None:
    for text in (MARK, b64encode(value.encode(errors="surrogateescape")).decode()):
        assert text not in told
    assert MARK.encode("utf-16-le").decode("latin-1") not in told


@pytest.fixture(autouse=True)
def _everything_is_logged_and_buried(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("MAX_DELIVERY_ATTEMPTS", "5")
    caplog.set_level(logging.DEBUG)


@pytest.fixture
def maintainx(configured: Settings) -> Iterator[MaintainX]:
    with running_maintainx() as server:
        text = SITES.replace("organization_id: 4242", f"organization_id: 4242\n      base_url: {server.url}", 1)
        (configured.config / "sites.yaml").write_text(text)
        yield server


def maintainx_read() -> object:
    return bootstrap.maintainx_client("plant-1").get_work_order(9001001)


def erp_search(auth: str, url: str) -> Callable[[], object]:
    rest = json.loads(json.dumps(AUTHS[auth]).replace("TOKEN_URL", f"{url}/token"))
    settings = {"adapter": "rest", "base_url": url, "mapping": "m", "credentials_secret": "api-key-1", "rest": rest}
    return lambda: make_adapter(ErpConfig.model_validate(settings), Secrets()).find_by_reference("r")


@pytest.mark.parametrize("looked_at", [True, False])
@pytest.mark.parametrize("client", ["MaintainX", *AUTHS])
def test_credentials_in_an_odd_form_are_told_nobody(
    client: str,
    looked_at: bool,
    configured: Settings,
    maintainx: MaintainX,
    logged: LogLines,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not looked_at:
        monkeypatch.setattr("shared.secrets.oddity", lambda *_: "")
    call = maintainx_read if client == "MaintainX" else erp_search(client, maintainx.url)
    for kind, value in (ODD if client in ("basic", "oauth") else ODD_IN_A_HEADER).items():
        secrets._cache.clear()
        caplog.clear()
        (configured.secrets / "api-key-1").write_bytes(written(kind, value))
        bench, errors = Bench(), Errors(call)
        status = bench.push(errors.handle, attempt=5)
        if looked_at:
            (letter,) = bench.letters()
            assert (status, letter["error_class"]) == (204, "SecretMissing"), kind
            assert "secret api-key-1 " in letter["error_message"], kind
            assert maintainx.asked == [], kind
        told = [json.dumps(logged(), ensure_ascii=False), caplog.text, *(repr(vars(each)) for each in caplog.records)]
        told += map(str, bench.letters())
        told += errors.told()
        assert_untold("\n".join(told), value)


@pytest.mark.parametrize("looked_at", [True, False])
def test_addresses_in_an_odd_form_are_told_nobody(
    looked_at: bool,
    load: Callable[[str], FlaskClient],
    configured: Settings,
    maintainx: MaintainX,
    broker: FakePublisher,
    logged: LogLines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not looked_at:
        monkeypatch.setattr("shared.secret_forms._why_not", lambda *_: "")
    notify = load("notify")
    url = maintainx.url.removeprefix("http://").partition("/")[0]
    for kind, value in ODD_IN_A_HEADER.items():
        secrets._cache.clear()
        broker.published.clear()
        rows = (f"json://{row}@{url}/{MARK}" for row in value.split("\n"))
        (configured.secrets / "notify-urls").write_bytes(written(kind, "\n".join(rows)))
        body = push_body(make_event(event_id=f"{kind} {looked_at}"), attempt=5)
        notify.post("/", data=body, content_type="application/json")
        (letter,) = broker.published
        if looked_at and kind in ODD.keys() - {TWO_LINES}:
            assert letter.attributes["error_class"] == "SecretMissing", kind
            assert "secret notify-urls " in letter.attributes["error_message"], kind
        assert_untold(json.dumps([logged(), letter.attributes], ensure_ascii=False), value)


def test_signing_secrets_in_an_odd_form_are_told_nobody(
    ingress: Callable[[], AsgiClient], configured: Settings, broker: FakePublisher, logged: LogLines
) -> None:
    client = ingress()
    for path, name in ((GENUINE.path, "webhook-new-work-order"), (GATEWAY, "gateway")):
        for kind, value in ODD.items():
            secrets._cache.clear()
            (configured.secrets / name).write_bytes(written(kind, value))
            answer = GENUINE.but(path=path, secret="another").send(client)
            lines = logged()
            assert answer.status_code == 401, kind
            if kind != TWO_LINES:
                assert f"secret {name} " in json.dumps(lines), kind
                assert [line["reason"] for line in lines if line.get("status") == 401] == ["no_secret"], kind
            assert_untold(json.dumps(lines, ensure_ascii=False) + answer.text, value)
    assert broker.published == []
