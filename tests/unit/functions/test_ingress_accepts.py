"""Good deliveries, rotation of secrets, and a start that refuses a wrong configuration."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.errors import ConfigError
from shared.events import event_identity
from shared.maintainx.signature import BODY_SIGNATURE_HEADER, URI_SIGNATURE_HEADER, sign
from shared.secrets import secrets
from tests.fakes.clock import Clock
from tests.fakes.publisher import FakePublisher
from tests.fakes.settings import SECRETS, SITES, Settings
from tests.unit.conftest import LogLines
from tests.unit.functions.deliveries import BODY, GATEWAY, GENUINE, STATUS_CHANGE, AsgiClient, Delivery

Load = Callable[[], AsgiClient]
NAME = "webhook-new-work-order"


def test_delivery_is_published_with_its_attributes_before_the_answer(
    ingress: Load, broker: FakePublisher, logged: LogLines
) -> None:
    client = ingress()
    logged()
    answer = GENUINE.send(client)
    event_id = event_identity("plant-1", "NEW_WORK_ORDER", BODY)
    assert (answer.status_code, answer.json()) == (202, {"status": "queued", "event_id": event_id})
    (message,) = broker.to("events")
    event = message.event
    assert (event.event_id, event.site, event.type, event.resource_id, event.source, event.origin) == (
        event_id,
        "plant-1",
        "work_order.created",
        "9001001",
        "webhook",
        "NEW_WORK_ORDER",
    )
    assert event.data == json.loads(BODY)
    assert message.attributes == event.attributes()
    line = next(line for line in logged() if line["message"] == "accepted")
    assert (line["event_id"], line["site"], line["type"]) == (event_id, "plant-1", "work_order.created")
    assert (line["webhook_type"], line["resource_id"]) == ("NEW_WORK_ORDER", "9001001")
    assert (line["outcome"], line["message_id"], line["severity"]) == ("accepted", "1", "INFO")


def test_body_that_names_another_type_than_its_address_is_accepted_and_told(ingress: Load, logged: LogLines) -> None:
    client = ingress()
    logged()
    assert GENUINE.but(body=b'{"eventType": "WORK_ORDER_DELETE", "workOrderId": 1}').send(client).status_code == 202
    line = next(line for line in logged() if line["message"] == "accepted")
    assert (line["severity"], line["contradicting_type"]) == ("WARNING", "WORK_ORDER_DELETE")


def test_same_delivery_twice_has_the_same_id(ingress: Load, broker: FakePublisher) -> None:
    client = ingress()
    ids = {GENUINE.send(client).json()["event_id"] for _ in range(2)}
    assert len(ids) == 1
    assert len(broker.published) == 2  # telling duplicates apart is for those who act on them


def test_unknown_fields_and_types_are_taken_in(ingress: Load, broker: FakePublisher, subtests: pytest.Subtests) -> None:
    cases: list[tuple[Delivery, str]] = [
        (GENUINE.but(body=b"{}"), "work_order.created"),
        (GENUINE.but(body=b'{"somethingNew": {"deep": [1, null]}, "workOrderId": {"odd": 1}}'), "work_order.created"),
        (GENUINE.but(body=b'{"title": "half \\ud83d"}'), "work_order.created"),
        (GENUINE.but(body='{"title": "Ölwechsel 漏れ"}'.encode()), "work_order.created"),
        (GENUINE.but(body=b'{"workOrderId": "' + b"9" * 5000 + b'"}'), "work_order.created"),
        (GENUINE.but(path="/webhooks/plant-1/NEW_WORK_ORDER/"), "work_order.created"),
        (GENUINE.but(age_s=290), "work_order.created"),
        (GENUINE.but(headers={"Content-Type": "text/plain"}), "work_order.created"),
        (
            Delivery(path="/webhooks/plant-1/SOMETHING_NEW", secret=SECRETS["webhook-something-new"]),
            "maintainx.something_new",
        ),
        (
            Delivery(STATUS_CHANGE, b'{"workOrderId": 1, "newStatus": "DONE"}', SECRETS["webhook-status-change"]),
            "work_order.completed",
        ),
        (
            Delivery(GATEWAY, b'{"event": "pump.exploded", "data": {"id": "P-7"}, "more": 1}', SECRETS["gateway"]),
            "pump.exploded",
        ),
    ]
    client = ingress()
    for delivery, event_type in cases:
        with subtests.test(delivery=delivery):
            broker.published.clear()
            assert delivery.send(client).status_code == 202
            (message,) = broker.published
            assert message.event.type == event_type


def test_headers_of_the_delivery_are_not_published(ingress: Load, broker: FakePublisher) -> None:
    GENUINE.but(headers={"Authorization": "Bearer token-1", "X-Api-Key": "token-2"}).send(ingress())
    published = broker.published[0].data.decode() + json.dumps(broker.published[0].attributes)
    assert "token" not in published
    assert "v1=" not in published


@pytest.mark.parametrize(
    ("secrets_used", "status"), [((GENUINE.secret, "guess"), 202), (("guess", GENUINE.secret), 401)]
)
def test_of_two_signature_headers_the_first_counts(secrets_used: tuple[str, str], status: int, ingress: Load) -> None:
    headers = [(BODY_SIGNATURE_HEADER, sign(BODY, secret, int(time.time()))) for secret in secrets_used]
    assert ingress().request("POST", GENUINE.path, content=BODY, headers=headers).status_code == status


@pytest.mark.parametrize("path", ["/healthz", "/health", "/health/"])
def test_health_needs_no_signature_and_no_broker(path: str, ingress: Load, broker: FakePublisher) -> None:
    broker.go_down()
    client = ingress()
    answer = client.request("GET", path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert client.request("HEAD", path).status_code == 200
    answer = client.request("POST", path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_uri_signature_is_required_with_a_public_url(configured: Settings, ingress: Load) -> None:
    (configured.config / "sites.yaml").write_text(f"public_url: https://bridge.example.com\n{SITES}")
    client = ingress()
    assert GENUINE.send(client).status_code == 401
    uri = f"https://bridge.example.com{GENUINE.path}".encode()
    signed = GENUINE.but(headers={URI_SIGNATURE_HEADER: sign(uri, GENUINE.secret, int(time.time()))})
    assert signed.send(client).status_code == 202
    elsewhere = GENUINE.but(headers={URI_SIGNATURE_HEADER: sign(uri + b"X", GENUINE.secret, int(time.time()))})
    assert elsewhere.send(client).status_code == 401


# Rotation of secrets


def test_both_values_of_a_secret_are_accepted_while_it_is_rotated(configured: Settings, ingress: Load) -> None:
    configured.write_secret(NAME, "the new one\ncorrect horse\n")
    client = ingress()
    found = [GENUINE.but(secret=secret).send(client).status_code for secret in ("the new one", "correct horse", "x")]
    assert found == [202, 202, 401]
    assert GENUINE.but(secret="the new one\ncorrect horse").send(client).status_code == 401


@pytest.mark.parametrize("text", ["new\u200bone\ncorrect horse\n", "correct horse\r\n\r\nnew\u2028one"])
def test_line_that_was_pasted_badly_refuses_no_delivery_signed_with_another(
    text: str, configured: Settings, ingress: Load, logged: LogLines
) -> None:
    configured.write_secret(NAME, text)
    client = ingress()
    assert GENUINE.but(secret="correct horse").send(client).status_code == 202
    (warning,) = [line for line in logged() if line["severity"] == "WARNING"]
    assert warning["message"].startswith(f"secret {NAME}: line ")
    assert [GENUINE.but(secret=bad).send(client).status_code for bad in ("new", "one", "newone")] == [401] * 3


def test_new_secret_is_accepted_before_the_old_one_is_forgotten(
    configured: Settings, ingress: Load, secrets_clock: Clock
) -> None:
    client = ingress()
    assert GENUINE.send(client).status_code == 202
    configured.write_secret(NAME, "the new one")
    secrets_clock.now_s += 10
    assert GENUINE.but(secret="the new one").send(client).status_code == 202
    assert GENUINE.send(client).status_code == 401


def test_forged_deliveries_do_not_make_us_read_secrets_more_than_every_ten_seconds(
    ingress: Load, secrets_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[str] = []
    read = secrets._read

    def counted(name: str) -> str:
        reads.append(name)
        return read(name)

    monkeypatch.setattr(secrets, "_read", counted)
    client = ingress()
    forged = GENUINE.but(secret="guess")
    for _ in range(5):
        assert forged.send(client).status_code == 401
    assert len(reads) == 1
    secrets_clock.now_s += 9.9
    assert forged.send(client).status_code == 401
    assert len(reads) == 1
    secrets_clock.now_s += 0.1
    for _ in range(5):
        assert forged.send(client).status_code == 401
    assert len(reads) == 2


# Starting


@pytest.mark.parametrize(
    ("broken", "starts"),
    [("sites.yaml", False), ("routes.yaml", True), ("mappings/m.yaml", True)],
)
def test_wrong_sites_stop_the_start_and_wrong_routes_do_not_stop_deliveries(
    broken: str, starts: bool, configured: Settings, ingress: Load
) -> None:
    (configured.config / broken).write_text("nonsense: 1\n")
    if starts:
        assert GENUINE.send(ingress()).status_code == 202
    else:
        with pytest.raises(ConfigError, match=r"sites\.yaml:1"):
            ingress()


ROOT = Path(__file__).resolve().parents[3]
HEAVY = (
    "google.cloud.bigquery",
    "google.cloud.firestore",
    "google.cloud.pubsub_v1",
    "google.cloud.secretmanager",
    "google.api_core",
    "grpc",
    "apprise",
    "httpx",
    "requests",
)
CEILINGS = {
    "webhook_ingress": HEAVY,
    "event_router": ("google.cloud.bigquery", "google.cloud.firestore", "google.cloud.pubsub_v1", "apprise", "httpx"),
    "notify": ("google.cloud.bigquery", "google.cloud.firestore", "google.cloud.pubsub_v1"),
    "dlq_replay": ("google.cloud.bigquery", "google.cloud.firestore", "google.cloud.pubsub_v1", "apprise", "httpx"),
}


def test_import_of_a_function_leaves_heavy_packages_out(configured: Settings, subtests: pytest.Subtests) -> None:
    for function in CEILINGS:
        with subtests.test(function=function):
            script = (
                "import importlib.util, sys\n"
                f"spec = importlib.util.spec_from_file_location('main', 'functions/{function}/main.py')\n"
                "spec.loader.exec_module(importlib.util.module_from_spec(spec))\n"
                f"print(sorted(set({CEILINGS[function]!r}) & set(sys.modules)))"
            )
            environment: dict[str, Any] = {"PYTHONPATH": str(ROOT), "CONFIG_DIR": str(configured.config)}
            done = subprocess.run(
                [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
            )
            assert done.returncode == 0, done.stderr
            assert done.stdout.splitlines()[-1] == "[]"
