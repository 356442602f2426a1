"""Runs the simulator: `python -m local.sap --port 8092 --tenant plant-1=USER:PASSWORD`."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from local.sap.app import make_app
from local.serving.server import serve


def main() -> None:
    """Serve until SIGINT or SIGTERM; prints `ready HOST:PORT` once requests are accepted."""
    parser = argparse.ArgumentParser(prog="python -m local.sap", description="SAP's maintenance orders, simulated.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8092, help="0 takes a free one")
    parser.add_argument(
        "--tenant",
        action="append",
        default=[],
        metavar="NAME=USER:PASSWORD",
        help="may be given repeatedly; USER and PASSWORD are good for Basic and, as client id and secret, for OAuth",
    )
    parser.add_argument("--equipment", action="append", default=[], metavar="NAME=NUMBER[,NUMBER]", help="master data")
    arguments = parser.parse_args()
    tenants: dict[str, dict[str, Any]] = {}
    for text in arguments.tenant:
        name, _, credentials = text.partition("=")
        user, _, password = credentials.partition(":")
        if not (name and user and password):
            parser.error("--tenant takes NAME=USER:PASSWORD")
        tenants[name] = {"users": {user: password}, "clients": {user: password}}
    for text in arguments.equipment:
        name, _, numbers = text.partition("=")
        if name not in tenants:
            parser.error(f"--equipment: there is no tenant {name!r}")
        tenants[name]["equipment"] = numbers.split(",")
    asyncio.run(serve(make_app(tenants), arguments.host, arguments.port))


if __name__ == "__main__":
    main()
