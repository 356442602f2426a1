"""`python -m local.firestore --host 127.0.0.1 --port 8080 --database firestore.sqlite`"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from local.firestore.server import serve


def main() -> None:
    """Parse the arguments and run until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m local.firestore", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one (default %(default)s)")
    parser.add_argument("--database", type=Path, required=True, metavar="FILE", help="SQLite file, made if absent")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.database, arguments.host, arguments.port))


if __name__ == "__main__":
    main()
