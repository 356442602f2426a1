"""The token endpoint of the identity domain: the client credentials grant of OAuth 2.0 (RFC 6749, 4.4)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.oracle.call import basic, is_same, not_found
from local.oracle.store import Tenant

LIFETIME_S = 3600
"""What is told of a token's life. None ends by the clock here, but by the control call."""


async def token(request: Request) -> Response:
    """POST, a form: a new token; the client's id and secret come as Basic."""
    tenants: Mapping[str, Tenant] = request.app.state.tenants
    tenant = tenants.get(request.path_params["tenant"])
    if tenant is None:
        raise not_found()
    settings = tenant.settings
    given = request.headers.get("Authorization", "")
    if not settings.client_id or not is_same(given, basic(settings.client_id, settings.client_secret)):
        return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    media_type = request.headers.get("Content-Type", "").partition(";")[0]
    if media_type != "application/x-www-form-urlencoded" or "grant_type" not in form:
        return JSONResponse({"error": "invalid_request"}, 400)
    if form["grant_type"] != ["client_credentials"]:
        return JSONResponse({"error": "unsupported_grant_type"}, 400)
    if "scope" not in form or (settings.scope and form["scope"] != [settings.scope]):
        return JSONResponse({"error": "invalid_scope"}, 400)
    tenant.counters["tokens"] += 1
    made = secrets.token_urlsafe(24)
    tenant.tokens.add(made)
    body = {"access_token": made, "token_type": "Bearer", "expires_in": LIFETIME_S}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


ROUTES = [Route("/{tenant}/oauth2/v1/token", token, methods=["POST"])]
