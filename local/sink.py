"""Where notifications end up: an HTTP endpoint that takes what Apprise's `json://` addresses post and keeps it.

`python -m local.sink --port N`. POST /{site}: keep. GET /_sim/notifications: all of them, as JSON.
"""

from __future__ import annotations

import argparse
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def make_app() -> Starlette:
    """The endpoint, with nothing received yet."""
    kept: list[dict[str, Any]] = []

    async def receive(request: Request) -> JSONResponse:
        kept.append({"site": request.path_params["site"], **await request.json()})
        return JSONResponse({"ok": True})

    async def dump(_request: Request) -> JSONResponse:
        return JSONResponse(kept)

    return Starlette(
        routes=[
            Route("/_sim/notifications", dump, methods=["GET"]),
            Route("/{site}", receive, methods=["POST"]),
        ]
    )


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, required=True)
    uvicorn.run(make_app(), host="127.0.0.1", port=parser.parse_args().port, log_level="warning")


if __name__ == "__main__":
    main()
