"""What may be passed on of the words of HTTP libraries and of the other side. Pure.

A library that refuses our own request quotes it ("Illegal header value b'Bearer ...'"), and so do some servers
("'Bearer ...' not a valid key=value pair in Authorization header", AWS API Gateway). Log lines and dead letters have
more readers than secrets have. So of a library nothing is told but what is known to be about the network, and from an
answer our credentials are taken out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx

# What httpx and h11 say of an answer that breaks off, a proxy's status, and what `shared.http` says itself.
_KNOWN = re.compile(
    r"Server disconnected without sending a response"
    r"|peer closed connection without sending complete message body"
    r"( \((received \d+ bytes, expected \d+|incomplete chunked read)\))?"
    r"|the answer takes longer than there is time"
    r"|[45]\d\d\b"
)
_CREDENTIALS = ("Authorization", "Proxy-Authorization", "Cookie", "X-CSRF-Token")
CREDENTIALS_HEADER = "credentials_header"
"""Extension of a request that names one more header whose value is secret."""
_SHORTEST = 4  # what is shorter is no secret, and would be found in any text


def network_words(error: httpx.RequestError) -> str:
    """What the operating system, OpenSSL or one of httpx's fixed sentences says about the network; "" if none does."""
    for cause in _chain(error):
        if isinstance(cause, OSError) and cause.errno is not None and cause.strerror:
            return cause.strerror
    known = _KNOWN.match(str(error))
    return known[0] if known else ""


def in_words(error: httpx.RequestError) -> str:
    """The error's class, and what may be told of it."""
    return ": ".join(filter(None, (type(error).__name__, network_words(error))))


def without_words(error: httpx.RequestError) -> httpx.RequestError:
    """An error of the same class, on which callers decide, that says only what may be told and knows no request."""
    return type(error)(network_words(error))


def without_credentials(said: str, request: httpx.Request) -> str:
    """What the other side said, where it quotes the credentials that `request` carried."""
    for name in (*_CREDENTIALS, request.extensions.get(CREDENTIALS_HEADER, "")):
        value = request.headers.get(name, "")
        for piece in (value, value.partition(" ")[2]):  # of "Bearer TOKEN" also the token alone
            if len(piece) >= _SHORTEST:
                said = said.replace(piece, "[our credentials]")
    return said


def address(url: httpx.URL) -> str:
    """Host, port and path: where nothing answered. Neither the query nor credentials, which an address may hold."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{host}:{url.port or {'http': 80}.get(url.scheme, 443)}{url.path}"


def path_of(url: str) -> str:
    """The path of an address of any form, also one that is no URL; as `address`, without query and credentials."""
    return re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*", "", url).partition("?")[0]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
