"""Runs the simulator: `python -m local.erp --port 8091 --tenant plant-1=TOKEN`."""

from __future__ import annotations

import argparse
import asyncio

from local.erp.app import make_app
from local.serving.server import serve


def main() -> None:
    """Serve until SIGINT or SIGTERM; prints `ready HOST:PORT` once requests are accepted."""
    parser = argparse.ArgumentParser(prog="python -m local.erp", description="An ERP with a REST interface, simulated.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8091, help="0 takes a free one")
    parser.add_argument("--tenant", action="append", default=[], metavar="NAME=TOKEN", help="may be given repeatedly")
    arguments = parser.parse_args()
    tokens = dict(text.partition("=")[::2] for text in arguments.tenant)
    if not all(tokens.values()):
        parser.error("--tenant takes NAME=TOKEN")
    asyncio.run(serve(make_app(tokens), arguments.host, arguments.port))


if __name__ == "__main__":
    main()
