"""The HTTP connection to one ERP: its credentials, and what an answer that never came means for a write."""

from __future__ import annotations

import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from shared.config.erp import ErpConfig
from shared.config.erp_connection import ConnectionConfig, OAuthConfig
from shared.errors import (
    AuthenticationFailed,
    NotTakenOn,
    OutcomeUnknown,
    RateLimited,
    RemoteRejected,
    RemoteUnavailable,
)
from shared.http import Explain, Judge, open_client, send
from shared.http_words import CREDENTIALS_HEADER
from shared.secret_forms import CLIENT_ID_AND_SECRET, HEADER, USER_AND_PASSWORD, oddity
from shared.secrets import Secrets

_CONNECT_TIMEOUT_S = 5.0
# The request never left this machine, so the ERP cannot have acted on it.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
# A token is given up that much before it ends, since it has to get to the ERP too.
_TOKEN_MARGIN_S = 30.0
_TOKEN_LIFETIME_S = 300.0  # if the server does not say


class ErpConnection:
    """Sends with the site's credentials; safe to share between threads. transport: only for tests.

    headers: sent with every request, beside `Accept: application/json`. explain: what this ERP's unsuccessful answers
    say, for the messages of errors; judge: the errors that they mean, where the status does not tell. Cookies are kept,
    as sessions need them.
    """

    def __init__(
        self,
        config: ErpConfig,
        secrets: Secrets,
        *,
        headers: Mapping[str, str] | None = None,
        explain: Explain | None = None,
        judge: Judge | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        settings = config.connection
        self.settle_s = settings.settle_s
        self._secret_name = config.credentials_secret if settings.auth != "none" else None
        self._form = _FORMS.get(settings.auth, HEADER)
        self._secrets = secrets
        self._explain = explain
        self._judge = judge
        self._client = open_client(
            base_url=config.base_url,
            timeout=httpx.Timeout(settings.timeout_s, connect=min(_CONNECT_TIMEOUT_S, settings.timeout_s)),
            transport=transport,
            headers={"Accept": "application/json", **(headers or {})},
        )
        self._authorization_header = settings.authorization_header
        self._authorization = _authorization(settings, self._client)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def read(
        self, url: str, *, method: str = "GET", refused_for_now: frozenset[int] = frozenset(), **options: Any
    ) -> httpx.Response:
        """GET or HEAD. Raises what `shared.http.send` raises; refused credentials are read anew once."""
        return self._send(method, url, refused_for_now=refused_for_now, **options)

    def write(
        self, method: str, url: str, *, refused_for_now: frozenset[int] = frozenset(), **options: Any
    ) -> httpx.Response:
        """Send a write, once; OutcomeUnknown if the ERP may have done it although it did not say so.

        So it is too if the answer is no JSON (a login page, say): something before the ERP may have given it.
        """
        try:
            response = self._send(method, url, refused_for_now=refused_for_now, **options)
        except (RateLimited, NotTakenOn):
            raise
        except RemoteUnavailable as error:
            # 503 with Retry-After is a refusal in so many words: the ERP did not take the request on.
            if isinstance(error.__cause__, _NOT_SENT) or error.retry_after_s is not None:
                raise
            raise OutcomeUnknown(str(error)) from error
        if response.content.strip():
            try:
                response.json()
            except ValueError as error:
                raise OutcomeUnknown(_no_json(response)) from error
        return response

    def _send(self, method: str, url: str, **options: Any) -> httpx.Response:
        """Send with the credentials as remembered; once more with those of the moment if the ERP refuses them."""
        try:
            return self._send_once(method, url, anew=False, **options)
        except AuthenticationFailed:
            if self._secret_name is None:
                raise
            return self._send_once(method, url, anew=True, **options)

    def _send_once(self, method: str, url: str, *, anew: bool, **options: Any) -> httpx.Response:
        headers = dict(options.pop("headers", None) or {})
        if self._secret_name is not None:
            secret = (self._secrets.refresh if anew else self._secrets.get)(self._secret_name, self._form)
            headers[self._authorization_header] = self._authorization(secret, anew)
        options = {"explain": self._explain, "judge": self._judge, **options}
        named = {CREDENTIALS_HEADER: self._authorization_header}
        return send(self._client, method, url, system="erp", headers=headers, extensions=named, **options)


def json_of(response: httpx.Response) -> Any:
    """The JSON of an answer to a read; RemoteUnavailable if it is none: something before the ERP answered for it."""
    try:
        return response.json()
    except ValueError as error:
        raise RemoteUnavailable(_no_json(response)) from error


def object_of(response: httpx.Response) -> dict[str, Any]:
    """The JSON object in an answer; empty if there is none."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _no_json(response: httpx.Response) -> str:
    request, kind = response.request, response.headers.get("Content-Type", "no Content-Type")
    return f"erp: {request.method} {request.url.path}: {response.status_code}, but the body is not JSON ({kind})"


Authorization = Callable[[str, bool], str]
"""The header's value from the secret; the flag says that the last one was refused."""


def _authorization(settings: ConnectionConfig, client: httpx.Client) -> Authorization:
    if settings.oauth is not None:
        return _ClientCredentials(settings.oauth, client)
    return _PLAIN[settings.auth]


class _ClientCredentials:
    """Tokens of the client credentials grant (RFC 6749, 4.4), each used until shortly before it ends."""

    def __init__(self, settings: OAuthConfig, client: httpx.Client) -> None:
        self._settings = settings
        self._client = client
        self._mutex = threading.Lock()
        self._secret, self._token, self._until_s = "", "", 0.0

    def __call__(self, secret: str, anew: bool) -> str:
        with self._mutex:
            if anew or secret != self._secret or time.monotonic() >= self._until_s:
                self._token, lifetime_s = self._ask(secret)
                self._secret, self._until_s = secret, time.monotonic() + lifetime_s - _TOKEN_MARGIN_S
            return f"Bearer {self._token}"

    def _ask(self, secret: str) -> tuple[str, float]:
        form = {"grant_type": "client_credentials"}
        if self._settings.scope is not None:
            form["scope"] = self._settings.scope
        response = send(
            self._client,
            "POST",
            self._settings.token_url,
            system="erp token server",
            data=form,
            headers={"Authorization": _basic(secret, False)},
        )
        answer = json_of(response)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise RemoteRejected("erp token server: the answer has no access_token", status=response.status_code)
        if odd := oddity(token, HEADER):
            raise RemoteRejected(f"erp token server: the access_token {odd}", status=response.status_code)
        lifetime_s = answer.get("expires_in")
        return token, float(lifetime_s) if isinstance(lifetime_s, int | float) else _TOKEN_LIFETIME_S


def _basic(pair: str, _anew: bool) -> str:
    return f"Basic {b64encode(pair.encode()).decode()}"


def _bearer(token: str, _anew: bool) -> str:
    return f"Bearer {token}"


def _api_key(key: str, _anew: bool) -> str:
    return key


def _nothing(_secret: str, _anew: bool) -> str:
    raise AssertionError("auth: none reads no secret")


# What the secret must be, where it is no header's value.
_FORMS = {"basic": USER_AND_PASSWORD, "oauth": CLIENT_ID_AND_SECRET}
_PLAIN: dict[str, Authorization] = {"bearer": _bearer, "basic": _basic, "api_key": _api_key, "none": _nothing}
