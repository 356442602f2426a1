"""A secret that cannot be what `auth` wants is named, and not sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.config.erp import ErpConfig
from shared.erp.connection import ErpConnection
from shared.errors import RemoteRejected, SecretMissing
from shared.secrets import Secrets

OAUTH = {"auth": "oauth", "oauth": {"token_url": "https://login.test/token"}}
FORMS = {"basic": "user:password", "oauth": "client_id:client_secret"}


class Erp:
    """Takes whatever comes, and keeps it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, rest: dict[str, Any]) -> None:
        self.seen: list[httpx.Request] = []
        self.now_s = 0.0
        self.token = "t"
        self._secret = folder / "erp-token"
        monkeypatch.setenv("SECRETS_DIR", str(folder))
        settings = {
            "adapter": "rest",
            "base_url": "https://erp.test",
            "mapping": "m",
            "credentials_secret": "erp-token",
        }
        config = ErpConfig.model_validate({**settings, "rest": rest})
        secrets = Secrets(clock=lambda: self.now_s)
        self.connection = ErpConnection(config, secrets, transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return httpx.Response(200, json={"access_token": self.token})

    def hold(self, text: str) -> None:
        self._secret.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("rest", [{"auth": "basic"}, OAUTH], ids=["basic", "oauth"])
@pytest.mark.parametrize("text", ["token-without-a-colon", "user:", ":password"])
def test_a_secret_that_is_no_pair_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: dict[str, Any], text: str
) -> None:
    erp = Erp(tmp_path, monkeypatch, rest)
    erp.hold(text)
    with pytest.raises(SecretMissing) as caught:
        erp.connection.read("/orders")
    assert str(caught.value) == f"secret erp-token does not hold {FORMS[rest['auth']]}; correct it"
    assert erp.seen == []
    erp.hold("user:pass:word")
    erp.now_s += 10  # a better version counts as soon as that of a secret that was missing
    erp.connection.read("/orders")
    assert erp.seen[-1].url.path == "/orders"


@pytest.mark.parametrize("auth", ["bearer", "api_key"])
def test_a_token_or_key_may_be_any_text_that_a_header_can_carry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, auth: str
) -> None:
    erp = Erp(tmp_path, monkeypatch, {"auth": auth})
    erp.hold("token-without-a-colon")
    erp.connection.read("/orders")
    assert len(erp.seen) == 1


def test_an_access_token_that_no_header_can_carry_is_refused_and_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    erp = Erp(tmp_path, monkeypatch, OAUTH)
    erp.hold("id:secret")
    for erp.token in ("a-token\nb", "a-token\u200b"):
        with pytest.raises(RemoteRejected, match="erp token server: the access_token h") as caught:
            erp.connection.read("/orders")
        assert "a-token" not in str(caught.value)
    assert {request.url.path for request in erp.seen} == {"/token"}
