"""gRPC without generated code: method tables to handlers, refusals to status codes."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

import grpc

from local.pubsub.proto import Proto, request_class
from local.pubsub.status import StatusError

Context: TypeAlias = Any  # grpc.aio.ServicerContext, which has no type information
Unary: TypeAlias = Callable[[Proto], Awaitable[Proto]]
Waiting: TypeAlias = Callable[[Proto, float | None], Awaitable[Proto]]

# Methods of Google's service that this server refuses, by service.
MISSING_METHODS: Mapping[str, tuple[str, ...]] = {
    "google.pubsub.v1.Publisher": ("DetachSubscription", "ListTopicSnapshots"),
    "google.pubsub.v1.Subscriber": (
        "CreateSnapshot",
        "DeleteSnapshot",
        "GetSnapshot",
        "ListSnapshots",
        "UpdateSnapshot",
    ),
    "google.pubsub.v1.SchemaService": (
        "CommitSchema",
        "CreateSchema",
        "DeleteSchema",
        "DeleteSchemaRevision",
        "GetSchema",
        "ListSchemaRevisions",
        "ListSchemas",
        "RollbackSchema",
        "ValidateMessage",
        "ValidateSchema",
    ),
    "google.iam.v1.IAMPolicy": ("GetIamPolicy", "SetIamPolicy", "TestIamPermissions"),
}

log = logging.getLogger(__name__)


def unary(request_name: str, handler: Unary) -> Any:
    """A method handler that reads `request_name`, calls `handler` and answers its refusals as gRPC status."""
    return waiting(request_name, lambda request, _: handler(request))


def waiting(request_name: str, handler: Waiting) -> Any:
    """As `unary`, for a handler that also wants the seconds until the caller gives up (None: never)."""

    async def guarded(request: Proto, context: Context) -> Proto:
        try:
            return await handler(request, context.time_remaining())
        except StatusError as refusal:
            await context.abort(refusal.code, str(refusal))
        except sqlite3.Error as error:
            log.exception("%s failed", request_name)
            await context.abort(grpc.StatusCode.UNAVAILABLE, f"storage failed: {error}")

    return grpc.unary_unary_rpc_method_handler(
        guarded,
        request_deserializer=request_class(request_name).FromString,
        response_serializer=_serialize,
    )


def service(name: str, handlers: Mapping[str, Any]) -> Any:
    """A generic handler for the service `name`: its methods and the refusal of those that are missing."""
    return grpc.method_handlers_generic_handler(name, {**_refusals(name), **handlers})


def refusing_services(served: frozenset[str]) -> list[Any]:
    """Handlers that refuse the services of Google that are not in `served`."""
    return [service(name, {}) for name in MISSING_METHODS if name not in served]


def _refusals(name: str) -> dict[str, Any]:
    return {method: _refusal(f"{name}/{method}") for method in MISSING_METHODS[name]}


def _refusal(path: str) -> Any:
    async def refuse(_: bytes, context: Context) -> bytes:
        await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"{path} is not supported by this local server")
        return b""

    return grpc.unary_unary_rpc_method_handler(refuse)


def _serialize(message: Proto) -> bytes:
    data: bytes = message.SerializeToString()
    return data
