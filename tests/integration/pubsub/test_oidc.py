"""The token of a push request, verified as a function would verify Google's."""

from __future__ import annotations

from pathlib import Path

import google.auth.transport.requests
import pytest
from google.auth import exceptions
from google.oauth2 import id_token

from local.pubsub.delivery.oidc import TokenIssuer, key_from_file, new_key
from local.pubsub.testing import running_server
from tests.integration.pubsub.conftest import clients_of
from tests.integration.pubsub.receiver import Receiver

ACCOUNT = "push@demo.iam.gserviceaccount.com"


@pytest.mark.parametrize("audience", ["", "https://my-function"])
def test_the_token_of_a_push_verifies_against_the_served_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, receiver: Receiver, audience: str
) -> None:
    with running_server(tmp_path) as server, clients_of(server.address, monkeypatch) as bench:
        topic = bench.topic()
        token = {"service_account_email": ACCOUNT, "audience": audience}
        bench.subscription(topic, push_config={"push_endpoint": receiver.url, "oidc_token": token})
        bench.publish(topic, {"data": b"x"})
        [request] = receiver.wait_for(1)
        scheme, bearer = request.headers["authorization"].split()
        transport = google.auth.transport.requests.Request()
        expected = audience or receiver.url
        claims = id_token.verify_token(bearer, transport, audience=expected, certs_url=server.certs_url)
        with pytest.raises((ValueError, exceptions.GoogleAuthError)):
            id_token.verify_token(bearer, transport, audience="https://other", certs_url=server.certs_url)
    assert scheme == "Bearer"
    assert (claims["iss"], claims["email"], claims["email_verified"]) == (
        "https://accounts.google.com",
        ACCOUNT,
        True,
    )
    assert claims["exp"] - claims["iat"] == 3600


def test_a_token_is_used_again_until_it_has_ten_minutes_left() -> None:
    now = [1_800_000_000.0]
    issuer = TokenIssuer(new_key(), clock=lambda: now[0])
    first = issuer.token(ACCOUNT, "a")
    now[0] += 3000
    assert issuer.token(ACCOUNT, "a") == first
    assert issuer.token(ACCOUNT, "b") != first
    now[0] += 1
    assert issuer.token(ACCOUNT, "a") != first


def test_a_key_in_a_file_is_the_same_after_a_restart_and_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "oidc.pem"
    first, second = TokenIssuer(key_from_file(path)), TokenIssuer(key_from_file(path))
    assert first.key_id == second.key_id
    assert path.stat().st_mode & 0o077 == 0


def test_a_key_file_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "oidc.pem"
    path.write_text("nothing")
    with pytest.raises(ValueError, match="PEM"):
        key_from_file(path)
