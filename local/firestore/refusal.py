"""The one error of this server: a request answered with a gRPC status other than OK."""

from __future__ import annotations

from typing import NoReturn

import grpc


class Refusal(Exception):
    """The request is refused with `code` (gRPC status, which the client turns into its own exceptions)."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


def invalid(details: str) -> NoReturn:
    """Refuse as INVALID_ARGUMENT: the request could never succeed."""
    raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, details)


def unimplemented(details: str) -> NoReturn:
    """Refuse as UNIMPLEMENTED: Google's service can do it, this one cannot."""
    raise Refusal(grpc.StatusCode.UNIMPLEMENTED, details)
