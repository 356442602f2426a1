"""The refusals of the service, each with the gRPC status that Google's service answers."""

from __future__ import annotations

from typing import ClassVar

import grpc


class StatusError(Exception):
    """A refused call; the message goes to the caller as the status detail."""

    code: ClassVar[grpc.StatusCode] = grpc.StatusCode.INTERNAL


class InvalidArgument(StatusError):
    """The request itself is wrong."""

    code = grpc.StatusCode.INVALID_ARGUMENT


class OutOfRange(StatusError):
    """A number is beyond its limits, where the service does not call that an invalid argument."""

    code = grpc.StatusCode.OUT_OF_RANGE


class NotFound(StatusError):
    """A named resource does not exist."""

    code = grpc.StatusCode.NOT_FOUND


class AlreadyExists(StatusError):
    """The name is taken."""

    code = grpc.StatusCode.ALREADY_EXISTS


class FailedPrecondition(StatusError):
    """The call is right, but not in the state that the resource or this server is in."""

    code = grpc.StatusCode.FAILED_PRECONDITION


class Unimplemented(StatusError):
    """A feature of Google's service that this server does not have (README.md lists them)."""

    code = grpc.StatusCode.UNIMPLEMENTED
