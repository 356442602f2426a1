"""One request to a tenant's REST interface: who asks, in which framework version, with which body."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.oracle.refusals import Refusal
from local.oracle.store import Record, Tenant

RESOURCES = "/{tenant}/fscmRestApi/resources/{release}"
_RELEASES = ("11.13.18.05", "latest")
_FRAMEWORKS = frozenset("123456789")
_DEFAULT_FRAMEWORK = 1
_BODY_TYPES = ("application/json", "application/vnd.oracle.adf.resourceitem+json")
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request. framework: REST framework version. root: the address that resources are under."""

    request: Request
    tenant: Tenant
    framework: int
    root: str

    def number(self, name: str) -> int:
        """A number in the path. Refusal 404 if it is none, as nothing has such an id."""
        text = self.request.path_params[name]
        if not (text.isascii() and text.isdigit()):
            raise not_found()
        return int(text)

    async def body(self) -> Any:
        """The JSON in the body. Refusal 415 for another media type, 400 for what is no JSON."""
        media_type = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type not in _BODY_TYPES:
            raise Refusal(415, "MEDIA_TYPE", f"The media type {media_type or 'of the request'} isn't supported.")
        try:
            body = await self.request.json()
        except ValueError:
            raise Refusal(400, "NOT_JSON", "The request body isn't valid JSON.") from None
        self.request.scope["sim.body"] = body  # for the request log
        return body

    def answer(self, body: Any, kind: str, status: int = 200, record: Record | None = None) -> Response:
        """JSON; as ADF's own media type `kind` unless the client asked for plain JSON. record: whose ETag to send."""
        plain = "application/json" in self.request.headers.get("Accept", "")
        media_type = "application/json" if plain else f"application/vnd.oracle.adf.{kind}+json"
        headers = {"REST-Framework-Version": str(self.framework)}
        if record is not None and self.tenant.settings.etag:
            headers["ETag"] = record.etag
        return JSONResponse(body, status, headers, media_type)

    def is_stale(self, record: Record) -> bool:
        """Whether the client demands, with If-Match, another state than the record is in."""
        wanted = self.request.headers.get("If-Match")
        if wanted is None or not self.tenant.settings.etag or wanted.strip() == "*":
            return False
        return record.etag not in (tag.strip() for tag in wanted.split(","))

    def has_already(self, record: Record) -> bool:
        """Whether the client says, with If-None-Match, that it knows the state that the record is in."""
        known = self.request.headers.get("If-None-Match", "")
        return self.tenant.settings.etag and record.etag in (tag.strip() for tag in known.split(","))


Handler = Callable[[Call], Awaitable[Response]]


def resource(path: str, handlers: Mapping[str, Handler]) -> Route:
    """A route under the version root. Methods without a handler are 405."""

    async def endpoint(request: Request) -> Response:
        call = _opened(request)
        handler = handlers.get(request.method)
        if handler is None:
            headers = {"Allow": ", ".join(handlers)}
            raise Refusal(405, "METHOD", f"The method {request.method} isn't supported.", headers=headers)
        return await handler(call)

    return Route(RESOURCES + path, endpoint, methods=_METHODS)


def not_found() -> Refusal:
    """404 in the words that ADF has for it."""
    return Refusal(404, "NOT_FOUND", "The requested resource doesn't exist.")


def framework_of(headers: Mapping[str, str]) -> int | None:
    """The framework version that the headers ask for; None if there is no such version."""
    asked = headers.get("REST-Framework-Version")
    if asked is None:
        return _DEFAULT_FRAMEWORK
    return int(asked) if asked in _FRAMEWORKS else None


def basic(user: str, password: str) -> str:
    """The Authorization header of Basic."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def is_same(given: str, expected: str) -> bool:
    """Whether a header has this value, without telling by its timing how nearly."""
    return hmac.compare_digest(given.encode(), expected.encode())


def _opened(request: Request) -> Call:
    tenants: Mapping[str, Tenant] = request.app.state.tenants
    name, release = request.path_params["tenant"], request.path_params["release"]
    tenant = tenants.get(name)
    if tenant is None or release not in _RELEASES:
        raise not_found()
    _check_credentials(request, tenant)
    framework = framework_of(request.headers)
    if framework is None:
        raise Refusal(400, "FRAMEWORK", "The REST-Framework-Version isn't supported; versions are 1 to 9.")
    host = request.headers.get("Host", "localhost")
    return Call(request, tenant, framework, f"http://{host}/{name}/fscmRestApi/resources/{release}")


def _check_credentials(request: Request, tenant: Tenant) -> None:
    given = request.headers.get("Authorization", "")
    scheme, _, token = given.partition(" ")
    if scheme.lower() == "bearer":
        if token in tenant.tokens:
            return
    elif is_same(given, basic(tenant.settings.user, tenant.settings.password)):
        return
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"' if scheme.lower() == "bearer" else "Basic"}
    raise Refusal(401, "UNAUTHORIZED", "The credentials aren't valid.", headers=challenge)
