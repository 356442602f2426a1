"""`python -m local.maintainx`: the simulator as a server."""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from local.maintainx.app import create_app
from local.maintainx.simulator import Simulator


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m local.maintainx", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--state", type=Path, help="file that keeps the records over a restart")
    arguments = parser.parse_args()
    app = create_app(Simulator(), state_file=arguments.state)
    uvicorn.run(app, host=arguments.host, port=arguments.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
