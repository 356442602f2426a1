"""The parked address: where a subscription points while its secret may be unknown here."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from shared.ingress import webhook_url
from shared.maintainx.signature import URI_SIGNATURE_HEADER, sign
from tests.fakes.clock import Clock
from tests.fakes.publisher import FakePublisher
from tests.fakes.settings import SITES, Settings
from tests.unit.conftest import LogLines
from tests.unit.functions.deliveries import GENUINE, AsgiClient

Load = Callable[[], AsgiClient]
PARKED = GENUINE.but(path=GENUINE.path + "/parked")


@pytest.mark.parametrize(("secret", "verified"), [(GENUINE.secret, True), ("not known yet", False)])
def test_delivery_is_answered_and_not_published(
    secret: str, verified: bool, ingress: Load, broker: FakePublisher, logged: LogLines
) -> None:
    client = ingress()
    logged()
    answer = PARKED.but(secret=secret).send(client)
    assert (answer.status_code, answer.json()) == (200, {"status": "parked", "verified": verified})
    assert broker.published == []
    (line,) = [line for line in logged() if line.get("reason") == "parked"]
    assert (line["outcome"], line["site"], line["verified"]) == ("skipped", "plant-1", verified)


def test_asking_there_makes_a_new_secret_known(configured: Settings, ingress: Load, secrets_clock: Clock) -> None:
    client = ingress()
    assert GENUINE.send(client).status_code == 202
    configured.write_secret("webhook-new-work-order", f"the new one\n{GENUINE.secret}")
    secrets_clock.now_s += 10
    assert PARKED.but(secret="the new one").send(client).json()["verified"]
    assert GENUINE.but(secret="the new one").send(client).status_code == 202


def test_uri_is_that_of_the_parked_address(configured: Settings, ingress: Load) -> None:
    (configured.config / "sites.yaml").write_text(f"public_url: https://bridge.example.com\n{SITES}")
    client = ingress()
    for parked in (True, False):
        uri = webhook_url("https://bridge.example.com", "plant-1", "NEW_WORK_ORDER", parked=parked).encode()
        signed = PARKED.but(headers={URI_SIGNATURE_HEADER: sign(uri, PARKED.secret, int(time.time()))})
        assert signed.send(client).json()["verified"] is parked


@pytest.mark.parametrize("path", ["/webhooks/plant-1/NEW_VENDOR/parked", "/webhooks/nowhere/NEW_WORK_ORDER/parked"])
def test_only_wanted_types_have_one(path: str, ingress: Load) -> None:
    assert PARKED.but(path=path).send(ingress()).status_code == 404
