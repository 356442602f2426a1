"""What the simulator does not accept, and how the answer looks in each version of the REST framework."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse, PlainTextResponse, Response

STRUCTURED_FROM = 4  # framework version from which errors are structured; before, they are plain text
_ERROR_TYPE = "application/vnd.oracle.adf.error+json"


class Refusal(Exception):
    """A request that is refused: HTTP status, code and text of our own making, and the path of the attribute if any."""

    def __init__(
        self, status: int, code: str, detail: str, path: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.path = path
        self.headers = dict(headers or {})


def refused_attribute(name: str, code: str, detail: str) -> Refusal:
    """400 for the value, or the presence, of one attribute."""
    return Refusal(400, code, detail, f"/{name}")


def error_response(refusal: Refusal, framework: int) -> Response:
    """The answer: `{"title", "status": "400", "o:errorDetails": [...]}` from version 4 on, before it the text alone."""
    if framework < STRUCTURED_FROM:
        return PlainTextResponse(refusal.detail, refusal.status, refusal.headers)
    details = {"detail": refusal.detail, "o:errorCode": f"SIM-{refusal.code}"}
    if refusal.path is not None:
        details["o:errorPath"] = refusal.path
    body = {
        "title": HTTPStatus(refusal.status).phrase,
        "status": str(refusal.status),
        "o:errorDetails": [details],
    }
    return JSONResponse(body, refusal.status, refusal.headers, _ERROR_TYPE)
