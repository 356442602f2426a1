"""`python -m local.pubsub`: run the server until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from local.pubsub.server import PubSubServer, ServerOptions


def options_from(arguments: list[str]) -> ServerOptions:
    """The command line as options; exits with 2 and a usage line if it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m local.pubsub", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8085, help="gRPC port, 0 for a free one (default: 8085)")
    parser.add_argument("--database", type=Path, required=True, help="SQLite file, made if it does not exist")
    parser.add_argument("--bigquery-endpoint", help="base URL that BigQuery subscriptions write to")
    parser.add_argument("--certs-port", type=int, default=0, help="HTTP port of the OIDC certificates and the backlog")
    parser.add_argument("--signing-key", type=Path, help="PEM file of the OIDC key, made if it does not exist")
    parser.add_argument(
        "--push-concurrency", type=int, default=16, help="requests in flight per push subscription (default: 16)"
    )
    return ServerOptions(**vars(parser.parse_args(arguments)))


async def serve(options: ServerOptions) -> None:
    """Run until a signal; prints `ready HOST:PORT` on stdout once calls are accepted."""
    server = PubSubServer(options)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await server.start()
    logging.getLogger(__name__).info("OIDC certificates at %s", server.certs_url)
    print(f"ready {server.address}", flush=True)
    await stopped.wait()
    await server.stop()


def main() -> None:
    """Entry point."""
    logging.basicConfig(
        stream=sys.stderr,
        level=os.environ.get("LOG_LEVEL", "WARNING"),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    asyncio.run(serve(options_from(sys.argv[1:])))
    # Push threads may still wait for slow endpoints; the interpreter would join them for up to the ack deadline.
    os._exit(0)


if __name__ == "__main__":
    main()
