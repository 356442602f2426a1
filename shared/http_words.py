"""What may be passed on of the words of HTTP libraries and of the other side. Pure.

A library that refuses our own request quotes it ("Illegal header value b'Bearer ...'"), and so do some servers
("'Bearer ...' not a valid key=value pair in Authorization header", AWS API Gateway). Log lines and dead letters have
more readers than secrets have. So of a library nothing is told but what is known to be about the network, and from an
answer our credentials are taken out.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress

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
_SHORTEST_SESSION = 8  # a cookie may as well hold `true` or a language


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
    names = (*_CREDENTIALS, request.extensions.get(CREDENTIALS_HEADER, ""))
    pieces = {piece for name in names for piece in _pieces(request.headers.get(name, "")) if len(piece) >= _SHORTEST}
    cookies = (cookie.partition("=")[2].strip() for cookie in request.headers.get("Cookie", "").split(";"))
    pieces |= {value for value in cookies if len(value) >= _SHORTEST_SESSION}
    for piece in sorted(pieces, key=len, reverse=True):  # one may be part of another
        said = said.replace(piece, "[our credentials]")
    return said


def _pieces(value: str) -> Iterator[str]:
    """What a server may repeat of a header: all, a token without "Bearer", a password."""
    yield value
    scheme, _, token = value.partition(" ")
    yield token
    if scheme.lower() == "basic":
        with suppress(ValueError):  # it is not base64 of UTF-8
            pair = b64decode(token).decode()
            yield from (pair, pair.partition(":")[2])


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
