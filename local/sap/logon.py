"""Who is asking: Basic or a bearer token, the SAP client, the session; and the endpoint that gives tokens."""

from __future__ import annotations

import binascii
import hmac
import secrets
import time
from base64 import b64decode
from collections.abc import Mapping
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from local.sap.tenant import Tenant

_HTML = "<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>"


class Turned(Exception):
    """A request that does not get as far as the service: it is answered by the server before it."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def html(status: int, title: str, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """An error page, as the server before the service makes them."""
    return HTMLResponse(_HTML.format(title=title, text=text), status, headers)


def user_of(tenant: Tenant, request: Request) -> str:
    """The user or OAuth client that the request's credentials are those of. Turned 401 with HTML if none."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    user = None
    if scheme.lower() == "basic":
        user = _known(tenant.settings.users, given)
    elif scheme.lower() == "bearer":
        client_id, ends_at = tenant.tokens.get(given.strip(), ("", 0.0))
        user = client_id if ends_at > time.monotonic() else None
    client = request.query_params.get("sap-client", request.headers.get("sap-client"))
    if user is None or (tenant.settings.client is not None and client != tenant.settings.client):
        realm = f'Basic realm="SAP NetWeaver Application Server [SIM/{tenant.settings.client or "100"}]"'
        raise Turned(html(401, "401 Unauthorized", "Logon failed", {"WWW-Authenticate": realm}))
    return user


def check_token(tenant: Tenant, request: Request, user: str) -> None:
    """Turned 403 if a write does not carry the token of its session."""
    cookie = request.cookies.get(_cookie_name(tenant))
    if not tenant.sessions.holds(cookie, user, request.headers.get("X-CSRF-Token")):
        raise Turned(PlainTextResponse("CSRF token validation failed", 403, {"x-csrf-token": "Required"}))


def give_token(tenant: Tenant, request: Request, user: str, response: Response) -> None:
    """Put the session's token, and its cookie if it is new, into the answer to a read that asked for it."""
    if request.headers.get("X-CSRF-Token", "").lower() != "fetch" or response.status_code >= 400:
        return
    token, cookie = tenant.sessions.token(request.cookies.get(_cookie_name(tenant)), user)
    response.headers["x-csrf-token"] = token
    tenant.counters["token_fetches"] += 1
    if cookie is not None:
        response.set_cookie(_cookie_name(tenant), cookie, path=f"/{tenant.name}", httponly=True, samesite=None)


async def oauth_token(tenant: Tenant, request: Request) -> Response:
    """POST: a token for the client credentials grant (RFC 6749, 4.4), or the error that the RFC names."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return JSONResponse({"error": "invalid_request"}, 400)
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        clients = tenant.settings.clients
        client_id = _known(clients, given) or _known(clients, given, encoded=True)
    else:
        client_id = _matching(tenant.settings.clients, form.get("client_id", ""), form.get("client_secret", ""))
    if client_id is None:
        return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
    if form.get("grant_type") != "client_credentials":
        return JSONResponse({"error": "unsupported_grant_type"}, 400)
    token = secrets.token_urlsafe(24)
    lifetime_s = tenant.settings.token_lifetime_s
    tenant.tokens[token] = (client_id, time.monotonic() + lifetime_s)
    tenant.counters["oauth_tokens"] += 1
    return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": lifetime_s})


def _known(passwords: Mapping[str, str], basic: str, *, encoded: bool = False) -> str | None:
    try:
        name, colon, password = b64decode(basic, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    if encoded:  # RFC 6749, 2.3.1
        name, password = unquote_plus(name), unquote_plus(password)
    return _matching(passwords, name, password) if colon else None


def _matching(passwords: Mapping[str, str], name: str, password: str) -> str | None:
    wanted = passwords.get(name)
    if wanted is None or not hmac.compare_digest(wanted.encode(), password.encode()):
        return None
    return name


def _cookie_name(tenant: Tenant) -> str:
    return f"SAP_SESSIONID_SIM_{tenant.settings.client or '100'}"
