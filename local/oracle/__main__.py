"""Runs the simulator: `python -m local.oracle --port 8092 --tenant plant-1=USER:PASSWORD --asset PUMP-0042`."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any


def main() -> None:
    """Serve until SIGINT or SIGTERM; prints `ready HOST:PORT` once requests are accepted."""
    parser = argparse.ArgumentParser(
        prog="python -m local.oracle", description="Oracle Fusion Cloud Maintenance, simulated."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8092, help="0 takes a free one")
    parser.add_argument(
        "--tenant", action="append", default=[], metavar="NAME=USER:PASSWORD", help="may be given repeatedly"
    )
    parser.add_argument(
        "--organization", action="append", metavar="CODE", help="of every tenant; may be repeated; M1 if left out"
    )
    parser.add_argument(
        "--asset", action="append", default=[], metavar="NUMBER", help="of every tenant; may be repeated"
    )
    arguments = parser.parse_args()
    from local.oracle.app import make_app
    from local.serving.server import serve

    tenants: dict[str, dict[str, Any]] = {}
    for text in arguments.tenant:
        name, _, credentials = text.partition("=")
        user, _, password = credentials.partition(":")
        if not name or not user or not password:
            parser.error("--tenant takes NAME=USER:PASSWORD")
        organizations = arguments.organization or ["M1"]
        tenants[name] = {
            "user": user,
            "password": password,
            "organizations": organizations,
            "assets": arguments.asset,
        }
    asyncio.run(serve(make_app(tenants), arguments.host, arguments.port))


if __name__ == "__main__":
    main()
