"""The conversation with one SAP service: its CSRF token, and the cookies without which the token is worth nothing."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from shared.erp.connection import ErpConnection
from shared.erp.sap.failures import TokenRefused
from shared.errors import PermissionDenied

_TOKEN = "X-CSRF-Token"  # noqa: S105  # the header's name


@dataclass(frozen=True, slots=True)
class _Token:
    """A token and the Cookie header of its session. Kept together: the answer to somebody else's request may put
    another session into the connection's jar at any time. value "": SAP has no token, so it wants none."""

    value: str
    cookie: str

    @property
    def headers(self) -> dict[str, str]:
        named = {_TOKEN: self.value, "Cookie": self.cookie}
        return {name: value for name, value in named.items() if value}


class SapSession:
    """Reads and writes of one service; safe to share between threads. Paths are relative to the service's root.

    A token is asked for with the first read, which any answer may bring; a write before any read asks for it by itself.
    It serves until SAP refuses it.
    """

    def __init__(self, connection: ErpConnection, service_path: str) -> None:
        self._connection = connection
        self._root = service_path + "/"
        self._asking = threading.Lock()
        self._token: _Token | None = None

    def read(self, path: str, *, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """GET. Raises what `ErpConnection.read` raises."""
        # One asks; the others need no token to read, so they do not wait.
        if self._token is None and self._asking.acquire(blocking=False):
            try:
                if self._token is None:
                    response = self._connection.read(self._root + path, headers={**(headers or {}), _TOKEN: "Fetch"})
                    self._token = _token_in(response)
                    return response
            finally:
                self._asking.release()
        return self._connection.read(self._root + path, headers=headers)

    def write(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """Send a write with the token; once more, with a new one, if SAP refuses the token, since it did nothing then.

        Raises what `ErpConnection.write` raises; PermissionDenied if the new token is refused too.
        """
        token = self._token or self._asked(None)
        for last in (False, True):
            try:
                return self._connection.write(
                    method, self._root + path, headers={**(headers or {}), **token.headers}, **options
                )
            except TokenRefused:
                if last:
                    self._forget(token)
                    raise
                token = self._asked(token)
            except PermissionDenied:  # or something took away all that says that it is about the token
                self._forget(token)
                raise
        raise AssertionError("the second try either returns or raises")

    def _forget(self, token: _Token) -> None:
        """The next write asks for another one."""
        with self._asking:
            if self._token is token:
                self._token = None

    def _asked(self, refused: _Token | None) -> _Token:
        """A token other than the refused one; whoever comes while it is asked for takes what that one got."""
        with self._asking:
            if self._token is None or self._token is refused:
                response = self._connection.read(self._root, method="HEAD", headers={_TOKEN: "Fetch"})
                self._token = _token_in(response) or _Token("", _cookies_of(response))
            return self._token


def _token_in(response: httpx.Response) -> _Token | None:
    value = response.headers.get(_TOKEN, "")
    return None if value.lower() in ("", "fetch", "required") else _Token(value, _cookies_of(response))


def _cookies_of(response: httpx.Response) -> str:
    """The Cookie header of the session that answered: what the request sent, as changed by the answer."""
    sent = (pair.partition("=") for pair in response.request.headers.get("Cookie", "").split("; ") if pair)
    cookies = {name: value for name, _, value in sent}
    cookies |= {cookie.name: cookie.value or "" for cookie in response.cookies.jar}
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
